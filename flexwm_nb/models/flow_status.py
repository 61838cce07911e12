"""Where a flow's run stands, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from flexwm_nb.models.wire import Wire

StepState = Literal["waiting", "suspended", "queued", "running", "success", "skipped", "failure"]
NO_JOB = "00000000-0000-0000-0000-000000000000"  # of a step that ended without one, such as an empty loop
STATES: dict[str, StepState] = {
    "WaitingForPriorSteps": "waiting",
    "WaitingForEvents": "suspended",
    "WaitingForExecutor": "queued",
    "InProgress": "running",
    "Success": "success",
    "Failure": "failure",
}


class ModuleStatus(Wire):
    """One module's part of a flow's status."""

    type: str
    id: str = ""
    job: str | None = None
    count: int | None = None  # events that are still missing
    skipped: bool | None = None
    iterator: dict[str, Any] | None = None  # index, itered
    flow_jobs: list[str] | None = None  # of iterations or branches
    flow_jobs_success: list[bool | None] | None = None
    branch_chosen: dict[str, Any] | None = None
    approvers: list[dict[str, Any]] | None = None
    failed_retries: list[str] | None = None
    parent_module: str | None = None  # failure handler: the module that failed

    @property
    def state(self) -> StepState:
        """Where it stands."""
        return "skipped" if self.skipped else STATES.get(self.type, "waiting")

    @property
    def jobs(self) -> list[str]:
        """The jobs that did it: one, or one an iteration or branch."""
        found = self.flow_jobs if self.flow_jobs is not None else [self.job]
        return [job for job in found if job and job != NO_JOB]


class FlowStatus(Wire):
    """The status of a flow's run."""

    step: int = 0
    modules: list[ModuleStatus] = Field(default_factory=list)
    failure_module: ModuleStatus | None = None
    preprocessor_module: ModuleStatus | None = None
    retry: dict[str, Any] | None = None  # fail_count, failed_jobs of the module that is being tried again
    user_states: dict[str, Any] | None = None

    @property
    def current(self) -> ModuleStatus | None:
        """The module that runs, waits or failed; None when all have succeeded."""
        return self.modules[self.step] if 0 <= self.step < len(self.modules) else None

    @property
    def waiting(self) -> ModuleStatus | None:
        """The module that waits for an approval or another event."""
        return next((module for module in self.modules if module.type == "WaitingForEvents"), None)

    def module(self, step_id: str) -> ModuleStatus | None:
        """The module of an id at this level; the last one where several have it."""
        every = [*self.modules, *(end for end in (self.preprocessor_module, self.failure_module) if end is not None)]
        return next((module for module in reversed(every) if module.id == step_id), None)

    def attempts(self, module: ModuleStatus) -> int:
        """How often a module has been started."""
        if not module.jobs:
            return 0
        retried = len(module.failed_retries or [])
        if module is self.current and self.retry:
            retried = max(retried, int(self.retry.get("fail_count") or 0))
        return retried + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """One step of a run: what became of it."""

    step: str  # its id; inside of loops and branches after theirs: `each[2]/clean`
    state: StepState
    summary: str | None = None
    kind: str | None = None  # rawscript, script, flow, forloopflow, …
    job: str | None = None
    jobs: tuple[str, ...] = ()  # of iterations and branches
    started_at: datetime | None = None
    completed_at: datetime | None = None
    queued_for: timedelta | None = None
    duration: timedelta | None = None
    attempts: int = 0
    done: int | None = None  # iterations or branches that have ended
    worker: str | None = None
    error: str | None = None  # its name and message
