"""Following a job: what is new since the last question, or every update as it happens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.jobs import job_events
from flexwm_nb.server.jobs.job_events import UpdateQuery
from flexwm_nb.server.routes.jobs import job_id, readable
from flexwm_nb.server.web.failures import not_found
from flexwm_nb.server.web.http import as_json, context, query, workspace


async def get_update(request: Request) -> Response:
    """What is new. Raises Failure 404 for an unknown job."""
    identifier = job_id(request)
    row = context(request).database.one("job_state", id=identifier, workspace=workspace(request))
    if row is None:
        raise not_found(f"Job {identifier} not found")
    return as_json(await job_events.since(context(request), readable(request, row), query(request, UpdateQuery)))


async def follow(request: Request) -> Response:
    """Every update until the job's end. Raises Failure 404 for an unknown job."""
    identifier, known = job_id(request), query(request, UpdateQuery)
    row = context(request).database.one("job_state", id=identifier, workspace=workspace(request))
    if row is None:
        raise not_found(f"Job {identifier} not found")
    readable(request, row)
    return job_events.response(request, identifier, known)


routes = [
    Route("/w/{workspace}/jobs_u/getupdate/{id}", get_update, methods=["GET"]),
    Route("/w/{workspace}/jobs_u/getupdate_sse/{id}", follow, methods=["GET"]),
]
