"""Where a run's time went, from what its steps tell: waiting, running, and which steps it could not do without."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flexwm_nb.models.flow_status import StepRun

SLACK = 0.05  # seconds between two steps of which one was waited for by the other
LONGEST = 500  # rows


def timeline(steps: Sequence[StepRun], *, now: datetime | None = None) -> dict[str, Any] | None:
    """`{total, rows}` in seconds since the first step was there to run; None while none was."""
    started = [step for step in steps if step.started_at is not None]
    if not started:
        return None
    now = now or datetime.now(timezone.utc)
    first = min(_begin(step) for step in started)
    rows = [_row(step, first, now) for step in started]
    outer = [row for row in rows if not row["deep"]]
    for before, row in pairwise(outer):
        if before["end"] < row["begin"]:  # it was waited for something else than a worker, such as an approval
            row["begin"] = before["end"]
    _mark(rows)
    return {"total": round(max(row["end"] for row in rows), 3), "rows": rows[:LONGEST]}


def _begin(step: StepRun) -> datetime:
    assert step.started_at is not None
    return step.started_at - (step.queued_for or timedelta(0))


def _row(step: StepRun, first: datetime, now: datetime) -> dict[str, Any]:
    assert step.started_at is not None
    end = step.completed_at or (step.started_at + step.duration if step.duration is not None else now)
    return {
        "step": step.step,
        "label": _label(step.step),
        "deep": step.step.count("/"),
        "state": step.state,
        "begin": round((_begin(step) - first).total_seconds(), 3),
        "start": round((step.started_at - first).total_seconds(), 3),
        "end": round((end - first).total_seconds(), 3),
        "critical": False,
    }


def _label(step: str) -> str:
    """A step's own name, with the iteration or branch that it is in."""
    outer, _, name = step.rpartition("/")
    number = outer.rpartition("[")[2].removesuffix("]") if outer.endswith("]") else ""
    return f"{name} [{number}]" if number else name


def _mark(rows: Sequence[dict[str, Any]]) -> None:
    """Mark the critical path: from the last end back, each time the step that ended last before this one began."""
    names = [row["step"] for row in rows]
    leaves = [row for row in rows if not any(name.startswith((f"{row['step']}/", f"{row['step']}[")) for name in names)]
    left = sorted(leaves, key=lambda row: row["end"])
    before = float("inf")
    while left:
        row = left.pop()
        if row["end"] <= before + SLACK:
            row["critical"] = True
            before = row["begin"]
