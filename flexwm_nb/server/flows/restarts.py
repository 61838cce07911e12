"""The status that a run of a flow starts with, also where another run is taken up again. Pure.

What stands before the step is kept with its jobs, whose results count again even if the arguments differ; the step and
what comes after it start anew. A loop or all branches, when they go one by one, may be taken up at an iteration: those
before it are kept.
"""

from __future__ import annotations

from typing import Any

from flexwm_nb.server.flows.openflow import BadModule, BranchAll, ForLoop, Module, Value, WhileLoop, read_value
from flexwm_nb.server.interpreter import state
from flexwm_nb.server.interpreter.nodes import Node, Place, node
from flexwm_nb.server.web.failures import Failure, internal

Status = dict[str, Any]
TIMES = ("started_at", "duration_ms")
KINDS: tuple[tuple[type, str], ...] = ((ForLoop, "For-loop"), (WhileLoop, "While-loop"), (BranchAll, "Branch-all"))
UNFINISHED = "Flow cannot be restarted before it has ended: cancel it first, or wait"


def new_status(text: str, *, preprocess: bool = False) -> str:
    """The status of a run of a flow, given as JSON, that has not started. Raises Failure 422.

    With `preprocess` its preprocessor comes first.
    """
    found = node(text)
    names = [module.id for module in found.modules]
    return state.encode(state.initial(names, preprocess=preprocess, chat=found.flow.chat_input_enabled))


def initial_status(old: Status, found: Node, restarted_from: dict[str, Any]) -> Status:
    """The status of a run of these modules that goes on from another one's.

    Raises Failure 500 in Windmill's words for a step that is not there, a module before it that did not succeed and an
    iteration that cannot be taken up.
    """
    step_id, number = restarted_from["step_id"], restarted_from.get("branch_or_iteration_n") or 0
    modules = found.modules  # with the hidden one after a last module that waits
    place = next((place for place, module in enumerate(modules) if module.id == step_id), None)
    known = {module["id"]: module for module in old.get("modules", ())}
    if place is None or step_id not in known:
        raise internal(f"Flow cannot be restarted from step {step_id} as it could not be found.")
    kept = [_kept(known.get(module.id), module.id) for module in modules[:place]]
    waiting = [{"type": "WaitingForPriorSteps", "id": module.id} for module in modules[place:]]
    if number > 0:
        waiting[0] = _iterations(known[step_id], modules[place], number)
    status = {
        "step": place,
        "modules": [*kept, *waiting],
        "failure_module": {"type": "WaitingForPriorSteps", "id": "failure"},
        "preprocessor_module": None,
        "cleanup_module": {},
        "restarted_from": restarted_from,
    }
    return status | ({"user_states": old["user_states"]} if old.get("user_states") else {})


def _kept(module: Status | None, step_id: str) -> Status:
    """A module before the step, which must have succeeded."""
    if module is None:
        raise internal(f"Flow cannot be restarted: step {step_id} has not run, it is new in this version")
    if module["type"] != "Success":
        raise internal("Flow cannot be restarted from a non successful module")
    return module


def _iterations(old: Status, module: Module, number: int) -> Status:
    """The status of a loop or of all branches whose first iterations are kept."""
    try:
        value = read_value(module.value)
    except BadModule as problem:
        raise internal(f"Module {module.id} cannot be restarted: {problem}") from None
    name = _check_kind(value, module.id)
    jobs = old.get("flow_jobs") or []
    if number >= len(jobs):
        what = "branches" if isinstance(value, BranchAll) else "iterations"
        place = "branch" if isinstance(value, BranchAll) else "iteration"
        raise internal(
            f"{name} module {module.id} doesn't cannot be restarted on {place} number {number} as it has only "
            f"{len(jobs)} {what}"
        )
    found: Status = {"type": "InProgress", "id": module.id, "job": jobs[number - 1]}
    found |= {"flow_jobs": jobs[:number], "flow_jobs_success": _first(old.get("flow_jobs_success"), number)}
    durations = old.get("flow_jobs_duration") or {}
    found["flow_jobs_duration"] = {key: _first(durations.get(key), number) for key in TIMES}
    if isinstance(value, BranchAll):
        return {**found, "branchall": {"branch": number - 1, "len": len(value.branches)}}
    found["iterator"] = {"index": number - 1}
    return {**found, "while_loop": True} if isinstance(value, WhileLoop) else found


def _first(values: list[Any] | None, number: int) -> list[Any]:
    """So many of the values, null for those that are missing."""
    known = (values or [])[:number]
    return known + [None] * (number - len(known))


def _check_kind(value: Value, step_id: str) -> str:
    """How Windmill calls the module's kind. Raises Failure 500 unless it goes one by one."""
    name = next((name for kind, name in KINDS if isinstance(value, kind)), None)
    if name is None:
        raise internal(f"Module {step_id} is neither a loop nor all of several branches: it has no iterations")
    if getattr(value, "parallel", False):
        raise internal(f"{name} module {step_id} is parallel. It can only be restarted as a whole, without a number")
    return name


def below(status: state.FlowState, step_id: str, place: Place | None) -> dict[str, Any] | None:
    """Where the flow that a module pushes is to be taken up, None where it starts anew."""
    wanted = status.restarted_from or {}
    if wanted.get("step_id") != step_id or not wanted.get("nested"):
        return None
    if place is not None and place.branch is None and place.number != (wanted.get("branch_or_iteration_n") or 0):
        return None
    nested: dict[str, Any] = wanted["nested"]
    return nested


def unfinished() -> Failure:
    """500, the run that is to be taken up has not ended."""
    return internal(UNFINISHED)
