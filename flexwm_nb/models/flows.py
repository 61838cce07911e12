"""Flows: the OpenFlow document of Windmill 1.743. What is unknown in it is kept: reading and writing loses nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union

from pydantic import Field

from flexwm_nb.models.wire import Wire

Place = tuple[str | int, ...]  # keys and numbers that lead to a part of a document

OPENFLOW = "application/vnd.windmill.openflow+json"  # the MIME type of a document that a page may draw


class Transform(Wire):
    """Where an input's value comes from: it stands there, or a JavaScript expression gives it."""

    type: Literal["static", "javascript", "ai"]
    value: Any = None  # static
    expr: str = ""  # javascript


class Expression(Wire):
    """A JavaScript expression that decides something."""

    expr: str


class StopAfterIf(Wire):
    """When a flow ends early after a step, and how."""

    expr: str
    skip_if_stopped: bool = False
    error_message: str | None = None
    error_include_result: bool | None = None


class Attempts(Wire):
    """One way of trying again."""

    attempts: int = 0
    seconds: int = 0
    multiplier: int = 1  # exponential
    random_factor: int | None = None  # exponential, percent


class Retry(Wire):
    """How often a failed step is tried again: first the constant tries, then the exponential ones."""

    constant: Attempts | None = None
    exponential: Attempts | None = None
    retry_if: Expression | None = None


class Suspend(Wire):
    """What is waited for after a step: events, such as approvals."""

    required_events: int | None = None
    timeout: int | None = None  # seconds
    resume_form: dict[str, Any] | None = None  # {schema}
    user_auth_required: bool | None = None
    user_groups_required: Any = None  # a list, or a Transform
    self_approval_disabled: bool | None = None
    hide_cancel: bool | None = None
    continue_on_disapprove_timeout: bool | None = None


class Mock(Wire):
    """A value in place of what the step would do."""

    enabled: bool = False
    return_value: Any = None


class RawScript(Wire):
    """Code that stands in the flow."""

    type: Literal["rawscript"]
    content: str
    language: str
    input_transforms: dict[str, Transform] = Field(default_factory=dict)
    path: str | None = None
    lock: str | None = None
    tag: str | None = None
    concurrent_limit: int | None = None
    concurrency_time_window_s: int | None = None
    custom_concurrency_key: str | None = None


class PathScript(Wire):
    """A registered script, its current version or the one of a hash."""

    type: Literal["script"]
    path: str
    input_transforms: dict[str, Transform] = Field(default_factory=dict)
    hash: str | None = None
    tag_override: str | None = None


class PathFlow(Wire):
    """A registered flow."""

    type: Literal["flow"]
    path: str
    input_transforms: dict[str, Transform] = Field(default_factory=dict)


class ForLoop(Wire):
    """Modules that run once for each item of a list."""

    type: Literal["forloopflow"]
    iterator: Transform
    modules: list[FlowModule]
    skip_failures: bool = False
    parallel: bool | None = None
    parallelism: Any = None  # a number, or a Transform
    squash: bool | None = None


class WhileLoop(Wire):
    """Modules that run again and again until something stops them."""

    type: Literal["whileloopflow"]
    modules: list[FlowModule]
    skip_failures: bool = False
    parallel: bool | None = None
    parallelism: Any = None
    squash: bool | None = None


class Branch(Wire):
    """Modules that run under a condition, or beside others."""

    modules: list[FlowModule]
    summary: str | None = None
    expr: str | None = None  # branchone: taken when true
    skip_failure: bool | None = None  # branchall
    parallel: bool | None = None


class BranchOne(Wire):
    """The first branch whose condition holds, else the default one."""

    type: Literal["branchone"]
    branches: list[Branch]
    default: list[FlowModule]


class BranchAll(Wire):
    """All branches, at once unless `parallel` is false."""

    type: Literal["branchall"]
    branches: list[Branch]
    parallel: bool | None = None


class Identity(Wire):
    """The result of the step before, passed on."""

    type: Literal["identity"]
    flow: bool | None = None


class AiAgent(Wire):
    """An agent with tools."""

    type: Literal["aiagent"]
    tools: list[dict[str, Any]]
    input_transforms: dict[str, Transform] = Field(default_factory=dict)


ModuleValue = Annotated[
    Union[RawScript, PathScript, PathFlow, ForLoop, WhileLoop, BranchOne, BranchAll, Identity, AiAgent],  # noqa: UP007
    Field(discriminator="type"),
]


class FlowModule(Wire):
    """One step of a flow."""

    id: str = ""
    value: ModuleValue
    summary: str | None = None
    stop_after_if: StopAfterIf | None = None
    stop_after_all_iters_if: StopAfterIf | None = None
    skip_if: Expression | None = None
    sleep: Transform | None = None  # seconds, before the next step
    suspend: Suspend | None = None
    timeout: Any = None  # seconds, or a Transform
    retry: Retry | None = None
    mock: Mock | None = None
    continue_on_error: bool | None = None
    cache_ttl: int | None = None  # seconds
    delete_after_secs: int | None = None
    priority: int | None = None


class FlowValue(Wire):
    """What a flow does."""

    modules: list[FlowModule]
    failure_module: FlowModule | None = None
    preprocessor_module: FlowModule | None = None
    same_worker: bool | None = None
    skip_expr: str | None = None
    early_return: str | None = None  # the id of a step
    flow_env: dict[str, Any] | None = None
    concurrent_limit: int | None = None
    concurrency_key: str | None = None
    concurrency_time_window_s: int | None = None
    cache_ttl: int | None = None  # seconds
    priority: int | None = None


with warnings.catch_warnings():  # pydantic's own, long deprecated, `schema` method gives way to Windmill's field
    warnings.filterwarnings("ignore", message='Field name "schema"', category=UserWarning)

    class OpenFlow(Wire):
        """A flow with its texts and the schema of its inputs."""

        value: FlowValue
        summary: str = ""
        description: str = ""
        schema: dict[str, Any] | None = None  # type: ignore[assignment]


def bodies(value: Any) -> list[list[FlowModule]]:
    """The lists of modules inside of a module's value, in order."""
    return [body for _, body in placed_bodies(value)]


def placed_bodies(value: Any) -> list[tuple[Place, list[FlowModule]]]:
    """The same lists, each with where it stands in the value's document."""
    if isinstance(value, ForLoop | WhileLoop):
        return [(("modules",), value.modules)]
    if not isinstance(value, BranchOne | BranchAll):
        return []
    found: list[tuple[Place, list[FlowModule]]] = [
        (("branches", number, "modules"), branch.modules) for number, branch in enumerate(value.branches)
    ]
    return [*found, (("default",), value.default)] if isinstance(value, BranchOne) else found


def walk(modules: list[FlowModule]) -> Iterator[FlowModule]:
    """Each module, those inside of loops and branches after the one that holds them."""
    for module in modules:
        yield module
        for body in bodies(module.value):
            yield from walk(body)


def walk_places(modules: list[FlowModule], place: Place) -> Iterator[tuple[Place, FlowModule]]:
    """Each module in the same order with its place in a document, where the list stands at this place."""
    for number, module in enumerate(modules):
        here = (*place, number)
        yield here, module
        for inner, body in placed_bodies(module.value):
            yield from walk_places(body, (*here, "value", *inner))


def all_modules(value: FlowValue) -> Iterator[FlowModule]:
    """Each module of a flow; preprocessor first, failure handler last."""
    ends = [value.preprocessor_module], [value.failure_module]
    yield from (module for module in ends[0] if module is not None)
    yield from walk(value.modules)
    yield from (module for module in ends[1] if module is not None)
