"""The result of a step by its id, as expressions of a run see it.

The run's own modules come first, then those inside its loops and branches that went one by one (the last iteration
counts), then those of the run above, up to the root.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from flexwm_nb.server.expressions import ExpressionError
from flexwm_nb.server.flows.flow_run import FlowRun
from flexwm_nb.server.flows.openflow import (
    BadModule,
    BranchAll,
    BranchOne,
    ForLoop,
    Module,
    Value,
    WhileLoop,
    read_value,
)
from flexwm_nb.server.interpreter.nodes import Body, inner
from flexwm_nb.server.interpreter.state import NIL, FlowState, ModuleState

StatusOf = Callable[[str], FlowState | None]  # by the flow's job

ENDED = frozenset({"Success", "Failure"})
UNREADABLE = "Failed to fetch result for step '{}'"


def find(status_of: StatusOf, run: FlowRun, status: FlowState, step_id: str) -> list[str] | str | None:
    """The job that returned it, the jobs of a list, None where there is no such step. Raises ExpressionError."""
    above: FlowRun | None = run
    while above is not None:
        found = _within(status_of, above.node.body, status, step_id)
        if found is not None:
            return found
        above = above.above
        status = above.state if above is not None else status
    return None


def _within(status_of: StatusOf, body: Body, status: FlowState, step_id: str) -> list[str] | str | None:
    for number in range(len(status.modules) - 1, -1, -1):
        module = status.modules[number]
        if module.id == step_id and module.type in ENDED:
            return _jobs(module)
    for number in range(min(status.step, len(status.modules) - 1), -1, -1):
        found = _inside(status_of, body, status.modules[number], number, step_id)
        if found is not None:
            return found
    return None


def _jobs(module: ModuleState) -> list[str] | str:
    if module.many:
        return module.flow_jobs or []
    if module.job in (None, NIL):
        raise ExpressionError(UNREADABLE.format(module.id))
    return module.job or ""


def _inside(status_of: StatusOf, body: Body, module: ModuleState, number: int, step_id: str) -> list[str] | str | None:
    """The same for a step that stands inside one of the modules."""
    if module.job in (None, NIL) or module.type == "WaitingForPriorSteps":
        return None
    try:
        value = body.value(number)
    except BadModule:
        return None
    branch = _branch(value, module, step_id)
    if branch is _NOWHERE:
        return None
    last = status_of((module.flow_jobs or [module.job or ""])[-1])
    return None if last is None else _within(status_of, body.body(number, branch), last, step_id)


_NOWHERE = -2


def _branch(value: Value, module: ModuleState, step_id: str) -> int | None:
    """The branch inside which the step stands (None = a loop's body), _NOWHERE when none does or it is not seen."""
    if isinstance(value, (ForLoop, WhileLoop)):
        parallel = isinstance(value, ForLoop) and value.parallel
        return _NOWHERE if parallel or not _holds(value, None, step_id) else None
    if isinstance(value, BranchOne) and module.branch_chosen is not None:
        chosen = -1 if module.branch_chosen.branch is None else module.branch_chosen.branch
        return chosen if _holds(value, chosen, step_id) else _NOWHERE
    if isinstance(value, BranchAll) and not value.parallel and value.branches:
        last = max(len(module.flow_jobs or []) - 1, 0)
        return last if _holds(value, last, step_id) else _NOWHERE
    return _NOWHERE


def _holds(value: Value, branch: int | None, step_id: str) -> bool:
    return step_id in _ids(tuple(inner(value, branch)))


@lru_cache(maxsize=512)
def _ids_of(value: bytes) -> frozenset[str]:
    found: set[str] = set()
    try:
        read = read_value(msgspec.Raw(value))
    except BadModule:
        return frozenset()
    bodies: list[list[Module]] = []
    if isinstance(read, (ForLoop, WhileLoop)):
        bodies = [read.modules]
    elif isinstance(read, BranchOne):
        bodies = [read.default, *(branch.modules for branch in read.branches)]
    elif isinstance(read, BranchAll):
        bodies = [branch.modules for branch in read.branches]
    for modules in bodies:
        found |= _ids(tuple(modules))
    return frozenset(found)


def _ids(modules: tuple[Module, ...]) -> frozenset[str]:
    """The ids of these modules and of those inside them."""
    return frozenset().union({module.id for module in modules}, *(_ids_of(bytes(module.value)) for module in modules))
