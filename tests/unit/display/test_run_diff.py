"""Two runs beside each other: what differs, and nothing that does not."""

from __future__ import annotations

from typing import Any

import pandas
import pytest

from flexwm_nb.display.run_diff import RunDiff, result_diff
from flexwm_nb.models.jobs import Job

OLD = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def job(**changed: Any) -> Job:
    """A run that ended."""
    known = {"id": "01a2", "script_path": "f/a/b", "success": True, "type": "CompletedJob", "duration_ms": 500}
    return Job.model_validate({**known, "args": {"n": 1, "same": [1]}, **changed})


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        (OLD, []),
        (OLD.assign(a=[1, 3]), ["@a: 1 of 2 differ, first row 1", "-2", "+3"]),
        (OLD.assign(a=[1.0, 2.0]), ["-a: int64", "+a: float64"]),
        (OLD.drop(columns="b"), ["-2 rows × 2 columns", "+2 rows × 1 columns", "-column b"]),
        (OLD.head(1), ["-2 rows × 2 columns", "+1 rows × 2 columns", "-a: 1 to 2", "+a: 1 to 1"]),
        (OLD.assign(b=["", "y"]), ["@b: 1 of 2 differ, first row 0", "-x", "+"]),
    ],
    ids=["the same", "a cell", "a kind", "a column", "rows", "an empty text"],
)
def test_frames_are_compared_by_columns(new: pandas.DataFrame, lines: list[str]) -> None:
    """Shapes, columns, kinds, then cells."""
    assert result_diff(OLD, new).split("\n") == (lines or [""])


def test_other_results_are_compared_as_json() -> None:
    """Line by line; the same is no difference."""
    assert result_diff({"a": 1}, {"a": 1}) == ""
    assert "-{}" in result_diff({}, [1])
    assert '+ "a": 2' in result_diff({"a": 1}, {"a": 2})


def test_only_what_differs_is_in_the_table() -> None:
    """Arguments, state, error and times; with a plain face no times, which differ each time."""
    failed = job(
        id="01a3", args={"n": 2, "more": "<b>"}, success=False, duration_ms=900, result={"error": {"message": "no"}}
    )
    found = RunDiff(old=job(), new=failed)
    rows = {name: (old, new) for name, old, new in found.rows}
    assert rows["argument n"] == ("1", "2")
    assert rows["argument more"] == ("–", '"<b>"')
    assert rows["ran"] == ("0.50 s", "0.90 s")
    assert rows["state"] == ("ran", "failed")
    assert rows["error"] == ("–", "Error: no")
    assert "script" not in rows
    assert "<b>" not in found._repr_html_()
    assert "ran" not in {name for name, *_ in RunDiff(old=job(), new=failed, face="plain").rows}


def test_equal_runs_have_no_difference() -> None:
    """It says so."""
    assert str(RunDiff(old=job(), new=job(id="01a3"))) == "no difference"
