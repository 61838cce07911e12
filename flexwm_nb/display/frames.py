"""Jobs, scripts, versions, schedules, the queue, workers and the steps of flows as pandas frames with fixed columns.

Times are `datetime64[us, UTC]`, spans `timedelta64[us]`, texts `string`; what is missing is NaT or NA. A frame knows
where it comes from: `frame.attrs["windmill"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

    from flexwm_nb.models.deployed_flows import FlowSummary
    from flexwm_nb.models.flow_status import StepRun
    from flexwm_nb.models.jobs import Job
    from flexwm_nb.models.schedules import Schedule
    from flexwm_nb.models.scripts import ScriptSummary, ScriptVersion
    from flexwm_nb.models.workspace import Worker

TIME, SPAN, TEXT, FLAG, COUNT = "datetime64[us, UTC]", "timedelta64[us]", "string", "bool", "int64"
MAYBE_COUNT = "Int64"

JOB_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "state": "category",  # queued, running, success, failure, canceled
    "created_at": TIME,
    "queued_for": SPAN,
    "duration": SPAN,
    "language": TEXT,
    "started_at": TIME,
    "completed_at": TIME,
    "created_by": TEXT,
    "tag": TEXT,
    "id": TEXT,
}
SCRIPT_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "language": TEXT,
    "summary": TEXT,
    "created_at": TIME,
    "tag": TEXT,
    "archived": FLAG,
    "hash": TEXT,
}
FLOW_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "summary": TEXT,
    "edited_at": TIME,
    "edited_by": TEXT,
    "archived": FLAG,
}
VERSION_COLUMNS: Mapping[str, str] = {
    "number": COUNT,
    "created_at": TIME,
    "deployment_message": TEXT,
    "path": TEXT,
    "hash": TEXT,
}
STEP_COLUMNS: Mapping[str, str] = {
    "step": TEXT,
    "state": "category of steps",  # waiting, suspended, queued, running, success, skipped, failure
    "started_at": TIME,
    "queued_for": SPAN,
    "duration": SPAN,
    "attempts": COUNT,
    "done": MAYBE_COUNT,  # iterations or branches that have ended
    "worker": TEXT,
    "error": TEXT,
    "kind": TEXT,
    "summary": TEXT,
    "completed_at": TIME,
    "job": TEXT,
}
SCHEDULE_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "cron": TEXT,  # six fields, seconds first
    "timezone": TEXT,
    "script_path": TEXT,  # of the script or flow
    "is_flow": FLAG,
    "enabled": FLAG,
    "summary": TEXT,
    "edited_at": TIME,
    "edited_by": TEXT,
    "error": TEXT,  # why it was switched off
}
QUEUE_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "tag": TEXT,
    "queued": COUNT,
    "running": COUNT,
    "longest_queued": SPAN,  # of those that wait
    "longest_running": SPAN,
}
WORKER_COLUMNS: Mapping[str, str] = {
    "worker": TEXT,
    "group": TEXT,
    "seen": SPAN,  # how long ago it gave a sign of life
    "jobs_done": COUNT,
    "tags": TEXT,
}
CHANGING = frozenset(
    {"id", "hash", "created_by", "edited_by", "tag", "job", "job_id", "worker", "run"}
)  # what differs from run to run or place to place
STATES = ("queued", "running", "success", "failure", "canceled")
STEP_STATES = ("waiting", "suspended", "queued", "running", "success", "skipped", "failure")
CATEGORIES: Mapping[str, Sequence[str]] = {"category": STATES, "category of steps": STEP_STATES}


def jobs(found: Iterable[Job], **attributes: Any) -> pandas.DataFrame:
    """Jobs as a frame with the columns of `JOB_COLUMNS`, in the order given."""
    return _frame(found, JOB_COLUMNS, attributes)


def scripts(found: Iterable[ScriptSummary], **attributes: Any) -> pandas.DataFrame:
    """Scripts as a frame with the columns of `SCRIPT_COLUMNS`."""
    return _frame(found, SCRIPT_COLUMNS, attributes)


def flows(found: Iterable[FlowSummary], **attributes: Any) -> pandas.DataFrame:
    """Flows as a frame with the columns of `FLOW_COLUMNS`."""
    return _frame(found, FLOW_COLUMNS, attributes)


def versions(found: Iterable[ScriptVersion], **attributes: Any) -> pandas.DataFrame:
    """A script's versions as a frame with the columns of `VERSION_COLUMNS`."""
    return _frame(found, VERSION_COLUMNS, attributes)


def steps(found: Iterable[StepRun], **attributes: Any) -> pandas.DataFrame:
    """The steps of a flow's run as a frame with the columns of `STEP_COLUMNS`, in the order of the flow."""
    return _frame(found, STEP_COLUMNS, attributes)


def schedules(found: Iterable[Schedule], **attributes: Any) -> pandas.DataFrame:
    """Schedules as a frame with the columns of `SCHEDULE_COLUMNS`."""
    return _frame(found, SCHEDULE_COLUMNS, attributes)


def queue(found: Iterable[Job], **attributes: Any) -> pandas.DataFrame:
    """What waits and runs, a row a path and tag, with the columns of `QUEUE_COLUMNS`; jobs that ended do not count."""
    groups: dict[tuple[str, str], list[Job]] = {}
    for job in found:
        if not job.done:
            groups.setdefault((job.path or "", job.tag or ""), []).append(job)
    return _frame([_Queue(*named, jobs) for named, jobs in groups.items()], QUEUE_COLUMNS, attributes)


class _Queue:
    """The jobs of one path and tag that have not ended."""

    def __init__(self, path: str, tag: str, found: Sequence[Job]) -> None:
        waiting = [job.queued_for for job in found if job.state == "queued" and job.queued_for is not None]
        running = [job.duration for job in found if job.state == "running" and job.duration is not None]
        self.path, self.tag = path, tag
        self.queued = sum(job.state == "queued" for job in found)
        self.running = len(found) - self.queued
        self.longest_queued, self.longest_running = max(waiting, default=None), max(running, default=None)


def workers(found: Iterable[Worker], **attributes: Any) -> pandas.DataFrame:
    """Workers as a frame with the columns of `WORKER_COLUMNS`."""
    return _frame(map(_WorkerRow, found), WORKER_COLUMNS, attributes)


class _WorkerRow:
    """A worker in a frame's words."""

    def __init__(self, worker: Worker) -> None:
        self.worker, self.group, self.jobs_done = worker.worker, worker.worker_group, worker.jobs_executed
        self.seen = None if worker.last_ping is None else timedelta(seconds=worker.last_ping)
        self.tags = ", ".join(worker.custom_tags or ())


def runs(found: Mapping[str, Iterable[StepRun]], **attributes: Any) -> pandas.DataFrame:
    """The steps of many runs, below each other: the columns of `STEP_COLUMNS` after `run`, the run's name."""
    import pandas

    parts = [steps(items).assign(run=pandas.Series(dtype=TEXT)).fillna({"run": run}) for run, items in found.items()]
    whole = pandas.concat(parts, ignore_index=True) if parts else steps([]).assign(run=pandas.Series(dtype=TEXT))
    made: pandas.DataFrame = whole[["run", *STEP_COLUMNS]]
    made.attrs["windmill"] = dict(attributes)
    return made


def compared(found: Mapping[str, Iterable[StepRun]], column: str = "duration") -> pandas.DataFrame:
    """One column of many runs side by side: a row a step, in the order of the flow, a column a run."""
    frame = runs(found)
    order = list(dict.fromkeys(frame["step"]))
    made: pandas.DataFrame = frame.pivot_table(
        index="step", columns="run", values=column, aggfunc="first", sort=False, observed=True
    )
    sorted_frame: pandas.DataFrame = made.reindex(index=order, columns=list(found))
    return sorted_frame


def steady(frame: pandas.DataFrame) -> pandas.DataFrame:
    """The frame with all its columns, drawn with only those that are the same in every run."""
    drawn: pandas.DataFrame = _steady_kind()(frame)
    drawn.attrs = frame.attrs
    return drawn


@lru_cache(maxsize=1)
def _steady_kind() -> type[pandas.DataFrame]:
    import pandas

    class SteadyFrame(pandas.DataFrame):
        """A frame drawn without times, spans and ids; whatever is made of it is an ordinary one."""

        def _drawn(self) -> pandas.DataFrame:
            kept = [name for name, kind in self.dtypes.items() if name not in CHANGING and kind.kind not in "mM"]
            drawn: pandas.DataFrame = pandas.DataFrame(self)[kept]
            return drawn

        def __repr__(self) -> str:
            return repr(self._drawn())

        def _repr_html_(self) -> str:
            return str(self._drawn().to_html(notebook=True))

    return SteadyFrame


def living(frame: pandas.DataFrame, display: Callable[[], None]) -> pandas.DataFrame:
    """The frame, shown by `display` where it is a cell's last value; whatever is made of it is an ordinary one."""
    drawn: pandas.DataFrame = _living_kind()(frame)
    drawn.attrs = frame.attrs
    object.__setattr__(drawn, "_flexwm_display", display)
    return drawn


@lru_cache(maxsize=1)
def _living_kind() -> type[pandas.DataFrame]:
    import pandas

    class LivingFrame(pandas.DataFrame):
        """A frame that a page shows as a table of its own."""

        def _ipython_display_(self) -> None:
            display = self.__dict__.get("_flexwm_display")
            if display is None:
                raise NotImplementedError  # IPython goes on with the other ways to show it
            display()

    return LivingFrame


def _frame(found: Iterable[Any], columns: Mapping[str, str], attributes: Mapping[str, Any]) -> pandas.DataFrame:
    import pandas

    items = list(found)
    series = {name: _column([getattr(item, name, None) for item in items], kind) for name, kind in columns.items()}
    made: pandas.DataFrame = pandas.DataFrame(series, columns=list(columns))
    made.attrs["windmill"] = dict(attributes)
    return made


def _column(values: list[Any], kind: str) -> pandas.Series[Any]:
    import pandas

    column: pandas.Series[Any]
    if kind in CATEGORIES:
        column = pandas.Series(pandas.Categorical(values, categories=list(CATEGORIES[kind])))
    elif kind == TIME:
        column = pandas.Series(pandas.to_datetime(pandas.Series(values, dtype="object"), utc=True)).astype(TIME)
    elif kind == SPAN:
        column = pandas.Series(pandas.to_timedelta(pandas.Series(values, dtype="object"))).astype(SPAN)
    else:
        column = pandas.Series(values, dtype=kind)
    return column
