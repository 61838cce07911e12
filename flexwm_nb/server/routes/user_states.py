"""Values that the steps of a flow's run keep for each other."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.jobs import job_arguments
from flexwm_nb.server.jobs.job_ids import id_in_url
from flexwm_nb.server.runners.jsonb import Unstorable, normalize
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import http
from flexwm_nb.server.web.failures import missing, not_found, sql_error
from flexwm_nb.server.web.http import as_json, context, plain, workspace

UPDATED = "Flow job state updated"


def storable(value: Any) -> Any:
    """A JSON value as the store would keep it. Raises Failure 400 for what jsonb refuses."""
    try:
        return json.loads(normalize(json.dumps(value, ensure_ascii=False)))
    except Unstorable as error:
        raise sql_error(f"error returned from database: {error}") from None


def job_row(request: Request, job: str) -> Row:
    """A job. Raises Failure 404."""
    row = context(request).database.one("approvals_job", workspace=workspace(request), id=job)
    if row is None:
        raise missing("Job", job)
    return row


async def get_user_state(request: Request) -> Response:
    """A value that a flow's steps keep for each other, null when there is none."""
    identifier = id_in_url(request.path_params["job"], "job_id")
    row = context(request).database.one("approvals_job", workspace=workspace(request), id=identifier)
    if row is None:
        return as_json(None)
    status = context(request).flows.status(row["id"], row["flow_status"]) or row["flow_status"] or "{}"
    states = json.loads(status).get("user_states") or {}
    return as_json(states.get(request.path_params["key"]))


async def set_user_state(request: Request) -> Response:
    """Keep a value for a flow's steps."""
    job, key = id_in_url(request.path_params["job"], "job_id"), request.path_params["key"]
    value = job_arguments.parse((await http.json_bytes(request)).decode())
    known = context(request).database.one("approvals_job", workspace=workspace(request), id=job)
    if known is None or not await context(request).flows.set_user_state(job, key, storable(value)):
        raise not_found("Flow job not found")
    return plain(UPDATED)


STATES = "/w/{workspace}/jobs/flow/user_states/{job}/{key}"
routes = [Route(STATES, get_user_state, methods=["GET"]), Route(STATES, set_user_state, methods=["POST"])]
