"""Replacing the definition of a suspended flow before it goes on. This engine's own: Windmill has no such route."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.flows import approvals, flow_replacement, new_flow
from flexwm_nb.server.jobs import job_arguments
from flexwm_nb.server.jobs.job_ids import id_in_url
from flexwm_nb.server.web.http import body, context, identity, plain, workspace


class Replacement(msgspec.Struct):
    """The flow's new value."""

    value: msgspec.Raw


async def replace(request: Request) -> Response:
    """Have a flow that waits for events go on with another definition."""
    wanted, parts, job = await body(request, Replacement), context(request), id_in_url(request.path_params["job"])
    new_flow.read(wanted.value)
    flow = approvals.flow_of(parts, workspace(request), job)
    approvals.check_owner(parts, flow, identity(request))
    await flow_replacement.replace_value(parts, job, job_arguments.normal(bytes(wanted.value).decode()))
    return plain(f"Flow job {job} goes on with the new value")


routes = [Route("/w/{workspace}/jobs/flow/replace/{job}", replace, methods=["POST"])]
