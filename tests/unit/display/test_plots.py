"""Pictures of runs: one call each, from the frames that there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import matplotlib
import pandas
import pytest

from flexwm_nb import frames, plots
from flexwm_nb.errors import InvalidInput
from flexwm_nb.models.flow_status import StepRun
from flexwm_nb.models.jobs import Job

START = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
JOBS = [
    Job(
        id=str(at), path=f"f/a/{'$x_' if at % 2 else 'b'}", created_at=START + timedelta(hours=9 * at),
        started_at=START + timedelta(hours=9 * at), duration_ms=500 * at, success=at != 2, type="CompletedJob",
    )
    for at in range(4)
]  # fmt: skip


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Nothing is shown, and no figure stays open."""
    matplotlib.use("agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_durations_are_points_over_time() -> None:
    """A colour a path, a cross where a run failed; it can be drawn to the end."""
    ax = plots.durations(frames.jobs(JOBS))
    assert sum(len(line.get_xdata()) for line in ax.lines) == len(JOBS)
    assert ax.get_ylabel() == "seconds"
    ax.figure.canvas.draw()


def test_states_are_bars_by_day() -> None:
    """As high as there were runs."""
    ax = plots.states_by_day(frames.jobs(JOBS))
    assert sum(bar.get_height() for bar in ax.patches) == len(JOBS)
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"success", "failure"}


def test_the_slowest_steps_are_on_top() -> None:
    """Each with what it waited."""
    steps = [
        StepRun(step=name, kind="script", state="success", duration=timedelta(seconds=took))
        for name, took in (("a", 1), ("b", 3), ("a", 4), ("c", 0))
    ]
    ax = plots.slowest_steps(frames.steps(steps), 2)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "a"]


@pytest.mark.parametrize("draw", [plots.durations, plots.states_by_day], ids=["durations", "states"])
def test_no_runs_make_an_empty_picture(draw: object) -> None:
    """And no error; what is no frame of runs is one that says what to give."""
    draw(frames.jobs([]))  # type: ignore[operator]
    with pytest.raises(InvalidInput, match="no column"):
        draw(pandas.DataFrame({"x": [1]}))  # type: ignore[operator]
