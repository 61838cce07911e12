"""What is passed about of a job: its record, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["success", "failure", "canceled", "skipped"]
FLOWS = frozenset({"flow", "flowpreview", "flownode", "singlestepflow"})  # kinds of jobs that consist of others
FINAL: frozenset[str] = frozenset({"success", "failure", "canceled", "skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as it is submitted and run; times in microseconds."""

    id: str
    workspace_id: str
    kind: str  # script, preview, identity, noop, flow, flowpreview, flownode, singlestepflow
    tag: str
    created_by: str
    permissioned_as: str
    email: str
    created_at: int
    scheduled_for: int
    path: str | None = None
    hash: int | None = None
    language: str | None = None
    priority: int | None = None
    timeout: int | None = None  # seconds
    parent_job: str | None = None
    root_job: str | None = None
    flow_step_id: str | None = None
    is_flow_step: bool = False
    same_worker: bool = False
    visible_to_owner: bool = True
    suspend: int | None = None
    schedule_path: str | None = None
    entrypoint: str | None = None
    preprocessed: bool | None = None  # False = its preprocessor is to make its arguments
    cache_ttl: int | None = None  # seconds
    interpreter: str | None = None
    arguments: str = "{}"  # JSON object
    raw_code: str | None = None
    raw_lock: str | None = None
    raw_flow: str | None = None  # JSON
    flow_status: str | None = None  # JSON; given to a flow that goes on from another run
    flow_place: str | None = None  # JSON; of the flow of a loop's iteration or a branch in the one above it
    delete_after: int | None = None  # seconds after its flow's end that its content stays
    attempt: int = 0  # starts, this one included
    worker: str | None = None  # that runs it
    started_at: int | None = None
    canceled_by: str | None = None
    canceled_reason: str | None = None

    @property
    def is_flow(self) -> bool:
        """Whether it consists of other jobs."""
        return self.kind in FLOWS

    def columns(self) -> dict[str, Any]:
        """The record by the names of the store's columns."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Job:
        """The record in a row of the store."""
        return cls(**{name: row[name] for name in cls.__slots__ if name in row})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a job ended."""

    status: Status
    result: str  # JSON
    completed_at: int  # microseconds
    duration_ms: int = 0
    canceled_by: str | None = None
    canceled_reason: str | None = None
    labels: str | None = None  # JSON list
    mem_peak: int | None = None  # kB
    columns: str | None = None  # JSON list: of rows that a database gave
    log: str | None = None  # None = it stays in its file
    isolation: str | None = None  # the level at which its process ran

    @property
    def success(self) -> bool:
        """Whether it ended well."""
        return self.status in ("success", "skipped")
