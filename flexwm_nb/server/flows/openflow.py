"""An OpenFlow document as values: what is checked when a flow is sent, and what only when a module starts.

As in Windmill a module's `value` is read when the module starts; until then its presence alone is checked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from flexwm_nb.server.scripts.languages import Language
from flexwm_nb.server.web import serde
from flexwm_nb.server.web.failures import Failure

Unsigned: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Short: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**16 - 1)]
Priority: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**15), le=2**15 - 1)]
Percent: TypeAlias = Annotated[int, msgspec.Meta(ge=-128, le=127)]

NULL = msgspec.Raw(b"null")
OLD_TRANSFORMS, TRANSFORMS = b'"input_transform"', b'"input_transforms"'


class Static(msgspec.Struct, tag_field="type", tag="static", frozen=True):
    """A value as it stands."""

    value: msgspec.Raw = NULL


class JavaScript(msgspec.Struct, tag_field="type", tag="javascript", frozen=True):
    """An expression."""

    expr: str = ""


class Ai(msgspec.Struct, tag_field="type", tag="ai", frozen=True):
    """A value that an agent finds."""


Transform: TypeAlias = Static | JavaScript | Ai
Transforms: TypeAlias = dict[str, Transform]


class StopAfterIf(msgspec.Struct, frozen=True):
    """When the flow ends early."""

    expr: str
    skip_if_stopped: bool
    error_message: str | None = None
    error_include_result: bool = False


class SkipIf(msgspec.Struct, frozen=True):
    """When a module is passed over."""

    expr: str


class RetryIf(msgspec.Struct, frozen=True):
    """Which failures are tried again."""

    expr: str


class Constant(msgspec.Struct, frozen=True):
    """Tries again after the same time each."""

    attempts: Unsigned = 0
    seconds: Short = 0


class Exponential(msgspec.Struct, frozen=True):
    """Tries again after growing times."""

    attempts: Unsigned = 0
    multiplier: Short = 1
    seconds: Short = 0
    random_factor: Percent | None = None


class Retry(msgspec.Struct, frozen=True):
    """How a failed module is tried again: the constant attempts first."""

    constant: Constant = Constant()
    exponential: Exponential = Exponential()
    retry_if: RetryIf | None = None


class Suspend(msgspec.Struct, frozen=True):
    """What the flow waits for after the module."""

    required_events: Unsigned | None = None
    timeout: Unsigned | None = None  # seconds
    resume_form: Any = None
    user_auth_required: bool | None = None
    user_groups_required: Transform | None = None
    self_approval_disabled: bool | None = None
    hide_cancel: bool | None = None
    continue_on_disapprove_timeout: bool | None = None


class Mock(msgspec.Struct, frozen=True):
    """What a module returns without running."""

    enabled: bool | None = None
    return_value: msgspec.Raw = NULL


class Module(msgspec.Struct, frozen=True):
    """One node of a flow."""

    value: msgspec.Raw
    id: str = ""
    stop_after_if: StopAfterIf | None = None
    stop_after_all_iters_if: StopAfterIf | None = None
    summary: str | None = None
    suspend: Suspend | None = None
    mock: Mock | None = None
    retry: Retry | None = None
    sleep: Transform | None = None
    cache_ttl: Unsigned | None = None  # seconds
    cache_ignore_s3_path: bool | None = None
    timeout: int | Transform | None = None  # seconds
    priority: Priority | None = None
    delete_after_use: bool | None = None
    delete_after_secs: int | None = None
    continue_on_error: bool | None = None
    skip_if: SkipIf | None = None
    apply_preprocessor: bool | None = None
    pass_flow_input_directly: bool | None = None
    debouncing: Any = None


class Flow(msgspec.Struct, frozen=True):
    """A flow's value."""

    modules: list[Module]
    failure_module: Module | None = None
    preprocessor_module: Module | None = None
    same_worker: bool = False
    preserve_step_tags: bool | None = None
    concurrent_limit: int | None = None
    concurrency_key: str | None = None
    concurrency_time_window_s: int | None = None
    debounce_delay_s: int | None = None
    debounce_key: str | None = None
    debounce_args_to_accumulate: list[str] | None = None
    max_total_debouncing_time: int | None = None
    max_total_debounces_amount: int | None = None
    skip_expr: str | None = None
    cache_ttl: Unsigned | None = None  # seconds
    cache_ignore_s3_path: bool | None = None
    early_return: str | None = None
    flow_env: dict[str, msgspec.Raw] | None = None
    priority: Priority | None = None
    chat_input_enabled: bool | None = None
    delete_after_use: bool | None = None
    delete_after_secs: int | None = None


class RawScript(msgspec.Struct, tag_field="type", tag="rawscript", frozen=True):
    """A step with its own code."""

    content: str
    language: Language
    input_transforms: Transforms = msgspec.field(default_factory=dict)
    path: str | None = None
    lock: str | None = None
    tag: str | None = None
    custom_concurrency_key: str | None = None
    concurrent_limit: int | None = None
    concurrency_time_window_s: int | None = None


class PathScript(msgspec.Struct, tag_field="type", tag="script", frozen=True):
    """A step that runs a registered script."""

    path: str
    input_transforms: Transforms = msgspec.field(default_factory=dict)
    hash: str | None = None
    tag_override: str | None = None


class PathFlow(msgspec.Struct, tag_field="type", tag="flow", frozen=True):
    """A step that runs a deployed flow."""

    path: str
    input_transforms: Transforms = msgspec.field(default_factory=dict)


class ForLoop(msgspec.Struct, tag_field="type", tag="forloopflow", frozen=True):
    """Modules that run once for each item."""

    iterator: Transform
    modules: list[Module]
    skip_failures: bool = False
    parallel: bool = False
    parallelism: int | Transform | None = None
    squash: bool | None = None


class WhileLoop(msgspec.Struct, tag_field="type", tag="whileloopflow", frozen=True):
    """Modules that run until something ends the loop."""

    modules: list[Module]
    skip_failures: bool = False
    squash: bool | None = None


class Branch(msgspec.Struct, frozen=True):
    """One of several lists of modules."""

    modules: list[Module]
    expr: str = "false"
    summary: str | None = None
    skip_failure: bool = False
    parallel: bool | None = None


class BranchOne(msgspec.Struct, tag_field="type", tag="branchone", frozen=True):
    """The first branch whose predicate holds, else the default."""

    branches: list[Branch]
    default: list[Module]


class BranchAll(msgspec.Struct, tag_field="type", tag="branchall", frozen=True):
    """Every branch."""

    branches: list[Branch]
    parallel: bool = True


class Identity(msgspec.Struct, tag_field="type", tag="identity", frozen=True):
    """A step that hands on what it gets."""


class AiAgent(msgspec.Struct, tag_field="type", tag="aiagent", frozen=True):
    """A step that a language model carries out with tools."""

    tools: list[Any]
    input_transforms: Transforms = msgspec.field(default_factory=dict)


Value: TypeAlias = RawScript | PathScript | PathFlow | ForLoop | WhileLoop | BranchOne | BranchAll | Identity | AiAgent
KINDS: dict[str, type[msgspec.Struct]] = {
    "script": PathScript,
    "rawscript": RawScript,
    "flow": PathFlow,
    "forloopflow": ForLoop,
    "whileloopflow": WhileLoop,
    "branchone": BranchOne,
    "branchall": BranchAll,
    "identity": Identity,
    "aiagent": AiAgent,
}
Kind = Literal[
    "script", "flow", "forloopflow", "whileloopflow", "branchone", "branchall", "rawscript", "identity", "aiagent"
]


def bodies(value: Value) -> list[list[Module]]:
    """The lists of modules inside of a module's value, in order."""
    if isinstance(value, ForLoop | WhileLoop):
        return [value.modules]
    if not isinstance(value, BranchOne | BranchAll):
        return []
    found = [branch.modules for branch in value.branches]
    return [*found, value.default] if isinstance(value, BranchOne) else found


class BadModule(ValueError):
    """A module's value cannot be read; the text is serde's."""


class _Tagged(msgspec.Struct):
    type: Kind


@lru_cache(maxsize=512)
def read_flow(text: str) -> Flow:
    """The flow of a JSON document. Raises Failure 422 in serde's words."""
    return serde.decode(text.encode(), Flow)


def read_value(raw: msgspec.Raw) -> Value:
    """What a module does. Raises BadModule."""
    data = bytes(raw)
    if OLD_TRANSFORMS in data and TRANSFORMS not in data:
        data = data.replace(OLD_TRANSFORMS, TRANSFORMS)
    return _read_value(data)


@lru_cache(maxsize=512)
def _read_value(data: bytes) -> Value:
    try:
        kind = serde.decode(data, _Tagged).type
        found: Any = serde.decode(data, KINDS[kind])
    except Failure as failure:
        raise BadModule(_bare(failure.text)) from None
    return found  # type: ignore[no-any-return]


def _bare(text: str) -> str:
    """What serde says, without where in the document they hold."""
    text = text.removeprefix(serde.BODY).rpartition(" at line ")[0] or text
    return text.removeprefix("type: ")
