"""Argument values: what is written on a line, or a kernel variable, as what the script's schema wants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flexwm_nb.errors import InvalidArguments
from flexwm_nb.magics.arguments import nearest

VARIABLE = re.compile(r"\$([^\W\d]\w*)")  # not $var:… and $res:…, which are the engine's
LARGEST_LIST = 1_000_000  # bytes of JSON that a frame may take as a list
LARGEST_FILE = 200_000_000  # bytes of parquet, what a request may carry
READ_IT = "pandas.read_parquet(io.BytesIO(wmill.load_s3_file({name})))"  # how a script gets the frame
FILE_FORMATS = ("resource-s3_object", "resource-s3object", "resource-S3Object")
NO_TYPE = ("", None, "object")  # of a parameter that may take a file
REFERENCES = ("$var:", "$res:")  # the engine puts their values in
WORDS = {"True": True, "False": False, "None": None}
NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
MISSING = object()


@dataclass(frozen=True, slots=True)
class FrameFile:
    """A data frame that travels as a parquet file."""

    name: str  # of the argument
    frame: Any
    data: bytes
    is_expected: bool = True  # the script says that it takes a file

    def __str__(self) -> str:
        """Such as `frame: 336,776 × 19, 14.2 MB parquet`, with how it is read where the script may not know."""
        rows, columns = self.frame.shape
        how = "" if self.is_expected else f": {READ_IT.format(name=self.name)}"
        return f"{self.name}: {rows:,} × {columns}, {size(len(self.data))} parquet{how}"


@dataclass(slots=True)
class Arguments:
    """A run's arguments before the files among them are uploaded."""

    values: dict[str, Any] = field(default_factory=dict)
    files: list[FrameFile] = field(default_factory=list)


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def collect(
    pairs: Sequence[tuple[str, str]],
    arguments_from: str | None,
    names: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    subject: str,
    open_ended: bool = False,
) -> Arguments:
    """The arguments of a run, checked against the script's schema.

    Parameters: `pairs` as written; `arguments_from`, a kernel variable that holds a dict; `names`, the kernel's
    variables; `subject`, the script for messages; `open_ended` where any argument is taken.
    Raises InvalidArguments that names the argument and says what to write.
    """
    properties = schema.get("properties") or {}
    given: dict[str, Any] = dict(_mapping(arguments_from, names)) if arguments_from else {}
    written = dict(pairs)
    if not open_ended:
        check_names([*given, *written], properties, subject)
    for name, text in written.items():
        given[name] = written_value(name, text, properties.get(name, {}), names)
    arguments = Arguments()
    for name, value in given.items():
        _put(arguments, name, value, properties.get(name, {}))
    check_required(arguments, schema, subject)
    return arguments


def _mapping(name: str, names: Mapping[str, Any]) -> Mapping[str, Any]:
    value = variable(name, names, f"--args {name}")
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidArguments(
            f"--args {name}: {name} is a {type(value).__name__}", remedy="Give a dict with names as keys"
        )
    return value


def variable(name: str, names: Mapping[str, Any], where: str) -> Any:
    """A kernel variable. Raises InvalidArguments."""
    if name in names:
        return names[name]
    close = nearest(name, [known for known in names if not known.startswith("_")])
    remedy = f"Did you mean {close}?" if close else "Run the cell that defines it first"
    raise InvalidArguments(f"{where}: the kernel has no variable {name!r}", remedy=remedy, fields=[name])


def check_names(given: Sequence[str], properties: Mapping[str, Any], subject: str) -> None:
    """Raise InvalidArguments for an argument that the script does not have."""
    for name in given:
        if name in properties:
            continue
        close = nearest(name, list(properties))
        takes = f"It takes {', '.join(properties)}" if properties else "It takes no arguments"
        raise InvalidArguments(
            f"{subject} has no argument {name!r}",
            remedy=f"Did you mean {close!r}?" if close else takes,
            fields=[name],
        )


def check_required(arguments: Arguments, schema: Mapping[str, Any], subject: str) -> None:
    """Raise InvalidArguments where a required argument is missing."""
    filled = {*arguments.values, *(file.name for file in arguments.files)}
    missing = [name for name in schema.get("required") or () if name not in filled]
    if missing:
        noun = "argument" if len(missing) == 1 else "arguments"
        remedy = "Give " + " ".join(f"{name}=…" for name in missing)
        raise InvalidArguments(f"{subject} needs the {noun} {listed(missing)}", remedy=remedy, fields=missing)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: `'a'`, `'a' and 'b'`, `'a', 'b' and 'c'`."""
    *others, last = map(repr, names)
    return f"{', '.join(others)} and {last}" if others else last


def written_value(name: str, text: str, wanted: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    """The value of an argument as written on the line."""
    found = VARIABLE.fullmatch(text)
    if found:
        return variable(found[1], names, f"{name}=${found[1]}")
    value = _decoded(text)
    if wanted.get("type") == "string":
        return value if text.startswith('"') and isinstance(value, str) else text
    if value is not MISSING:
        return value
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if wanted.get("type") in ("array", "object") and text[:1] in ("[", "{"):
        raise InvalidArguments(f"{name}={text} is not JSON", why=_why_not_json(text), fields=[name])
    return bare


def _decoded(text: str) -> Any:
    """The JSON value, or one of Python's words for one."""
    if text in WORDS:
        return WORDS[text]
    try:
        return json.loads(text)
    except ValueError:
        return MISSING


def _why_not_json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return ""


def _put(arguments: Arguments, name: str, value: Any, wanted: Mapping[str, Any]) -> None:
    """Take one value in, in the form in which it travels."""
    if _is_frame(value):
        _put_frame(arguments, name, value, wanted)
        return
    plain = travelling(name, value)
    check_type(name, plain, wanted)
    arguments.values[name] = plain


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and hasattr(value, "to_parquet")


def _put_frame(arguments: Arguments, name: str, frame: Any, wanted: Mapping[str, Any]) -> None:
    """A frame travels as a file, or as a list of records where a list is wanted and it is small."""
    kind = wanted.get("type")
    if kind == "array":
        arguments.values[name] = _records(name, frame)
    elif kind in NO_TYPE and (wanted.get("format") in (None, *FILE_FORMATS)):
        is_expected = wanted.get("format") in FILE_FORMATS
        arguments.files.append(FrameFile(name, frame, parquet(name, frame), is_expected))
    else:
        wants = NAMES.get(str(kind), str(kind))
        raise InvalidArguments(f"{name} takes {wants}, not a DataFrame", remedy=_as_file(name), fields=[name])


def _as_file(name: str) -> str:
    """What to do to take a frame."""
    return f"Annotate it {name}: wmill.S3Object and read it with {READ_IT.format(name=name)}"


def _records(name: str, frame: Any) -> Any:
    text = frame.to_json(orient="records", date_format="iso")
    length = len(text.encode())
    if length > LARGEST_LIST:
        rows, columns = frame.shape
        raise InvalidArguments(
            f"{name}: a frame of {rows:,} × {columns} is {size(length)} as a list, the limit is {size(LARGEST_LIST)}",
            remedy=_as_file(name),
            fields=[name],
        )
    return json.loads(text)


def parquet(name: str, frame: Any) -> bytes:
    """A frame as a parquet file. Raises InvalidArguments where it cannot be one."""
    try:
        data: bytes = frame.to_parquet()
    except Exception as error:  # pyarrow's errors have no common base with pandas'
        why = str(error).split("\n")[0]
        raise InvalidArguments(
            f"{name}: the frame cannot travel as parquet", why=why, remedy="Convert its columns first", fields=[name]
        ) from None
    if len(data) > LARGEST_FILE:
        rows, columns = frame.shape
        what = f"{name}: the frame of {rows:,} × {columns} is {size(len(data))} as parquet"
        raise InvalidArguments(
            f"{what}, the limit is {size(LARGEST_FILE)}",
            remedy="Take fewer rows or columns, or write it to a file that the script can read",
            fields=[name],
        )
    return data


def travelling(name: str, value: Any) -> Any:
    """A kernel value as JSON has it. Raises InvalidArguments."""
    encode = _encoder()
    try:
        return json.loads(json.dumps(value, default=encode, ensure_ascii=False), parse_constant=_constant)
    except (TypeError, ValueError, RecursionError) as error:
        why = "it contains itself" if isinstance(error, RecursionError) or "ircular" in str(error) else str(error)
        raise InvalidArguments(
            f"{name}: a {type(value).__name__} cannot travel",
            why=why,
            remedy="Give text, numbers, lists, dicts or a DataFrame",
            fields=[name],
        ) from None


def _encoder() -> Callable[[Any], Any]:
    from flexwm_nb.client.encoding import plain

    return plain


def _constant(name: str) -> None:
    """NaN becomes null, as in a job's result; infinity has no JSON."""
    if name != "NaN":
        raise ValueError(f"{name} is no number of JSON's")


def check_type(name: str, value: Any, wanted: Mapping[str, Any]) -> None:
    """Raise InvalidArguments where a value is not of the schema's type."""
    found = wanted.get("type")
    kinds: list[Any] = found if isinstance(found, list) else [found]
    is_reference = isinstance(value, str) and value.startswith(REFERENCES)
    if value is None or is_reference or not all(kind in NAMES for kind in kinds):
        return
    if not any(_is_a(value, kind) for kind in kinds):
        shown = json.dumps(value, ensure_ascii=False)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
        takes = " or ".join(NAMES[kind] for kind in kinds if kind != "null")
        raise InvalidArguments(f"{name} takes {takes}, not {shown}", fields=[name])
    choices = wanted.get("enum")
    if choices and value not in choices:
        close = nearest(str(value), [str(choice) for choice in choices])
        remedy = f"Did you mean {close}?" if close else f"Choose one of {', '.join(map(str, choices))}"
        raise InvalidArguments(f"{name} cannot be {value!r}", remedy=remedy, fields=[name])


def _is_a(value: Any, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value.is_integer()
        )
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    kinds: dict[str, type] = {"string": str, "array": list, "object": dict, "null": type(None)}
    return isinstance(value, kinds[kind])
