"""What an engine expects of its parts: a caller may give its own in their place."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from flexwm_nb.execution import Execution
from flexwm_nb.models.jobs import Job, JobCounts
from flexwm_nb.models.scripts import Registration, Script, ScriptDraft, ScriptSummary, ScriptVersion
from flexwm_nb.models.workspace import HealthCheck, Resource, User, Variable, Workspace

if TYPE_CHECKING:
    from flexwm_nb.flows.builder import Flow
    from flexwm_nb.flows.problems import Problem
    from flexwm_nb.models.deployed_flows import DeployedFlow, FlowRegistration, FlowSummary, FlowVersion
    from flexwm_nb.models.schedules import Schedule
    from flexwm_nb.services.mapping import Mapped


class ScriptManager(Protocol):
    """Registers and finds scripts."""

    def register(self, draft: ScriptDraft) -> Registration:
        """Make a draft the current version."""

    def resolve(self, reference: str) -> ScriptVersion:
        """Which version a reference means."""

    def get(self, reference: str) -> Script:
        """A version with its source."""

    def exists(self, path: str) -> bool:
        """Whether a script is there that is not archived."""

    def list(
        self,
        path_start: str | None = None,
        *,
        language: str | None = None,
        archived: bool = False,
        limit: int | None = None,
    ) -> builtins.list[ScriptSummary]:
        """The scripts, newest first."""

    def history(self, path: str) -> builtins.list[ScriptVersion]:
        """All versions, newest first."""

    def diff(self, reference: str, other: str | None = None) -> str:
        """What changed from `other` to `reference`."""

    def relock(self, path: str) -> Script:
        """Have the versions of the packages of a script found anew."""

    def archive(self, path: str) -> None:
        """Take a script out of use."""

    def delete(self, path: str) -> None:
        """Remove a script with all its versions."""


class ExecutionManager(Protocol):
    """Starts jobs and tells about them."""

    def submit(
        self,
        reference: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        scheduled_for: datetime | None = None,
    ) -> Execution:
        """Start a script; with a job id twice the same one."""

    def preview(
        self,
        language: str,
        content: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        path: str | None = None,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        lock: str | None = None,
    ) -> Execution:
        """Start source that is not registered."""

    def submit_flow(
        self,
        path: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        scheduled_for: datetime | None = None,
    ) -> Execution:
        """Start a flow; with a job id twice the same one."""

    def preview_flow(
        self,
        value: Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
        *,
        path: str | None = None,
        job_id: str | None = None,
        tag: str | None = None,
    ) -> Execution:
        """Start a flow value that is not registered."""

    def run(self, reference: str, /, **arguments: Any) -> Any:
        """Run a script and wait for its result."""

    def submit_many(
        self,
        reference: str,
        inputs: Iterable[Mapping[str, Any]],
        *,
        timeout: int | None = None,
        tag: str | None = None,
    ) -> builtins.list[Execution]:
        """Start a script for each input."""

    def map(
        self,
        reference: str,
        inputs: Iterable[Mapping[str, Any]],
        *,
        at_once: int | None = None,
        ordered: bool = True,
        timeout: int | None = None,
        tag: str | None = None,
    ) -> Iterator[Mapped]:
        """Run a script for each input, some at once."""

    def history(self, path: str | None = None, state: str | None = None, **filters: Any) -> Iterator[Job]:
        """All jobs, newest first."""

    def attach(self, job_id: str) -> Execution:
        """The handle of a job that was started before."""

    def get(self, job_id: str) -> Job:
        """A job's record."""

    def list(
        self, path: str | None = None, state: str | None = None, *, per_page: int = 100, **filters: Any
    ) -> builtins.list[Job]:
        """The newest jobs, newest first."""

    def logs(self, job_id: str) -> str:
        """A job's log so far."""

    def cancel(self, job_id: str, reason: str | None = None, *, force: bool = False) -> None:
        """End a job."""

    def counts(self) -> JobCounts:
        """How many jobs wait, run and have ended."""

    def delete(self, job_id: str) -> None:
        """Remove a completed job's result and log."""


class FlowManager(Protocol):
    """Registers, finds and starts flows."""

    def register(
        self,
        flow: Flow | Mapping[str, Any],
        path: str | None = None,
        *,
        deployment_message: str | None = None,
        check: bool = True,
    ) -> FlowRegistration:
        """Make a flow the current version."""

    def check(self, flow: Flow | Mapping[str, Any], path: str | None = None) -> builtins.list[Problem]:
        """Refuse what is wrong with a flow; give what is doubtful."""

    def resolve(self, reference: str) -> FlowVersion:
        """Which version a reference means."""

    def get(self, reference: str) -> DeployedFlow:
        """A version of a flow."""

    def open(self, reference: str) -> Flow:
        """A version as a flow that can be changed."""

    def exists(self, path: str) -> bool:
        """Whether a flow is there that is not archived."""

    def list(
        self, path_start: str | None = None, *, archived: bool = False, limit: int | None = None
    ) -> builtins.list[FlowSummary]:
        """The flows, newest first."""

    def history(self, path: str) -> builtins.list[FlowVersion]:
        """All versions, newest first."""

    def diff(self, reference: str, other: str | None = None) -> str:
        """What changed from `other` to `reference`."""

    def archive(self, path: str, *, archived: bool = True) -> None:
        """Take a flow out of use, or bring it back."""

    def delete(self, path: str) -> None:
        """Remove a flow with all its versions."""

    def submit(
        self,
        reference: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        scheduled_for: datetime | None = None,
    ) -> Execution:
        """Start a flow; with a job id twice the same one."""

    def preview(
        self,
        flow: Flow | Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
        *,
        path: str | None = None,
        job_id: str | None = None,
        check: bool = True,
    ) -> Execution:
        """Start a flow that is not registered."""

    def run(self, reference: str, /, **arguments: Any) -> Any:
        """Run a flow and wait for its result."""


class ScheduleManager(Protocol):
    """Starts scripts and flows by the clock."""

    def set(
        self,
        path: str,
        cron: str,
        script_path: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        is_flow: bool = False,
        timezone: str = "UTC",
        enabled: bool = True,
        **settings: Any,
    ) -> None:
        """Make or change a schedule."""

    def get(self, path: str) -> Schedule:
        """A schedule."""

    def list(self, path_start: str | None = None, *, of: str | None = None) -> builtins.list[Schedule]:
        """The schedules."""

    def exists(self, path: str) -> bool:
        """Whether it is there."""

    def enable(self, path: str, enabled: bool = True) -> None:
        """Switch it on or off."""

    def delete(self, path: str) -> None:
        """Remove it."""

    def next_runs(self, cron: str, timezone: str = "UTC") -> builtins.list[datetime]:
        """When a cron text comes next."""


class VariableManager(Protocol):
    """Keeps named texts."""

    def get(self, path: str) -> str:
        """A variable's value."""

    def read(self, path: str) -> Variable:
        """The whole variable."""

    def set(self, path: str, value: str, *, secret: bool | None = None, description: str | None = None) -> None:
        """Make or change it."""

    def list(self, path_start: str | None = None) -> builtins.list[Variable]:
        """The variables."""

    def exists(self, path: str) -> bool:
        """Whether it is there."""

    def delete(self, path: str) -> None:
        """Remove it."""


class ResourceManager(Protocol):
    """Keeps named JSON values."""

    def get(self, path: str, *, interpolated: bool = False) -> Any:
        """A resource's value."""

    def read(self, path: str) -> Resource:
        """The whole resource."""

    def set(self, path: str, value: Any, *, resource_type: str | None = None, description: str | None = None) -> None:
        """Make or change it."""

    def list(self, path_start: str | None = None, *, resource_type: str | None = None) -> builtins.list[Resource]:
        """The resources."""

    def exists(self, path: str) -> bool:
        """Whether it is there."""

    def delete(self, path: str) -> None:
        """Remove it."""


class FileManager(Protocol):
    """Keeps files under keys."""

    def upload(self, data: bytes, key: str | None = None) -> str:
        """Keep data and give its key."""

    def download(self, key: str) -> bytes:
        """The data under a key."""

    def delete(self, key: str) -> None:
        """Remove what is under a key."""


class HealthChecker(Protocol):
    """Checks an engine."""

    def check(self) -> builtins.list[HealthCheck]:
        """Every check, in the order in which they matter."""

    def healthy(self) -> bool:
        """Whether the engine says that it is well."""

    def languages(self) -> tuple[str, ...]:
        """The languages that the engine says it runs; empty where it does not say."""


class WorkspaceManager(Protocol):
    """Knows the workspaces of an engine."""

    def list(self) -> builtins.list[Workspace]:
        """Those that one is a member of."""

    def exists(self, workspace: str) -> bool:
        """Whether it is there."""

    def create(self, workspace: str, name: str | None = None) -> None:
        """Make one."""

    def ensure(self, workspace: str) -> bool:
        """Make one unless it exists."""

    def whoami(self) -> User:
        """Whom the token stands for."""


class Metrics(Protocol):
    """Counts what a client does."""

    def request(self, method: str, path: str, status: int | None, seconds: float) -> None:
        """One request was answered, or was not (`status` None)."""
