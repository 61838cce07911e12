"""Argument values, as written or out of the kernel, as the script's schema wants them."""

import json
from datetime import date
from typing import Any

import numpy
import pandas
import pytest

from flexwm_nb.errors import InvalidArguments
from flexwm_nb.magics.values import Arguments, collect, parquet, size
from flexwm_nb.signatures import infer_schema

MAIN = """
import wmill
from typing import Literal
def main(text: str, n: int = 1, x: float = 0.5, ok: bool = True, rows: list[dict] = [], options: dict = {},
         level: Literal["low", "high"] = "low", frame: wmill.S3Object = None, anything=None): ...
"""
SCHEMA = infer_schema("python3", MAIN)
FRAME = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})


def taken(*pairs: str, names: dict[str, Any] | None = None, arguments_from: str | None = None) -> Arguments:
    """The arguments of `f/a/b` as written, beside the one that is required."""
    given = [("text", "t"), *(tuple(pair.split("=", 1)) for pair in pairs)]
    return collect(dict(given).items(), arguments_from, names or {}, SCHEMA, subject="f/a/b")  # type: ignore[arg-type]


WRITTEN = {
    "digits for a text": ("text=007", "007"),
    "JSON text for a text": ('text="a b"', "a b"),
    "true for a text": ("text=true", "true"),
    "a number": ("n=3", 3),
    "a fraction": ("x=1e-3", 0.001),
    "a boolean": ("ok=false", False),
    "Python's boolean": ("ok=False", False),
    "Python's None": ("anything=None", None),
    "a list": ('rows=[{"a": 1}]', [{"a": 1}]),
    "an object": ('options={"a": [1, 2]}', {"a": [1, 2]}),
    "bare text where anything goes": ("anything=hello", "hello"),
    "a number where anything goes": ("anything=3", 3),
    "the engine's reference": ("options=$res:u/me/db", "$res:u/me/db"),
    "one of a choice": ("level=high", "high"),
}


@pytest.mark.parametrize(("pair", "value"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_written_becomes_what_the_schema_wants(pair: str, value: Any) -> None:
    """Text and JSON are told apart by the schema."""
    assert taken(pair).values[pair.partition("=")[0]] == value


KERNEL = {
    "numpy's numbers": (numpy.int64(3), 3),
    "an array": (numpy.array([1, 2]), [1, 2]),
    "a series": (pandas.Series([1, 2]), [1, 2]),
    "a date": (date(2026, 11, 1), "2026-11-01"),
    "a set": ({1}, [1]),
    "bytes": (b"ab", "YWI="),
    "not a number": (float("nan"), None),
    "not a number, deep inside": ({"a": [float("nan"), 1.0]}, {"a": [None, 1.0]}),
}


@pytest.mark.parametrize(("value", "sent"), KERNEL.values(), ids=KERNEL)
def test_a_kernel_variable_travels_as_json(value: Any, sent: Any) -> None:
    """`k=$name` takes the variable's value."""
    assert taken("anything=$v", names={"v": value}).values["anything"] == sent


def test_a_dict_of_arguments_is_taken_and_the_line_wins() -> None:
    """`--args NAME` gives many arguments; those on the line replace them."""
    found = taken("n=5", names={"more": {"n": 1, "x": 2.0}}, arguments_from="more")
    assert found.values == {"text": "t", "n": 5, "x": 2.0}


def test_a_frame_travels_as_a_parquet_file() -> None:
    """A DataFrame is no JSON: it is sent as a file, and said with its size."""
    (file,) = taken("frame=$df", names={"df": FRAME}).files
    assert str(file) == f"frame: 2 × 2, {size(len(file.data))} parquet"
    assert file.data[:4] == b"PAR1"


def test_a_frame_for_an_argument_without_a_type_is_said_with_how_it_is_read() -> None:
    """Such a script may expect the frame itself."""
    (file,) = taken("anything=$df", names={"df": FRAME}).files
    assert str(file).endswith("parquet: pandas.read_parquet(io.BytesIO(wmill.load_s3_file(anything)))")


def test_a_small_frame_for_a_list_is_sent_as_records() -> None:
    """Where the script takes a list, a frame is its records."""
    assert taken("rows=$df", names={"df": FRAME}).values["rows"] == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


class Odd:
    """A thing that has no JSON."""


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
NAMES = {"odd": Odd(), "circle": CIRCLE, "number": 3, "df": FRAME, "big": pandas.DataFrame({"a": ["x" * 2_000] * 600})}
READ = "read it with pandas.read_parquet(io.BytesIO(wmill.load_s3_file({})))"
WRONG = {
    "unknown": ("nn=3", "f/a/b has no argument 'nn'. Did you mean 'n'?"),
    "unknown, nothing like it": (
        "zzz=3",
        "f/a/b has no argument 'zzz'. It takes text, n, x, ok, rows, options, level, frame, anything",
    ),
    "text for a number": ("n=many", 'n takes a whole number, not "many"'),
    "a fraction for a whole number": ("n=1.5", "n takes a whole number, not 1.5"),
    "a number for a boolean": ("ok=1", "ok takes true or false, not 1"),
    "an object for a list": ('rows={"a": 1}', 'rows takes a list, not {"a": 1}'),
    "broken JSON": (
        "rows=[1,]",
        "rows=[1,] is not JSON: ",
    ),
    "none of the choices": ("level=hihg", "level cannot be 'hihg'. Did you mean high?"),
    "no such variable": ("n=$numbr", "n=$numbr: the kernel has no variable 'numbr'. Did you mean number?"),
    "a variable that cannot travel": (
        "anything=$odd",
        "anything: a Odd cannot travel: a Odd cannot travel as JSON. Give text",
    ),
    "one that contains itself": ("anything=$circle", "anything: a list cannot travel: it contains itself. Give text"),
    "a frame for a text": (
        "text=$df",
        f"text takes text, not a DataFrame. Annotate it text: wmill.S3Object and {READ.format('text')}",
    ),
    "a large frame for a list": (
        "rows=$big",
        f"rows: a frame of 600 × 1 is 1.2 MB as a list, the limit is 1.0 MB. "
        f"Annotate it rows: wmill.S3Object and {READ.format('rows')}",
    ),
}


@pytest.mark.parametrize(("pair", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named(pair: str, message: str) -> None:
    """The error names the argument, what it takes and what to do."""
    with pytest.raises(InvalidArguments) as caught:
        taken(pair, names=NAMES)
    assert str(caught.value).startswith(message)


def test_missing_arguments_are_named() -> None:
    """What is required and not given is an error that shows what to write."""
    schema = infer_schema("python3", "def main(a: int, b: str): ...")
    with pytest.raises(InvalidArguments) as caught:
        collect([], None, {}, schema, subject="f/a/b")
    assert str(caught.value) == "f/a/b needs the arguments 'a' and 'b'. Give a=… b=…"


def test_a_frame_that_parquet_refuses_is_an_error_with_the_reason() -> None:
    """Columns of mixed kinds cannot be written as parquet."""
    with pytest.raises(
        InvalidArguments, match=r"frame: the frame cannot travel as parquet: .* Convert its columns first"
    ):
        parquet("frame", pandas.DataFrame({"a": [1, "x", {"y": json}]}))


def test_a_script_that_takes_anything_is_not_checked_for_names() -> None:
    """Where main has **kwargs, every name is right."""
    assert collect([("odd", "1")], None, {}, {}, subject="f/a/b", open_ended=True).values == {"odd": 1}
