"""The steps of flows as frames."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pandas
import pytest

from flexwm_nb.display import frames
from flexwm_nb.models.flow_status import StepRun

START = datetime(2026, 11, 25, tzinfo=timezone.utc)


def run_of(seconds: float, state: str = "success") -> list[StepRun]:
    """Two steps; the second takes this long."""
    load = StepRun(
        step="load", state="success", started_at=START, duration=timedelta(seconds=1), attempts=1, worker="w"
    )
    error = "KeyError: 'JKF'" if state == "failure" else None
    clean = StepRun(step="clean", state=state, duration=timedelta(seconds=seconds), attempts=3, error=error)  # type: ignore[arg-type]
    return [load, clean]


def test_a_run() -> None:
    """A row a step, in order, with typed columns."""
    frame = frames.steps(run_of(2, "failure"), job="x")
    assert list(frame.columns) == list(frames.STEP_COLUMNS)
    assert list(frame["step"]) == ["load", "clean"]
    assert list(frame["state"]) == ["success", "failure"]
    assert frame["duration"].sum() == pandas.Timedelta(seconds=3)
    assert frame["error"][1] == "KeyError: 'JKF'"
    assert frame["started_at"].isna().tolist() == [False, True]
    assert frame.attrs["windmill"] == {"job": "x"}


@pytest.mark.parametrize("found", [{}, {"a": []}])
def test_nothing(found: dict[str, list[StepRun]]) -> None:
    """No runs and no steps make an empty frame of the same columns."""
    assert list(frames.runs(found).columns) == ["run", *frames.STEP_COLUMNS]


def test_many_runs() -> None:
    """They stand below each other under their names."""
    frame = frames.runs({"monday": run_of(2), "tuesday": run_of(4)})
    assert list(frame["run"]) == ["monday", "monday", "tuesday", "tuesday"]


def test_runs_compared() -> None:
    """A row a step, a column a run; a step that only one run has is missing in the other."""
    frame = frames.compared({"monday": run_of(2), "tuesday": run_of(4)[:1]})
    assert list(frame.index) == ["load", "clean"]
    assert list(frame.columns) == ["monday", "tuesday"]
    assert frame.loc["clean", "monday"] == pandas.Timedelta(seconds=2)
    assert pandas.isna(frame.loc["clean", "tuesday"])
