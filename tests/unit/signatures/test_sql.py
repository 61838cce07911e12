"""SQL, GraphQL and PowerShell are read as Windmill's parsers read them."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import infer_schema, parse_signature, surprises

TEXT = {"str": None}
OBJECT = {"object": {"name": None, "props": []}}


def arguments(language: str, content: str) -> list[tuple[Any, ...]]:
    """Name, type, default and number of the arguments."""
    found = parse_signature(language, content)["args"]
    return [(one["name"], one["typ"], one["default"] if one["has_default"] else "-", one["oidx"]) for one in found]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("-- $1 a (int) = 5", [("a", "int", 5, 1)]),
        ("-- $1 a (int)  \r\n", [("a", "int", "-", 1)]),
        ("-- $1 a (int)=5\r\n", [("a", "int", None, 1)]),
        ("-- $1 a (int) =  5", [("a", "int", None, 1)]),
        ("-- $1 a (int)  = 5", [("$1", TEXT, "-", 1)]),
        ("-- $1 a(int)", [("$1", TEXT, "-", 1)]),
        (" -- $1 a (int)", [("$1", TEXT, "-", 1)]),
        ("-- $1 a (int8)", [("a", TEXT, "-", 1)]),
        ("-- $1 a (JSONB[])", [("a", {"list": OBJECT}, "-", 1)]),
        ("-- $1 a (text) = 'it''s'", [("a", TEXT, "it''s", 1)]),
        ("-- $1 a (date) = '2024'", [("a", "datetime", "'2024'", 1)]),
        ("-- $1 a (float8) = nan", [("a", "float", None, 1)]),
        ("-- $1 a (bool) = TRUE", [("a", "bool", None, 1)]),
        ("-- $1 a\n-- $1 b\nselect $1::int", [("b", "int", "-", 1)]),
        ("-- $1 a (int)\n-- $1 b (text)", [("a", "int", "-", 1), ("b", TEXT, "-", 1)]),
        ("-- $1 a (int)\n-- $1 b", [("a", "int", "-", 1)]),
        ("select $2::int[][], $1::double precision", [("$1", "float", "-", 1), ("$2", {"list": "int"}, "-", 2)]),
        ("select $1::int, '$1'", [("$1", TEXT, "-", 1)]),
        ("select $1::timestampwithouttimezone(3)", [("$1", "datetime", "-", 1)]),
        ("-- %%t%% a / b c = q\n-- $1 n (int)", [("n", "int", "-", 1), ("t", {"str": ["a", "b c"]}, "q", None)]),
        ("-- %%t%%\n-- %%WM_X%%\n-- %%u v%%", [("t", TEXT, "-", None)]),
    ],
)
def test_postgresql_arguments_are_declared_or_found(content: str, expected: list[tuple[Any, ...]]) -> None:
    """Comments in the exact form, then placeholders wherever they stand, by number."""
    assert arguments("postgresql", content) == expected


@pytest.mark.parametrize(
    ("language", "content", "expected"),
    [
        ("mysql", "-- ? a (int)\n-- :b (varchar(5)) = 'x'", [("b", TEXT, "x")]),
        ("mysql", "-- ? a (int)\n-- ? A (bigint)", [("a", "int", "-"), ("A", TEXT, "-")]),
        ("mysql", "-- :Name (int)\n-- :n (decimal(10, 2))", [("n", TEXT, "-")]),
        ("duckdb", "-- $a (int[][])\n-- $b (hugeint) = 5", [("a", {"list": {"list": "int"}}, "-"), ("b", TEXT, "5")]),
        ("duckdb", "select $a::int", []),
        ("bigquery", "-- @a (int64[]) = null\n-- @b (int64[][])", [("a", {"list": "int"}, None)]),
        ("snowflake", "-- ? a (boolean) = true", [("a", "bool", True)]),
        ("mssql", "-- @P2 b (bit)\n-- @p1 a (image)", [("b", "bool", "-"), ("a", "bytes", "-")]),
        ("oracledb", "-- :a (number) = 1\n-- :b (s3object)", [("a", "float", 1.0), ("b", TEXT, "-")]),
        ("graphql", "query($a: [Int!]!, $b: Foo = BAR) { x }", [("a", {"list": "int"}, "-"), ("b", OBJECT, "BAR")]),
        ("graphql", "query($a: Int! = 3.5 $b: Boolean = true)", [("a", "int", 3), ("b", "bool", "true")]),
        ("powershell", "# c\nparam([Parameter(Mandatory)][int]$a, $b = 1.5)", [("a", "int", "-"), ("b", "float", 1.5)]),
        ("powershell", "param([ValidateSet('x','y')][string]$a = 'x,)')", [("a", {"str": ["x", "y"]}, "x,)")]),
        ("powershell", "param([switch]$a = '#x', $b = .5)", [("a", "bool", "#x"), ("b", "float", None)]),
        ("powershell", "Write-Output 1\nparam($a)", []),
    ],
)  # fmt: skip
def test_other_languages_have_their_own_form(language: str, content: str, expected: list[tuple[Any, ...]]) -> None:
    """The mark, the types and the defaults of each."""
    assert [found[:3] for found in arguments(language, content)] == expected


@pytest.mark.parametrize(
    ("language", "content", "first"),
    [
        ("postgresql", "select $1", "database"),
        ("mssql", "-- database\nselect 1", "database"),
        ("mysql", "-- database u/a/b\r\n-- ? x (int)", "x"),
        ("duckdb", "-- $x (int)", "x"),
        ("graphql", "query($x: Int) { x }", "api"),
    ],
)
def test_the_schema_starts_with_the_connection(language: str, content: str, first: str) -> None:
    """Unless the source names its database."""
    assert next(iter(infer_schema(language, content)["properties"])) == first


def test_a_placeholder_that_is_too_large_is_refused() -> None:
    """At its line and column."""
    with pytest.raises(InvalidSource, match="too large") as caught:
        parse_signature("postgresql", "select 1,\n  $2147483648")
    assert (caught.value.line, caught.value.column) == (2, 4)


@pytest.mark.parametrize(
    ("language", "content", "part"),
    [
        ("postgresql", "-- $1 a (double precision)", "must be written exactly as `-- $1 name (type) = default`"),
        ("postgresql", "-- $1 a (int8)", "type int8 for a text; write bigint"),
        ("postgresql", "-- $1 a (int) = x", "loses the default of a"),
        ("mysql", "-- ? a (varchar) = 'x'", "without an argument it is NULL"),
        ("duckdb", "select '2024-01-01'::date", "number of days since 1970"),
        ("duckdb", "select sum(x) from t", "HUGEINT"),
        ("duckdb", "-- $d (date)", "shifted in time"),
    ],
)
def test_a_surprise_is_told(language: str, content: str, part: str) -> None:
    """Declarations that are not read, types and values that come out as something else."""
    (warning,) = surprises(language, content)
    assert warning.startswith("line 1: ")
    assert part in warning


@pytest.mark.parametrize(
    "content",
    ["select sum(x)::bigint from t", "select d::date::varchar", "-- sum(x)\nselect 1"],
)
def test_a_value_that_is_made_a_text_is_no_surprise(content: str) -> None:
    """Nor is a comment."""
    assert surprises("duckdb", content) == []
