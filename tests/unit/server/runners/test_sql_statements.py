"""What is read from a SQL script."""

from __future__ import annotations

import pytest

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql import interpolation, statements
from flexwm_nb.server.runners.sql.collection import Collection, collection


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1;", " SELECT 2"]),
        ("SELECT ';', \";\" /* ; */ -- ;\n; SELECT 2;", ["SELECT ';', \";\" /* ; */ -- ;\n;", " SELECT 2;"]),
        ("SELECT 'it''s; ok'", ["SELECT 'it''s; ok'"]),
        ("DO $$ a; b $$; SELECT $x$;$x$", ["DO $$ a; b $$;", " SELECT $x$;$x$"]),
        ("SELECT 1;\n-- the end", ["SELECT 1;"]),
        ("-- only words", []),
        (";;", [";", ";"]),
        ("SELECT '; open", ["SELECT '; open"]),
    ],
    ids=["two", "quoted", "doubled", "dollars", "tail", "comment", "empty", "open"],
)
def test_a_script_is_split_at_its_semicolons(script: str, expected: list[str]) -> None:
    """Outside of quotes, comments and dollar quotes; a tail of comments is none."""
    assert [found.text for found in statements.split(script)] == expected


def test_a_statement_knows_its_line() -> None:
    """Of the script, where what precedes it ends."""
    assert [found.line for found in statements.split("SELECT 1;\n\nSELECT\n2; SELECT 3")] == [1, 1, 4]


def test_dollars_quote_nothing_where_the_dialect_has_none() -> None:
    """MySQL splits inside of them."""
    assert len(statements.split("SELECT $$a; b$$", dollars=False)) == 2


def test_placeholders_are_numbered_without_a_gap() -> None:
    """In the order of their numbers, those in quotes left alone."""
    assert statements.renumbered("SELECT $7, $3, '$9' -- $8") == ("SELECT $2, $1, '$9' -- $8", [3, 7])


def test_named_placeholders_become_marks() -> None:
    """Casts and texts stay."""
    assert statements.named("SELECT :a, x::int, ':b', :a") == ("SELECT ?, x::int, ':b', ?", ["a", "a"])
    assert statements.marks("SELECT ?, '?', `?` -- ?") == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("-- s3\nSELECT 1", statements.Export()),
        ("SELECT 1\n-- s3 prefix=a/b format=csv storage=x ", statements.Export("a/b", "x", "csv")),
        ("-- s3object\nSELECT 1", None),
    ],
    ids=["bare", "all", "another word"],
)
def test_an_export_is_read(script: str, expected: statements.Export | None) -> None:
    """`-- s3` with its settings, on any line."""
    assert statements.export(script) == expected


@pytest.mark.parametrize("line", ["-- s3 format=xml", "-- s3 colour=red", "-- s3 csv"])
def test_a_wrong_export_is_refused(line: str) -> None:
    """In the words that name the setting."""
    with pytest.raises(RunnerError, match="Invalid S3 mode"):
        statements.export(line)


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("", 2, Collection()),
        ("unheard_of", 1, Collection()),
        ("legacy", 1, Collection()),
        ("legacy", 2, Collection(last_only=False)),
        ("all_statements_first_row_scalar", 1, Collection(last_only=False, first_row=True, scalar=True)),
    ],
)
def test_a_collection_is_found_by_its_name(name: str, count: int, expected: Collection) -> None:
    """Windmill's names; legacy depends on the number of statements."""
    settings = statements.settings(f"-- result_collection={name}\nSELECT 1\n-- result_collection=legacy")
    assert collection(settings, count) == expected


def test_spaces_around_equals_make_another_name() -> None:
    """As on Windmill, which then collects as usual."""
    assert collection(statements.settings("-- result_collection = legacy\nSELECT 1; SELECT 2"), 2) == Collection()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("users", None),
        ("a b", "Bad request: Interpolated argument `t` contained forbidden characters. Received `a b`"),
        ("", "Bad request: Interpolated argument `t` cannot be empty"),
        (5, "Error: Sanitized raw string `t` needs to receive a string"),
        ("1a", "forbidden characters"),
    ],
    ids=["identifier", "space", "empty", "number", "digit first"],
)
def test_only_an_identifier_is_put_in(value: object, text: str | None) -> None:
    """Anything else is refused before a database sees it."""
    parameter = {"name": "t", "otyp": interpolation.IDENTIFIER, "typ": {"str": None}}
    if text is None:
        made = interpolation.interpolated(
            "FROM %%t%%, %%WM_JOB_ID%%, %%WM_X%%", [parameter], {"t": value}, {"WM_JOB_ID": "7"}
        )
        assert made == f"FROM {value}, 7, %%WM_X%%"
        return
    with pytest.raises(RunnerError) as refused:
        interpolation.interpolated("%%t%%", [parameter], {"t": value}, {})
    assert text in str(refused.value)
