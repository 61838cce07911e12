"""Rows of a database as a frame with the types that they had there: JSON has no moments and no missing integers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

LANGUAGES = frozenset({"postgresql", "mysql", "duckdb", "bigquery", "snowflake", "mssql", "oracledb"})
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?")
MOMENT_UTC = re.compile(MOMENT.pattern + r"(?:\+00:00|Z)")
INTEGERS = range(-(2**63), 2**63)
NAIVE, UTC = "datetime64[us]", "datetime64[us, UTC]"


def database_frame(records: list[dict[str, Any]], columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """The rows as a frame, columns in their order.

    Dates and moments become `datetime64`, whole numbers with gaps `Int64`, truth values with gaps `boolean`; whatever
    is of several kinds stays as it is.
    """
    import pandas

    names = list(records[0]) if records else list(dict.fromkeys(columns or ()))
    found = {name: series([record.get(name) for record in records]) for name in names}
    made: pandas.DataFrame = pandas.DataFrame(found, columns=names)
    return made


def series(values: list[Any]) -> pandas.Series[Any]:
    """One column."""
    import numpy
    import pandas

    kind = dtype_of(values)
    if kind in (NAIVE, UTC):
        texts = ["NaT" if value is None else value.removesuffix("Z").removesuffix("+00:00") for value in values]
        found: pandas.Series[Any] = pandas.Series(numpy.array(texts, dtype=NAIVE))
        return found.dt.tz_localize("UTC") if kind == UTC else found
    made: pandas.Series[Any] = pandas.Series(values, dtype=kind) if kind else pandas.Series(values)
    return made


def dtype_of(values: list[Any]) -> str | None:
    """The type that a column's values have in common where pandas would not find it."""
    there = [value for value in values if value is not None]
    kinds = {type(value) for value in there}
    if kinds == {str}:
        return moments(there)
    if len(there) == len(values) or len(kinds) != 1:
        return None
    if kinds == {int}:
        return "Int64" if all(value in INTEGERS for value in there) else "object"
    return "boolean" if kinds == {bool} else None


def moments(texts: list[str]) -> str | None:
    """The type of texts that are dates or moments, all of them alike."""
    for pattern, kind in ((DAY, NAIVE), (MOMENT, NAIVE), (MOMENT_UTC, UTC)):
        if pattern.fullmatch(texts[0]):
            return kind if all(map(pattern.fullmatch, texts)) and has_dates(texts) else None
    return None


def has_dates(texts: list[str]) -> bool:
    """Whether they are dates of the calendar, not only in form."""
    import numpy

    try:
        numpy.array([text[:10] for text in texts], dtype="datetime64[D]")
    except ValueError:
        return False
    return True
