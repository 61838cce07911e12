"""Running scripts, flows and previews: started, waited for, or followed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.flows import early_returns, flow_submissions
from flexwm_nb.server.jobs import job_events, result_answers, submissions
from flexwm_nb.server.jobs.job_events import UpdateQuery
from flexwm_nb.server.jobs.queue import DuplicateJob
from flexwm_nb.server.jobs.records import Ending, Job
from flexwm_nb.server.web.failures import Failure, bad_request
from flexwm_nb.server.web.http import as_json, context, empty, identity, plain, workspace

LONGEST_WAIT = 600  # seconds, Windmill's TIMEOUT_WAIT_RESULT
GONE = "http connection broke"

Find = Callable[[Request], Awaitable[Job]]
Answer = Callable[[Request, Job], Awaitable[Response]]


async def _submit(request: Request, job: Job) -> None:
    """Submit the job. Raises Failure 400 when its identifier is taken."""
    try:
        await context(request).worker.submit(job)
    except DuplicateJob:
        raise bad_request(f"Job with id {job.id} already exists") from None


async def _start(request: Request, job: Job) -> Response:
    """The identifier of the started job."""
    await _submit(request, job)
    return plain(job.id, 201)


async def start_many(request: Request) -> Response:
    """Start one job for each member of the body, all at once; those that were started before stay as they are."""
    jobs = await submissions.many(request)
    await context(request).worker.submit_all(jobs)
    return as_json([job.id for job in jobs], 201)


async def _wait(request: Request, job: Job) -> Response:
    """The job's result. Who goes away meanwhile has it cancelled; a flow that answers early goes on."""
    parts = context(request)
    ended, early = parts.worker.ended(job.id), early_returns.watch(parts, job)
    try:
        await _submit(request, job)
        ending = await _first([ended] if early is None else [ended, early], request)
    finally:
        parts.worker.forget(job.id, ended)
        if early is not None:
            early.cancel()
    if ending is None:
        await parts.worker.cancel(workspace(request), job.id, by=identity(request).username, reason=GONE)
        return empty(499)
    return result_answers.answer(ending.result, success=ending.success)


async def _first(endings: list[asyncio.Future[Ending]], request: Request) -> Ending | None:
    """The first end, or None when the client has gone before it. Raises Failure 500 after LONGEST_WAIT."""
    gone = asyncio.ensure_future(_gone(request))
    any_of: set[asyncio.Future[Any]] = {gone, *endings}
    try:
        done, _ = await asyncio.wait(any_of, timeout=LONGEST_WAIT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
    if not done:
        raise Failure(500, f"timeout after {LONGEST_WAIT}s")
    return next((ending.result() for ending in endings if ending.done()), None)


async def _gone(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stream(request: Request, job: Job) -> Response:
    """What the started job streams of its result, and the result."""
    await _submit(request, job)
    return job_events.response(request, job.id, UpdateQuery(only_result=True, no_logs=True))


def _endpoint(find: Find, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A handler that finds what is to run and answers in one of the ways."""

    async def handle(request: Request) -> Response:
        return await answer(request, await find(request))

    return handle


def _routes(prefix: str, answer: Answer, methods: list[str]) -> list[Route]:
    """The routes of one way of running."""
    base = f"/w/{{workspace}}/jobs/{prefix}"
    of_version = flow_submissions.by_awaited_version if answer is _wait else flow_submissions.by_version
    return [
        Route(f"{base}/p/{{path:path}}", _endpoint(submissions.by_path, answer), methods=methods),
        Route(f"{base}/h/{{hash}}", _endpoint(submissions.by_hash, answer), methods=methods),
        Route(f"{base}/f/{{path:path}}", _endpoint(flow_submissions.by_path, answer), methods=methods),
        Route(f"{base}/fv/{{version}}", _endpoint(of_version, answer), methods=methods),
        Route(f"{base}/preview", _endpoint(submissions.preview, answer), methods=["POST"]),
        Route(f"{base}/preview_flow", _endpoint(flow_submissions.preview, answer), methods=["POST"]),
    ]


routes = [
    Route("/w/{workspace}/jobs/restart/f/{id}", _endpoint(flow_submissions.restart, _start), methods=["POST"]),
    Route("/w/{workspace}/flexwm/run_many/p/{path:path}", start_many, methods=["POST"]),
    Route("/w/{workspace}/flexwm/run_many/h/{hash}", start_many, methods=["POST"]),
    *_routes("run", _start, ["POST"]),
    *_routes("run_wait_result", _wait, ["GET", "POST"]),
    *_routes("run_and_stream", _stream, ["GET", "POST"]),
]
