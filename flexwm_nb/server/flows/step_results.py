"""The result of a flow's step by its id, whichever of the flow's own flows (loops, branches) it stands in.

As on Windmill a step inside a loop that goes one by one, or inside a branch, is found from outside, the last iteration
counting; one inside a parallel loop or a `flow` module is not. What is not in the flow is looked for in the flow that
it is a part of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flexwm_nb.server.context import Context
from flexwm_nb.server.jobs.job_ids import NIL
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import Failure, not_found

Module = dict[str, Any]


def find(parts: Context, workspace: str, flow_job: str, step: str) -> str:
    """The result as JSON text. Raises Failure 404."""
    flow: Row | None = _flow(parts, workspace, flow_job)
    if flow is None:
        raise not_found(f"Job {flow_job} not found")
    while flow is not None:
        found = _within(parts, workspace, flow, step)
        if found is not None:
            return _result(parts, workspace, found)
        flow = _flow(parts, workspace, flow["parent_job"]) if flow["parent_job"] else None
    raise _nowhere(flow_job, step)


def _nowhere(flow_job: str, step: str) -> Failure:
    return not_found(f"Flow result by id not found going top-down in subflows (currently: {flow_job}), (id: {step})")


def _flow(parts: Context, workspace: str, job: str) -> Row | None:
    return parts.database.one("steps_flow", workspace=workspace, id=job)


def modules(parts: Context, flow: Row) -> list[Module]:
    """What the flow's status says of its modules, the failure module included; of one that goes on, as it is now."""
    status = json.loads(parts.flows.status(flow["id"], flow["flow_status"]) or flow["flow_status"] or "{}")
    found = [*status.get("modules", ()), status.get("failure_module"), status.get("preprocessor_module")]
    return [module for module in found if module]


def _within(parts: Context, workspace: str, flow: Row, step: str) -> Module | None:
    """The module of that id in the flow, or in the flows that it consists of."""
    known = modules(parts, flow)
    for module in known:
        if module.get("id") == step and module.get("job"):
            return module
    for job in _inner(known):
        inner = _flow(parts, workspace, job)
        if inner is not None and (found := _within(parts, workspace, inner, step)) is not None:
            return found
    return None


def _inner(known: list[Module]) -> Iterator[str]:
    """The last job of each loop and branch that goes one by one."""
    for module in known:
        jobs = module.get("flow_jobs") or []
        if not module.get("parallel") and (job := jobs[-1] if jobs else module.get("job")) not in (None, NIL):
            yield job


def _result(parts: Context, workspace: str, module: Module) -> str:
    """What a module returned: of a loop or of all branches the list."""
    jobs = module.get("flow_jobs")
    if jobs is None or module.get("branch_chosen"):
        return _one(parts, workspace, jobs[-1] if jobs else module["job"])
    return f"[{', '.join(_one(parts, workspace, job) for job in jobs)}]"


def _one(parts: Context, workspace: str, job: str) -> str:
    row = parts.database.one("job_outcome", workspace=workspace, id=job)
    return "null" if row is None or row["result"] is None else str(row["result"])
