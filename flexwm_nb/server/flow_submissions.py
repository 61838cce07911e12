"""From a request to run a flow to the job that is submitted."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from flexwm_nb.server import http, interpreters, job_arguments, new_flow, submissions
from flexwm_nb.server.failures import missing
from flexwm_nb.server.job_records import Job
from flexwm_nb.server.openflow import read_flow
from flexwm_nb.server.scheduler import FLOW_TAG
from flexwm_nb.server.store.database import Row


class RestartedFrom(msgspec.Struct, kw_only=True):
    """The run that is taken up again, and where."""

    flow_job_id: str
    step_id: str
    branch_or_iteration_n: int | None = None
    flow_version: int | None = None


class Preview(msgspec.Struct, kw_only=True):
    """The body of a flow's preview."""

    value: msgspec.Raw
    path: str | None = None
    args: dict[str, msgspec.Raw] | None = None
    tag: str | None = None
    restarted_from: RestartedFrom | None = None


async def by_path(request: Request) -> Job:
    """The job of `…/f/PATH`: the flow's newest version. Raises Failure 404."""
    path = http.path(request)
    row = http.context(request).database.one("flows_runnable", workspace=http.workspace(request), path=path)
    if row is None:
        raise missing("flow", path)
    return await _of_flow(request, row)


async def by_version(request: Request) -> Job:
    """The job of `…/fv/VERSION`. Raises Failure 404."""
    number = request.path_params["version"]
    row = http.context(request).database.one("flows_runnable_version", workspace=http.workspace(request), id=number)
    if row is None:
        raise missing("flow version", number)
    return await _of_flow(request, row)


async def _of_flow(request: Request, row: Row) -> Job:
    query = submissions.options(request)
    return submissions.make_job(
        request,
        query,
        await submissions.arguments_of(request, query),
        kind="flow",
        tag=query.tag or row["tag"] or FLOW_TAG,
        path=row["path"],
        hash=row["version_id"],
        timeout=row["timeout"] if query.timeout is None else query.timeout,
        interpreter=row["interpreter"],
        **_of_value(row["value"], query.cache_ttl),
    )


def _of_value(text: str, cache_ttl: int | None) -> dict[str, Any]:
    """What the flow's document gives the job."""
    flow = read_flow(text)
    return {
        "raw_flow": text,
        "priority": flow.priority,
        "cache_ttl": flow.cache_ttl if cache_ttl is None else cache_ttl,
        "same_worker": flow.same_worker,
    }


async def preview(request: Request) -> Job:
    """The job of a preview's body; its modules are read when they start. Raises Failure 400, 415 or 422."""
    query, body = submissions.options(request), await http.body(request, Preview)
    submissions.check_workspace(request)
    new_flow.read(body.value)
    return submissions.make_job(
        request,
        query,
        job_arguments.of_fields(body.args),
        kind="flowpreview",
        tag=query.tag or body.tag or FLOW_TAG,
        path=body.path,
        timeout=query.timeout,
        interpreter=interpreters.requested(request),
        **_of_value(job_arguments.normal(bytes(body.value).decode()), query.cache_ttl),
    )
