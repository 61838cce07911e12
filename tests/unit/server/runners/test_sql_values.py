"""How arguments are bound and values written."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.collection import Collection
from flexwm_nb.server.runners.sql.dialect import Rows, blanked
from flexwm_nb.server.runners.sql.encoding import Encoder, TooLarge, joined
from flexwm_nb.server.runners.sql.mysql_arguments import moment, shown
from flexwm_nb.server.runners.sql.postgresql_arguments import OIDS, bind, types_said
from flexwm_nb.server.runners.sql.values import number


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (3_000_000_000, "int", ("int4", "-1294967296")),
        (70_000, "smallint", ("int2", "4464")),
        (1.5, "int", ("float8", "1.5")),
        (5.0, "int", ("float8", "5.0")),
        (2**63, "bigint", ("int8", str(-(2**63)))),
        (-5, "oid", ("int8", "-5")),
        (65, "char", ("char", "A")),
        (12, "text", ("text", "12")),
        (True, "text", ("text", "true")),
        (True, "int", ("bool", "true")),
        ("yes", "bool", ("bool", "true")),
        (" +7", "mood", ("text", " +7")),
        ("+7", "int", ("int4", "7")),
        ("1_000.50", "numeric", ("numeric", "1000.50")),
        ("aGk=", "bytea", ("bytea", "\\x6869")),
        ("?", "bytea", ("bytea", "\\x")),
        ({"a": [1]}, "text", ("text", '{"a":[1]}')),
        ({"a": 1}, "int", ("jsonb", '{"a":1}')),
        ([1], "uuid", ("text", "[1]")),
        (None, "int8", ("int8", None)),
        ("03:04", "time", ("time", "03:04:00")),
        ("2024-01-02T10:00:00.000Z", "date", ("date", "2024-01-02")),
        ("2024-01-02 03:04:05.1234567", "timestamp", ("timestamp", "2024-01-02 03:04:05.123456")),
        ("2024-01-02T03:04:05-02:30", "timestamptz", ("timestamptz", "2024-01-02 05:34:05+00")),
        ("2024-01-02 03:04:05 UTC", "timestamptz", ("timestamptz", "2024-01-02 03:04:05+00")),
    ],
    ids=str,
)
def test_an_argument_is_coerced(value: Any, kind: str, expected: tuple[str, str | None]) -> None:
    """To PostgreSQL's type and text, as Windmill does it."""
    bound = bind(value, {"otyp": kind})
    assert (bound.oid, bound.text) == (OIDS[expected[0]][0], expected[1])


@pytest.mark.parametrize(("value", "oid"), [(5, "int8"), (1.5, "float8"), (True, "bool"), ("a", "text")], ids=str)
def test_a_type_that_nobody_says_is_the_values_own(value: Any, oid: str) -> None:
    """A bare `$1` is bound as what is given."""
    assert bind(value, {"otyp": "text"}, said=False).oid == OIDS[oid][0]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SELECT $1::int, $1, $1::text, $2", {1: "int"}),
        ("-- $1 n (Text)\nSELECT $1::int", {1: "text"}),
        ("-- $1 n\nSELECT $1::double precision[], $2::TIMESTAMP WITH TIME ZONE", {1: "double[]", 2: "timestamptz"}),
    ],
    ids=["first cast", "declared", "words"],
)
def test_a_type_is_the_declared_one_or_the_first_cast(script: str, expected: dict[int, str]) -> None:
    """Whatever follows."""
    assert types_said(script) == expected


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("abc", "int", "Error: Cannot parse 'abc' as integer: invalid digit found in string"),
        ("", "int", "Error: Cannot parse '' as integer: cannot parse integer from empty string"),
        ("40000", "smallint", "Error: Cannot parse '40000' as smallint: number too large to fit in target type"),
        ("x", "real", "Error: Cannot parse 'x' as real: invalid float literal"),
        ("maybe", "bool", "Error: Cannot parse 'maybe' as bool: invalid literal"),
        ("2024-02-30", "date", "Cannot parse '2024-02-30' as date: input is out of range"),
        ("2024-02", "date", "Cannot parse '2024-02' as date: premature end of input"),
        ("noon", "time", "Cannot parse 'noon' as time: input contains invalid characters"),
        ([1, "x"], "int[]", "Error: Mixed types in array"),
        ([1], "mood[]", "Error: Unsupported JSON array type"),
    ],
    ids=str,
)
def test_an_argument_that_does_not_fit_is_refused(value: Any, kind: str, text: str) -> None:
    """In Windmill's words."""
    with pytest.raises(RunnerError) as refused:
        bind(value, {"otyp": kind})
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None, "3"], "int[]", '{"1",NULL,"3"}'),
        (['a"b\\', ""], "text[]", '{"a\\"b\\\\",""}'),
        ([{"a": 1}, None], "jsonb[]", '{"{\\"a\\": 1}","null"}'),
        ([True, "no"], "bool[]", '{"true","false"}'),
        (None, "int[]", None),
    ],
    ids=["numbers", "texts", "documents", "bools", "null"],
)
def test_a_list_is_an_arrays_literal(values: Any, kind: str, expected: str | None) -> None:
    """Its items quoted, NULL apart."""
    bound = bind(values, {"otyp": kind})
    assert (bound.text, bound.oid) == (expected, OIDS[{"int[]": "int4"}.get(kind, kind[:-2])][1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.5, 1.5), (-0.0, 0.0), (float("nan"), "NaN"), (float("-inf"), "-Infinity")],
    ids=str,
)
def test_a_float_is_written(value: float, expected: Any) -> None:
    """As a number where it is one."""
    assert number(value) == expected


def test_a_float_has_no_exponent() -> None:
    """Large and small ones have all their digits."""
    assert [bytes(number(value)) for value in (1e20, 2.5e-7)] == [b"100000000000000000000", b"0.00000025"]


ROWS = [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Collection(), b'[{"bb":1,"a":"a"},{"bb":2,"a":"b"}]'),
        (Collection(first_row=True), b'{"bb":1,"a":"a"}'),
        (Collection(scalar=True), b"[1,2]"),
        (Collection(first_row=True, scalar=True), b"1"),
        (Collection(last_only=False), b'[[{"a":"a","bb":1},{"a":"b","bb":2}]]'),
    ],
    ids=["rows", "row", "values", "value", "all"],
)
def test_rows_are_collected(how: Collection, expected: bytes) -> None:
    """The last statement's in the columns' order, all statements' in jsonb's."""
    encoder = Encoder(how, 1_000)
    assert joined([encoder.statement(Rows(["bb", "a"], iter([ROWS[:1], ROWS[1:]])))], how) == expected


def test_of_a_repeated_column_the_last_counts() -> None:
    """Its value is in the place of the first."""
    encoder = Encoder(Collection(), 1_000)
    assert encoder.statement(Rows(["n", "m", "n"], iter([[(1, 2, 3)]]))) == b'[{"n":3,"m":2}]'


def test_a_result_is_not_made_beyond_the_limit() -> None:
    """Reading stops at the batch that passes it."""
    batches = iter([[("x" * 100,)]] * 3)
    with pytest.raises(TooLarge):
        Encoder(Collection(), 150).statement(Rows(["t"], batches))
    assert len(list(batches)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05.000Z", "2024-01-02 03:04:05"),
        ("2024-01-02 03:04:05", "2024-01-02 03:04:05"),
        ("2024-01-02", "2024-01-02"),
        ("soon", "0000-00-00"),
    ],
)
def test_a_moment_is_as_mysql_writes_it(text: str, expected: str) -> None:
    """In the forms that Windmill takes."""
    assert moment(text) == expected


def test_a_value_is_shown_as_windmill_shows_it() -> None:
    """In the message about a type that does not fit."""
    assert shown([1, {"a": "x"}, None, True]) == 'Array [Number(1), Object {"a": String("x")}, Null, Bool(true)]'


def test_secrets_are_blanked() -> None:
    """Wherever they stand."""
    assert blanked("password=p4 for p4", ["p4", ""]) == "password=***** for *****"
