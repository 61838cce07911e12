"""Where a run's time went."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from flexwm_nb.display.widgets.timeline import timeline
from flexwm_nb.models.flow_status import StepRun

BEGIN = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)


def step(name: str, queued: float, start: float, end: float | None, **more: Any) -> StepRun:
    """A step that waited, began and ended so many seconds after the run began."""
    done = None if end is None else BEGIN + timedelta(seconds=end)
    state = "running" if end is None else "success"
    begun, waited = BEGIN + timedelta(seconds=start), timedelta(seconds=start - queued)
    return StepRun(step=name, state=state, started_at=begun, completed_at=done, queued_for=waited, **more)


def test_the_critical_path_leads_through_the_slowest_branch() -> None:
    """From the last end back; what was done at the same time and earlier was not waited for."""
    steps = [
        step("load", 0, 0.5, 1),
        step("each", 1, 1, 4),
        step("each[0]/clean", 1, 1, 2),
        step("each[1]/clean", 1, 1, 4),
        step("report", 4, 4, 5),
    ]
    made = timeline(steps)
    assert made is not None
    assert made["total"] == 5
    assert [row["step"] for row in made["rows"] if row["critical"]] == ["load", "each[1]/clean", "report"]
    assert [row["label"] for row in made["rows"]] == ["load", "each", "clean [0]", "clean [1]", "report"]


def test_waiting_is_told_apart_and_what_runs_ends_now() -> None:
    """Also the time that an approval took."""
    made = timeline([step("ask", 0, 1, 2), step("send", 9, 9, None)], now=BEGIN + timedelta(seconds=10))
    assert made is not None
    first, second = made["rows"]
    assert (first["begin"], first["start"], first["end"]) == (0, 1, 2)
    assert (second["begin"], second["start"], second["end"]) == (2, 9, 10)


def test_before_anything_ran_there_is_no_timeline() -> None:
    """Nothing is drawn then."""
    assert timeline([StepRun(step="a", state="waiting")]) is None
