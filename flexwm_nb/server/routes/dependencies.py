"""Locks that `wmill generate-metadata` asks for.

No language has a dependency job on this engine (see `new_script.lock_of`), so the lock is always the empty one. The
asynchronous forms leave the record of a job that has ended, which is what their callers read.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs import submissions
from flexwm_nb.server.jobs.records import Ending, Job
from flexwm_nb.server.web.http import as_json, body, context, plain

WORKER = "engine"  # that made the lock itself


class Scripts(msgspec.Struct):
    """The sources whose lock is wanted."""

    raw_scripts: list[dict[str, Any]]
    entrypoint: str


class FlowValue(msgspec.Struct):
    """The flow whose steps' locks are wanted."""

    path: str
    flow_value: dict[str, Any]


async def _scripts(request: Request) -> tuple[str, str, Any]:
    """The kind of job, what it is about, and its result."""
    wanted = await body(request, Scripts)
    return "dependencies", wanted.entrypoint, {"lock": ""}


async def _flow(request: Request) -> tuple[str, str, Any]:
    """The kind of job, what it is about, and its result."""
    wanted = await body(request, FlowValue)
    return "flowdependencies", wanted.path, {"updated_flow_value": wanted.flow_value}


Find = Callable[[Request], Awaitable[tuple[str, str, Any]]]


def _now(find: Find) -> Callable[[Request], Awaitable[Response]]:
    """A handler that answers with the result."""

    async def handle(request: Request) -> Response:
        return as_json((await find(request))[2])

    return handle


def _later(find: Find) -> Callable[[Request], Awaitable[Response]]:
    """A handler that answers with the identifier of a job that has ended with the result."""

    async def handle(request: Request) -> Response:
        kind, path, result = await find(request)
        made = submissions.make_job(request, submissions.NO_OPTIONS, "{}", kind=kind, path=path, tag="dependency")
        job = replace(made, worker=WORKER, attempt=1, started_at=now())
        await _store(request, job, json.dumps(result, ensure_ascii=False))
        return plain(job.id, 201)

    return handle


async def _store(request: Request, job: Job, result: str) -> None:
    queue = context(request).queue
    await queue.submit(job)
    await queue.finish(job, Ending(status="success", result=result, completed_at=now(), log=""))


RUN = "/w/{workspace}/jobs/run"
routes = [
    Route(f"{RUN}/dependencies", _now(_scripts), methods=["POST"]),
    Route(f"{RUN}/dependencies_async", _later(_scripts), methods=["POST"]),
    Route(f"{RUN}/flow_dependencies", _now(_flow), methods=["POST"]),
    Route(f"{RUN}/flow_dependencies_async", _later(_flow), methods=["POST"]),
]
