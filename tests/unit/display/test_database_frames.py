"""Rows of a database as frames."""

from __future__ import annotations

from typing import Any

import pandas
import pytest

from flexwm_nb.display.database_frames import database_frame
from flexwm_nb.display.results import present
from flexwm_nb.models.jobs import Job


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["2024-01-02T03:04:05", None], "datetime64[us]"),
        (["2024-01-02 03:04:05.123456"], "datetime64[us]"),
        (["2024-01-02", "1583-05-01"], "datetime64[us]"),
        (["2024-01-02T03:04:05.600+00:00", None], "datetime64[us, UTC]"),
        ([1, None], "Int64"),
        ([1, 2], "int64"),
        ([True, None], "boolean"),
        ([1, 2.5], "float64"),
        ([2**63, None], "object"),
        ([{"a": 1}, None], "object"),
    ],
    ids=["moment", "mysql", "dates", "utc", "gaps", "integers", "bools", "numbers", "large", "documents"],
)
def test_a_column_has_the_type_that_it_had(values: list[Any], dtype: str) -> None:
    """Moments, and whole numbers and truth values with gaps."""
    assert str(database_frame([{"x": value} for value in values])["x"].dtype) == dtype


@pytest.mark.parametrize(
    "values",
    [["2024-01-02", "soon"], ["2024-13-45"], ["2024-01-02", "2024-01-02T03:04:05"], ["12:30"]],
    ids=["words", "no date", "mixed", "times"],
)
def test_other_texts_stay_texts(values: list[str]) -> None:
    """A column is moments altogether or not at all."""
    assert list(database_frame([{"x": value} for value in values])["x"]) == values


def test_a_moment_is_what_it_was() -> None:
    """To the microsecond, and in its zone."""
    found = database_frame([{"x": "2024-01-02T03:04:05.000006+00:00"}, {"x": None}])["x"]
    assert found[0] == pandas.Timestamp("2024-01-02T03:04:05.000006Z")
    assert found.isna().tolist() == [False, True]


def test_no_rows_are_a_frame_where_the_columns_are_known() -> None:
    """What follows in the notebook finds its columns."""
    job = Job(id="1", language="postgresql", result_columns=["b", "a", "b"])
    assert list(present([], job=job).columns) == ["b", "a"]
    assert present([], job=Job(id="1", language="postgresql", result_columns=[])) == []


def test_other_languages_results_are_not_touched() -> None:
    """A script in Python gives what it gives."""
    frame = present([{"x": "2024-01-02"}], job=Job(id="1", language="python3"))
    assert frame["x"].tolist() == ["2024-01-02"]
