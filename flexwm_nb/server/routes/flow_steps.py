"""What the steps of a flow's run returned and wrote."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.flows import step_logs, step_results
from flexwm_nb.server.jobs import job_views
from flexwm_nb.server.jobs.job_ids import NIL, id_in_url
from flexwm_nb.server.routes.jobs import ResultQuery, find, job_id, pick, readable
from flexwm_nb.server.web.failures import missing, not_found
from flexwm_nb.server.web.http import as_json, context, plain, query, raw_json, workspace


async def result_by_id(request: Request) -> Response:
    """The result of a step, or the part of it that `json_path` names."""
    flow, step = id_in_url(request.path_params["flow"], "flow_job_id"), request.path_params["step"]
    result = step_results.find(context(request), workspace(request), flow, step)
    path = query(request, ResultQuery).json_path
    return raw_json(result if path is None else json.dumps(pick(json.loads(result), path), ensure_ascii=False))


async def debug_info(request: Request) -> Response:
    """The job of each step of a flow that has not ended."""
    identifier, where, database = job_id(request), workspace(request), context(request).database
    row = database.one("steps_flow", workspace=where, id=identifier)
    if row is None or job_views.is_completed(row):
        raise not_found(f"QueuedJob {identifier} not found")
    find(request, "job_state")
    found = {}
    for module in step_results.modules(context(request), row):
        job = module.get("job")
        whole = None if job in (None, NIL) else database.one("job_read", workspace=where, id=job)
        if whole is not None:
            found[module["id"]] = job_views.document(whole)
    return as_json(found)


async def _logs(request: Request) -> list[step_logs.Entry]:
    identifier = job_id(request)
    row = context(request).database.one("job_state", id=identifier, workspace=workspace(request))
    if row is None:
        raise missing("Job", identifier)
    readable(request, row)
    return await step_logs.collect(context(request), workspace(request), identifier)


async def all_logs(request: Request) -> Response:
    """The logs of a flow and all its steps as one text."""
    return plain(step_logs.as_text(await _logs(request)))


async def all_logs_structured(request: Request) -> Response:
    """The logs of a flow and all its steps, one entry a job."""
    return as_json(await _logs(request))


routes = [
    Route("/w/{workspace}/jobs/result_by_id/{flow}/{step}", result_by_id, methods=["GET"]),
    Route("/w/{workspace}/jobs_u/get_flow_debug_info/{id}", debug_info, methods=["GET"]),
    Route("/w/{workspace}/jobs_u/get_flow_all_logs/{id}", all_logs, methods=["GET"]),
    Route("/w/{workspace}/jobs_u/get_flow_all_logs_structured/{id}", all_logs_structured, methods=["GET"]),
]
