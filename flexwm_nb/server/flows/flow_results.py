"""The result of a step by its id, as expressions of a run see it.

The run's own modules come first, then those inside its loops that went one by one (the last iteration in which the
step has ended counts) and inside its branches, then those of the run above, up to the root. In a loop a step that comes
later has its result of an earlier iteration, as in Windmill.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from flexwm_nb.server.clock import parse_time
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
    bodies,
    read_value,
)
from flexwm_nb.server.interpreter.nodes import Body, inner
from flexwm_nb.server.interpreter.state import NIL, Durations, FlowState, ModuleState

StatusOf = Callable[[str], FlowState | None]  # by the flow's job

MOST_ITERATIONS = 200
MILLISECOND = 1_000  # microseconds
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
    for place, (branch, job) in enumerate(_jobs_inside(value, module)):
        if not _holds(value, branch, step_id):
            continue
        status = status_of(job)
        if status is None and place:  # these jobs are the scripts themselves
            return None
        found = None if status is None else _within(status_of, body.body(number, branch), status, step_id)
        if found is not None:
            return found
    return None


def _jobs_inside(value: Value, module: ModuleState) -> list[tuple[int | None, str]]:
    """The flows inside a module in which a step may be looked for, the latest first, each with its branch.

    None of them are those of a loop that goes all at once, and in a long loop only the last ones are looked at.
    """
    jobs = module.flow_jobs or []
    if isinstance(value, (ForLoop, WhileLoop)):
        seen = [] if isinstance(value, ForLoop) and value.parallel else jobs[-MOST_ITERATIONS:]
        return [(None, job) for job in reversed(seen)]
    if isinstance(value, BranchOne) and module.branch_chosen is not None:
        return [(-1 if module.branch_chosen.branch is None else module.branch_chosen.branch, module.job or "")]
    if isinstance(value, BranchAll):
        order = sorted(range(len(jobs)), key=lambda branch: _end(module, branch), reverse=True)
        return [(branch, jobs[branch]) for branch in order]
    return []


def _end(module: ModuleState, branch: int) -> tuple[int, int]:
    """When a branch has ended; one that runs counts as the first."""
    durations = module.flow_jobs_duration or Durations()
    started = durations.started_at[branch] if branch < len(durations.started_at) else None
    took = durations.duration_ms[branch] if branch < len(durations.duration_ms) else None
    if started is None or took is None:
        return 0, branch
    return parse_time(started) + took * MILLISECOND, branch


def _holds(value: Value, branch: int | None, step_id: str) -> bool:
    return step_id in _ids(tuple(inner(value, branch)))


@lru_cache(maxsize=512)
def _ids_of(value: bytes) -> frozenset[str]:
    found: set[str] = set()
    try:
        read = read_value(msgspec.Raw(value))
    except BadModule:
        return frozenset()
    for modules in bodies(read):
        found |= _ids(tuple(modules))
    return frozenset(found)


def _ids(modules: tuple[Module, ...]) -> frozenset[str]:
    """The ids of these modules and of those inside them."""
    return frozenset().union({module.id for module in modules}, *(_ids_of(bytes(module.value)) for module in modules))
