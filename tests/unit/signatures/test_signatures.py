"""Signatures and schemas are those of Windmill's parsers, and sources are refused where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.errors import InvalidSource, UnknownLanguage
from flexwm_nb.signatures import check_syntax, infer_schema, parse_signature, surprises

RECORDED = Path(__file__).parents[4] / "shared" / "conformance" / "schema_cases.json"


def recorded() -> list[dict[str, Any]]:
    """Recorded answers of Windmill's own parsers, where they are at hand."""
    found = json.loads(RECORDED.read_text("utf-8")) if RECORDED.exists() else []
    return list(found)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in recorded()])
def test_a_source_has_the_recorded_signature_and_schema(case: dict[str, Any]) -> None:
    """What Windmill's parser gives is what ours gives; what it refuses raises."""
    arguments = (case["language"], case["content"], case.get("entrypoint"))
    if case["signature"].get("type") == "Invalid":
        with pytest.raises(InvalidSource):
            parse_signature(*arguments)
        return
    wanted = {name: value for name, value in case["signature"].items() if name != "type"}
    assert parse_signature(*arguments) == wanted
    if "schema" in case:
        assert infer_schema(*arguments) == case["schema"]


@pytest.mark.parametrize(
    ("parameter", "kind", "default", "has_default"),
    [
        ("x", "unknown", None, False),
        ("x: int", "int", None, False),
        ("x: int = 3", "int", 3, True),
        ("x: int = -3", "int", None, False),
        ("x: str = 'a'", {"str": None}, "a", True),
        ("x: str | None = None", {"str": None}, None, True),
        ("x: list[int]", {"list": "int"}, None, False),
        ("x: dict", {"object": {"name": None, "props": []}}, None, False),
        ("x=[1]", {"list": "int"}, [1], True),
        ("x={'a': 1}", {"object": {"name": None, "props": [{"key": "a", "typ": "int"}]}}, {"a": 1}, True),
        ("x: list = None", "unknown", None, True),
        ("x: wmill.S3Object", {"resource": "s3_object"}, None, False),
        ("x: 'int'", "unknown", None, False),
    ],
)
def test_a_python_parameter_is_read_as_windmill_reads_it(
    parameter: str, kind: Any, default: Any, has_default: bool
) -> None:
    """Types, defaults, and the defaults that Windmill loses."""
    (found,) = parse_signature("python3", f"def main({parameter}):\n    pass\n")["args"]
    assert (found["typ"], found["default"], found["has_default"]) == (kind, default, has_default)


ENUM = "class Color(Enum):\n    RED = 'red'\n"
DOCUMENTED = '    """Doc.\n\n    Args:\n        x (int): how many\n    """\n'


@pytest.mark.parametrize(
    ("content", "kind", "default", "otyp"),
    [
        (f"{ENUM}def main(x: Color = Color.RED): pass", {"str": ["red"]}, "red", None),
        (f"{ENUM}def main(\n    x: Color = Color.RED\n): pass", {"resource": "Color"}, "RED", None),
        (f"{ENUM}def main(x: str = Color.RED): pass", {"str": None}, "RED", None),
        (f"syntax (\n{ENUM}def main(x: Color): pass", {"str": ["red"]}, None, None),
        (f"def main(x):\n{DOCUMENTED}", "unknown", None, "how many"),
        (f"def main(x\n):\n{DOCUMENTED}", "unknown", None, None),
        (f"def other(x):\n{DOCUMENTED}def main(x): pass", "unknown", None, None),
    ],
)
def test_a_python_file_is_read_in_outline(content: str, kind: Any, default: Any, otyp: str | None) -> None:
    """Enumerations and docstrings are found where classes and functions are indented blocks."""
    (found,) = parse_signature("python3", content)["args"]
    assert (found["typ"], found["default"], found["otyp"]) == (kind, default, otyp)


def test_a_python_workflow_is_one_with_and_without_main() -> None:
    """Where wmill is imported and the decorator stands somewhere."""
    workflow = "from wmill import workflow\n@workflow\nasync def flow(): pass\n"
    assert parse_signature("python3", workflow)["auto_kind"] == "wac"
    assert parse_signature("python3", f"{workflow}def main(x): pass")["auto_kind"] == "wac"


def test_bash_parameters_are_the_lines_that_read_them() -> None:
    """Positional parameters are named by assignments; numbering stops at a gap."""
    found = parse_signature("bash", 'city="$1"\r\ncount="${2:-{}}" # c\nlost="$4"\n')["args"]
    assert [(one["name"], one["default"], one["has_default"]) for one in found] == [
        ("city", None, False),
        ("count", "{}", True),
    ]


@pytest.mark.parametrize(
    ("language", "content", "line"),
    [
        ("python3", "def main():\n    return (\n", 2),
        ("python3", "x = 1\n  y = 2\n", 2),
        ("bash", "echo one\nif true; then\n", 3),
        ("bash", "echo 'open\n", 1),
    ],
)
def test_a_syntax_error_names_its_line(language: str, content: str, line: int) -> None:
    """A source that its own language refuses is refused before anything else happens."""
    with pytest.raises(InvalidSource) as caught:
        check_syntax(language, content)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("language", "content", "part"),
    [
        ("python3", "def main(n: int = -1):\n    pass\n", "loses the default -1 of n"),
        ("python3", "async def main():\n    pass\n", "does not await"),
        ("python3", "def main(*, n: int):\n    pass\n", "keyword-only parameter n"),
        ("python3", "def main(n: object):\n    pass\n", "resource of type 'object'"),
        ("python3", "def main(c: Color\n): pass\nclass Color(Enum):\n    R = 'r'\n", "does not find the enum"),
        ("bash", "city=$1\necho $city\n", "no argument city"),
    ],
)
def test_a_surprise_is_told_with_its_line(language: str, content: str, part: str) -> None:
    """Where Windmill differs from what the source says, one sentence says so."""
    (warning,) = surprises(language, content)
    assert part in warning
    assert warning.startswith("line 1: ")


def test_a_plain_source_has_no_surprises() -> None:
    """What Windmill runs as written is not warned of."""
    assert surprises("python3", "def main(n: int = 1, name: str = 'x'):\n    return n\n") == []


def test_an_unknown_language_has_no_parser() -> None:
    """The error names the languages that have one."""
    with pytest.raises(UnknownLanguage, match="python3"):
        parse_signature("cobol", "")
