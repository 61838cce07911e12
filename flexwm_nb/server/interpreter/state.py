"""The status of a flow's run, in the form in which Windmill writes it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

NIL = "00000000-0000-0000-0000-000000000000"
Kind: TypeAlias = Literal[
    "WaitingForPriorSteps", "WaitingForEvents", "WaitingForExecutor", "InProgress", "Success", "Failure"
]
FAILURE, PREPROCESSOR = "failure", "preprocessor"


class Iterator(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a loop is."""

    index: int
    itered_len: int | None = None


class BranchAllState(msgspec.Struct, frozen=True):
    """Where a module of several branches is."""

    branch: int
    len: int


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The branch that was taken."""

    type: Literal["default", "branch"]
    branch: int | None = None


class Durations(msgspec.Struct, frozen=True):
    """When the jobs of a module started, and how long they took."""

    started_at: list[str | None] = []
    duration_ms: list[int | None] = []


class Approver(msgspec.Struct, frozen=True):
    """Who let the flow go on."""

    resume_id: int
    approver: str


class ModuleState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The status of one module."""

    type: Kind
    id: str
    job: str | None = None
    count: int | None = None
    iterator: Iterator | None = None
    branchall: BranchAllState | None = None
    branch_chosen: Chosen | None = None
    flow_jobs: list[str] | None = None
    flow_jobs_success: list[bool | None] | None = None
    flow_jobs_duration: Durations | None = None
    parallel: bool | None = None
    while_loop: bool | None = None
    approvers: list[Approver] | None = None
    failed_retries: list[str] | None = None
    skipped: bool | None = None
    parent_module: str | None = None

    @property
    def many(self) -> bool:
        """Whether its result is a list."""
        return self.flow_jobs is not None and self.branch_chosen is None


class RetryState(msgspec.Struct, frozen=True):
    """The failures of the module that is being tried again."""

    fail_count: int
    failed_jobs: list[str]


class FlowState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The status of a flow's run."""

    step: int
    modules: list[ModuleState]
    failure_module: ModuleState
    preprocessor_module: ModuleState | None
    cleanup_module: dict[str, Any]
    retry: RetryState | None = None
    user_states: dict[str, Any] | None = None
    approval_conditions: dict[str, Any] | None = None
    restarted_from: Any = None
    chat_input_enabled: bool | None = None


def waiting(module_id: str) -> ModuleState:
    """A module that has not started."""
    return ModuleState("WaitingForPriorSteps", module_id)


def initial(module_ids: list[str], *, preprocess: bool = False, chat: bool | None = None) -> FlowState:
    """The status of a run that has not started."""
    return FlowState(
        step=-1 if preprocess else 0,
        modules=[waiting(module_id) for module_id in module_ids],
        failure_module=waiting(FAILURE),
        preprocessor_module=waiting(PREPROCESSOR) if preprocess else None,
        cleanup_module={},
        chat_input_enabled=chat,
    )


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(FlowState)


def encode(state: FlowState) -> str:
    """The whole document."""
    return _encoder.encode(state).decode()


def compact(state: FlowState) -> str:
    """The document without the lists that grow while a loop goes on.

    The first job stays, and all its jobs'
    own records tell the rest.
    """
    running = state.modules[state.step] if 0 <= state.step < len(state.modules) else None
    if running is None or running.type != "InProgress" or not running.flow_jobs or state.restarted_from is not None:
        return encode(state)
    short = msgspec.structs.replace(
        running, flow_jobs=running.flow_jobs[:1], flow_jobs_success=None, flow_jobs_duration=None
    )
    modules = state.modules.copy()
    modules[state.step] = short
    return encode(msgspec.structs.replace(state, modules=modules))


def decode(text: str) -> FlowState:
    """The status of a document."""
    return _decoder.decode(text)
