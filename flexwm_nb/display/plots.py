"""Pictures of runs, from the frames of `flexwm_nb.frames`, each in one call; they need matplotlib.

Each gives matplotlib's Axes, to be changed further, and draws into `ax` where one is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flexwm_nb.display.wording import MARKS
from flexwm_nb.errors import InvalidInput

if TYPE_CHECKING:
    import pandas

QUEUED = "#9e9e9e"
STATES = ("success", "failure", "canceled", "running", "queued")
MOST = 12  # paths with a colour of their own


def durations(jobs: pandas.DataFrame, ax: Any = None) -> Any:
    """How long runs took over time: a point a run, a colour a path, a cross where it failed."""
    _needs(jobs, "created_at", "duration", "path", "state")
    ax = ax or _axes()
    ran = jobs.dropna(subset=["created_at", "duration"])
    seconds = ran["duration"].dt.total_seconds()
    paths = ran["path"].fillna("preview")
    common = list(paths.value_counts().index[:MOST])
    for path in common:
        mine = paths == path
        good = mine & (ran["state"] == "success")
        points = ax.plot(ran["created_at"][good], seconds[good], "o", markersize=4, alpha=0.8, label=_label(path))
        bad = mine & (ran["state"] != "success")
        ax.plot(ran["created_at"][bad], seconds[bad], "x", color=points[0].get_color())
    rest = ~paths.isin(common)
    if rest.any():
        ax.plot(ran["created_at"][rest], seconds[rest], ".", color=QUEUED, label="others")
    ax.set(ylabel="seconds", title="Durations", ylim=(0, None))
    if common:
        ax.legend(fontsize="small")
    ax.tick_params(axis="x", rotation=30)
    return ax


def states_by_day(jobs: pandas.DataFrame, ax: Any = None) -> Any:
    """How many runs of each day (UTC) ended how: a bar a day."""
    _needs(jobs, "created_at", "state")
    import pandas

    ax = ax or _axes()
    known = jobs.dropna(subset=["created_at"])
    counted = pandas.crosstab(known["created_at"].dt.strftime("%Y-%m-%d"), known["state"].astype(str))
    before = [0.0] * len(counted)
    for state in (state for state in STATES if state in counted.columns):
        counts = list(counted[state])
        ax.bar(list(counted.index), counts, bottom=before, label=state, color=MARKS.get(state, QUEUED))
        before = [below + count for below, count in zip(before, counts)]
    ax.set(ylabel="runs", title="Runs by day")
    if len(counted):
        ax.legend(fontsize="small")
    ax.tick_params(axis="x", rotation=30)
    return ax


def slowest_steps(steps: pandas.DataFrame, count: int = 10, ax: Any = None) -> Any:
    """Which steps of flows took longest, all their runs together; what they waited in grey."""
    _needs(steps, "step", "duration", "queued_for")
    ax = ax or _axes()
    table = steps.assign(
        ran=steps["duration"].dt.total_seconds().fillna(0), waited=steps["queued_for"].dt.total_seconds().fillna(0)
    )
    slow = table.groupby("step")[["ran", "waited"]].sum().nlargest(count, "ran")[::-1]
    names = [_label(name) for name in slow.index]
    ax.barh(names, list(slow["waited"]), color=QUEUED, label="waited")
    ax.barh(names, list(slow["ran"]), left=list(slow["waited"]), color=MARKS["running"], label="ran")
    ax.set(xlabel="seconds", title="Slowest steps")
    ax.legend(fontsize="small")
    return ax


def _axes() -> Any:
    """New axes. Raises InvalidInput where matplotlib is not there."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise InvalidInput("matplotlib is not installed", remedy="Run %pip install matplotlib") from None
    _, made = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    return made


def _label(name: str) -> str:
    """A name that is no formula, and no hidden label."""
    text = str(name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _needs(frame: pandas.DataFrame, *columns: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        remedy = "Give a frame of jobs or steps: %windmill_jobs, or flexwm_nb.frames"
        raise InvalidInput(f"the frame has no column {missing[0]}", remedy=remedy)
