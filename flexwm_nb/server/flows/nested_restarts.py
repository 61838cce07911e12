"""Taking a run up again inside of its loops, branches and flows: which jobs of the old run are followed on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from flexwm_nb.server.flows.openflow import BadModule, BranchAll, BranchOne, ForLoop, PathFlow, WhileLoop
from flexwm_nb.server.interpreter.nodes import Node, Place, node
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import Failure, bad_request

Find = Callable[[str], Row | None]  # a job's record, by its id


class NestedStep(msgspec.Struct, kw_only=True):
    """A step inside of the one before it in the path."""

    step_id: str
    branch_or_iteration_n: int | None = None


def resolve(find: Find, run: Row, modules: Node, place: dict[str, Any], path: list[NestedStep]) -> dict[str, Any]:
    """The place in a run of these modules, with the places below it and the branches that were taken on the way.

    Raises Failure 400 in Windmill's words for a step that is not there and for one that nothing can be taken up in.
    """
    step_id, status = place["step_id"], json.loads(run["flow_status"] or "{}")
    old = next((module for module in status.get("modules", ()) if module["id"] == step_id), None)
    if old is None:
        raise bad_request(f"step '{step_id}' not found in original run for job {run['id']}")
    number = next((number for number, module in enumerate(modules.modules) if module.id == step_id), None)
    if number is None:
        raise bad_request(f"step '{step_id}' not found in flow definition for job {run['id']}")
    if not path:
        return place
    job, inside = _enter(find, old, modules, number, place.get("branch_or_iteration_n") or 0)
    below = {"flow_job_id": job["id"], **msgspec.to_builtins(path[0])}
    chosen = {"branch_chosen": old["branch_chosen"]} if old.get("branch_chosen") else {}
    return {**place, **chosen, "nested": resolve(find, job, inside, below, path[1:])}


def _enter(find: Find, old: dict[str, Any], modules: Node, number: int, iteration: int) -> tuple[Row, Node]:
    """The job of a module's flow, and its modules. Raises Failure 400."""
    step_id = old["id"]
    try:
        value = modules.value(number)
    except BadModule as problem:
        raise bad_request(f"step '{step_id}' cannot be read: {problem}") from None
    if isinstance(value, ForLoop):
        job: str | None = _iteration(old, value, iteration)
        place: Place | None = Place(number, None, iteration)
    elif isinstance(value, BranchOne):
        chosen = old.get("branch_chosen") or {}
        branch = chosen.get("branch", -1) if chosen.get("type") == "branch" else -1
        job, place = old.get("job"), Place(number, branch, branch + 1)
    elif isinstance(value, PathFlow):
        job, place = old.get("job"), None
    elif isinstance(value, (BranchAll, WhileLoop)):
        name = "BranchAll" if isinstance(value, BranchAll) else "WhileLoop"
        raise bad_request(f"Restart inside a {name} step ('{step_id}') is not supported")
    else:
        raise _no_container(step_id)
    row = find(job) if job else None
    if row is None or row["flow_status"] is None:
        raise _no_container(step_id) if row else bad_request(f"step '{step_id}' has no child job in original run")
    return row, node(row["raw_flow"]) if place is None else modules.child(place)


def _iteration(old: dict[str, Any], value: ForLoop, number: int) -> str:
    """The job of an iteration. Raises Failure 400."""
    step_id, jobs = old["id"], old.get("flow_jobs") or []
    if value.parallel:
        raise bad_request(f"Restart inside a parallel ForLoop is not supported (step '{step_id}')")
    if number >= len(jobs):
        text = f"ForLoop step '{step_id}' has only {len(jobs)} iterations; cannot restart at iteration {number}"
        raise bad_request(text)
    return str(jobs[number])


def _no_container(step_id: str) -> Failure:
    what = "(BranchOne / sequential ForLoop / Subflow); cannot have a nested restart"
    return bad_request(f"step '{step_id}' is not a container {what}")
