"""Jobs: the engine's record of one run, in one view for queued, running and completed ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeVar

from pydantic import Field

from flexwm_nb.models.wire import Wire

State = Literal["queued", "running", "success", "failure", "canceled"]
FINAL: frozenset[str] = frozenset({"success", "failure", "canceled"})
TOO_BIG = "WINDMILL_TOO_BIG"  # stands in a job's document where the value must be asked for separately

T = TypeVar("T")


class Job(Wire):
    """One run of a script, a preview or a flow. Times are aware, in UTC."""

    id: str
    type: str | None = None  # QueuedJob or CompletedJob; lists of one kind leave it out
    workspace: str | None = Field(None, alias="workspace_id")
    path: str | None = Field(None, alias="script_path")
    hash: str | None = Field(None, alias="script_hash")
    language: str | None = None
    kind: str | None = Field(None, alias="job_kind")
    tag: str | None = None
    arguments: Any = Field(None, alias="args")
    created_at: datetime | None = None
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = Field(None, alias="completed_at")
    duration_ms: int | None = None
    running: bool | None = None
    success: bool | None = None
    canceled: bool | None = None
    canceled_by: str | None = None
    canceled_reason: str | None = None
    result: Any = None
    result_columns: list[str] | None = None  # of a database's rows, in their order
    logs: str | None = None
    created_by: str | None = None
    parent_job: str | None = None
    worker: str | None = None
    mem_peak: int | None = None  # KiB
    isolation: str | None = None  # level at which its process ran; the local engine tells
    flow_status: Any = None  # of a flow's run: `models.flow_status.FlowStatus` reads it
    raw_flow: Any = None  # of a flow's run: what it does
    flow_step_id: str | None = None
    suspend: int | None = None  # events that a flow's run waits for
    is_skipped: bool | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.success is not None or self.ended_at is not None or self.type == "CompletedJob"

    @property
    def state(self) -> State:
        """Where it stands."""
        if not self.done:
            return "running" if self.running else "queued"
        if self.success:
            return "success"
        return "canceled" if self.canceled else "failure"

    @property
    def completed_at(self) -> datetime | None:
        """When it ended; computed where a list leaves it out."""
        if self.ended_at is not None or not self.done:
            return self.ended_at
        start = self.started_at or self.created_at
        return None if start is None else start + timedelta(milliseconds=self.duration_ms or 0)

    @property
    def duration(self) -> timedelta | None:
        """How long it ran, or has been running; None before its start."""
        if self.duration_ms is not None:
            return timedelta(milliseconds=self.duration_ms)
        if self.started_at is None:
            return None
        return (self.completed_at or datetime.now(timezone.utc)) - self.started_at

    @property
    def queued_for(self) -> timedelta | None:
        """How long it waited for its start, or has been waiting."""
        if self.created_at is None:
            return None
        until = self.started_at or self.completed_at or datetime.now(timezone.utc)
        return max(until - self.created_at, timedelta(0))

    @property
    def error(self) -> dict[str, Any] | None:
        """The error of a failed or cancelled job: message, name, and stack for python."""
        if self.state not in ("failure", "canceled") or not isinstance(self.result, dict):
            return None
        found = self.result.get("error")
        return found if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a run's time."""

    name: str  # of what went on: queued, running, or a step
    state: str  # queued, running, or how it ended
    began: datetime
    ended: datetime | None = None  # None while it goes on

    @property
    def duration(self) -> timedelta:
        """How long it took, or has been taking."""
        return (self.ended or datetime.now(timezone.utc)) - self.began


def spans_of(job: Job) -> list[Span]:
    """When a job waited, and when it ran."""
    if job.created_at is None:
        return []
    waited = Span(name="queued", state="queued", began=job.created_at, ended=job.started_at or job.completed_at)
    if job.started_at is None:
        return [waited]
    return [waited, Span(name="running", state=job.state, began=job.started_at, ended=job.completed_at)]


class JobUpdate(Wire):
    """What happened to a job since the last update."""

    type: str = "update"
    running: bool | None = None
    completed: bool | None = None
    new_logs: str | None = None
    log_offset: int | None = None  # where the next update's logs begin
    new_result_stream: str | None = None
    stream_offset: int | None = None
    mem_peak: int | None = None  # KiB
    progress: int | None = None  # percent
    flow_status: Any = None
    job: Job | None = None  # with the last update
    error: str | None = None


class JobCounts(Wire):
    """How many jobs an engine has."""

    waiting: int
    running: int
    suspended: int = 0
    completed: int
