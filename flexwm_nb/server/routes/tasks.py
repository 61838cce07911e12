"""Functions of a running script as jobs of their own: what the decorator `task` of Windmill's clients asks for.

Behaviour: Windmill 1.743.
"""

from __future__ import annotations

import json
import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.jobs import job_arguments, job_views, submissions
from flexwm_nb.server.jobs.job_ids import id_in_url
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import anyhow, bad_request, missing
from flexwm_nb.server.web.http import body, context, plain, workspace

FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NO_FUNCTION = (
    "Invalid entrypoint {}: must match ^[A-Za-z_][A-Za-z0-9_]*$ "
    "(letters, digits and underscores, not starting with a digit)"
)


class Task(msgspec.Struct):
    """What the function is called with."""

    args: dict[str, msgspec.Raw] | None = None


async def start(request: Request) -> Response:
    """Call a function of a job's script in a job below it, which is told."""
    function: str = request.path_params["entrypoint"]
    if not FUNCTION.fullmatch(function):
        raise bad_request(NO_FUNCTION.format(json.dumps(function, ensure_ascii=False)))
    caller = id_in_url(request.path_params["job_id"], "job_id")
    task, parts = await body(request, Task), context(request)
    row = parts.database.one("job_read", id=caller, workspace=workspace(request))
    if row is None or job_views.is_completed(row):
        raise missing("Queued Job", caller)
    name = msgspec.Raw(json.dumps(function).encode())
    job = _below(request, row, job_arguments.of_fields({**(task.args or {}), job_arguments.ENTRYPOINT: name}))
    await parts.worker.submit(job)
    return plain(job.id, 201)


def _below(request: Request, caller: Row, arguments: str) -> Job:
    """The job: of the script as it is now, or of the preview's own source. Raises Failure 404 and 500."""
    above = {"parent_job": caller["id"], "root_job": caller["root_job"] or caller["id"]}
    query = msgspec.structs.replace(submissions.options(request), **above)
    if caller["kind"] == "script":
        where = {"workspace": workspace(request), "path": caller["path"]}
        row = context(request).database.one("jobs_live_script", **where)
        if row is None:
            raise missing("script", caller["path"])
        return submissions.of_script(request, query, row, arguments)
    if caller["kind"] != "preview":
        raise anyhow("Not supported")
    copied = ("path", "language", "interpreter", "cache_ttl", "raw_code", "raw_lock")
    fields = {name: caller[name] for name in copied}
    tag = query.tag or caller["tag"]
    return submissions.make_job(request, query, arguments, kind="preview", tag=tag, timeout=query.timeout, **fields)


routes = [Route("/w/{workspace}/jobs/run/workflow_as_code/{job_id}/{entrypoint}", start, methods=["POST"])]
