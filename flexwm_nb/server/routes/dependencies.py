"""Locks that `wmill generate-metadata` asks for.

Versions are found by a job, as for a script that is registered. Where none are needed, and for flows, the lock is the
empty one at once; the asynchronous forms then leave the record of a job that has ended, which their callers read.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs import locks, submissions
from flexwm_nb.server.jobs.records import Ending, Job
from flexwm_nb.server.jobs.temporary_scripts import ARGUMENTS
from flexwm_nb.server.scripts import interpreters
from flexwm_nb.server.web.failures import Failure
from flexwm_nb.server.web.http import as_json, body, context, plain

WORKER = "engine"  # that made the lock itself
DONE = {"status": "Successful lock file generation"}
NO_VERSIONS = {"lock": "", **DONE}
NO_FILES = (
    "Not implemented: the local engine does not keep dependencies of a workspace ({}). "
    "Name packages in the script, as `# requirements:` or versions in imports, or connect to a real Windmill"
)


class Scripts(msgspec.Struct):
    """The sources whose lock is wanted."""

    raw_scripts: list[dict[str, Any]]
    entrypoint: str
    temp_script_refs: dict[str, str] | None = None
    raw_workspace_dependencies: dict[str, Any] | None = None


class FlowValue(msgspec.Struct):
    """The flow whose steps' locks are wanted."""

    path: str
    flow_value: dict[str, Any]
    raw_workspace_dependencies: dict[str, Any] | None = None


Wanted = TypeVar("Wanted", Scripts, FlowValue)


def _checked(wanted: Wanted) -> Wanted:
    """What is wanted. Raises Failure 501 for files of the workspace that would say which packages are meant."""
    if wanted.raw_workspace_dependencies:
        raise Failure(501, NO_FILES.format(", ".join(sorted(wanted.raw_workspace_dependencies))))
    return wanted


async def _of_scripts(request: Request) -> Job | None:
    """The job that finds the lock of the first script; None where it needs no versions."""
    wanted = _checked(await body(request, Scripts))
    script = wanted.raw_scripts[0] if wanted.raw_scripts else {}
    language, content = str(script.get("language", "")), str(script.get("raw_code", ""))
    path = script.get("path") or script.get("script_path") or wanted.entrypoint
    if not context(request).runners.needs_lock(language, content, path):
        return None
    fields = {"path": path, "language": language, "raw_code": content, "interpreter": interpreters.requested(request)}
    named = {} if wanted.temp_script_refs is None else {ARGUMENTS[locks.KIND]: wanted.temp_script_refs}
    arguments = json.dumps(named, ensure_ascii=False)
    return submissions.make_job(request, submissions.NO_OPTIONS, arguments, kind=locks.KIND, tag=locks.TAG, **fields)


async def scripts(request: Request) -> Response:
    """The lock of a script, or why there is none."""
    job, worker = await _of_scripts(request), context(request).worker
    if job is None:
        return as_json(NO_VERSIONS)
    ended = worker.ended(job.id)
    try:
        await worker.submit(job)
        ending = await ended
    finally:
        worker.forget(job.id, ended)
    result = json.loads(ending.result)
    if not ending.success:
        return as_json({"error": result["error"]["message"].removeprefix(locks.HEAD)})
    return as_json(result)


async def scripts_later(request: Request) -> Response:
    """The identifier of the job that finds the lock."""
    job = await _of_scripts(request)
    if job is None:
        return await _ended(request, locks.KIND, None, NO_VERSIONS)
    await context(request).worker.submit(job)
    return plain(job.id, 201)


async def flow(request: Request) -> Response:
    """The flow with its locks."""
    wanted = _checked(await body(request, FlowValue))
    return as_json(_unchanged(wanted))


def _unchanged(wanted: FlowValue) -> dict[str, Any]:
    return {**DONE, "modified_ids": [], "updated_flow_value": wanted.flow_value}


async def flow_later(request: Request) -> Response:
    """The identifier of a job that has ended with the flow."""
    wanted = _checked(await body(request, FlowValue))
    return await _ended(request, "flowdependencies", wanted.path, _unchanged(wanted))


async def _ended(request: Request, kind: str, path: str | None, result: dict[str, Any]) -> Response:
    """The identifier of a job that has ended with this result."""
    made = submissions.make_job(request, submissions.NO_OPTIONS, "{}", kind=kind, path=path, tag=locks.TAG)
    job = replace(made, worker=WORKER, attempt=1, started_at=now())
    await _store(request, job, json.dumps(result, ensure_ascii=False))
    return plain(job.id, 201)


async def _store(request: Request, job: Job, result: str) -> None:
    queue = context(request).queue
    await queue.submit(job)
    await queue.finish(job, Ending(status="success", result=result, completed_at=now(), log=""))


RUN = "/w/{workspace}/jobs/run"
routes = [
    Route(f"{RUN}/dependencies", scripts, methods=["POST"]),
    Route(f"{RUN}/dependencies_async", scripts_later, methods=["POST"]),
    Route(f"{RUN}/flow_dependencies", flow, methods=["POST"]),
    Route(f"{RUN}/flow_dependencies_async", flow_later, methods=["POST"]),
]
