"""Reading one job: its document, result, arguments, logs and times; its progress."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.jobs import job_views
from flexwm_nb.server.jobs.job_ids import id_in_url
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import serde
from flexwm_nb.server.web.failures import Failure, bad_request, missing, not_found, sql_error
from flexwm_nb.server.web.http import (
    as_json,
    body,
    context,
    empty,
    json_bytes,
    optional_identity,
    plain,
    query,
    raw_json,
    workspace,
)

ANSI_ADVICE = "to remove ansi colors, use: | sed 's/\\x1B\\[[0-9;]\\{1,\\}[A-Za-z]//g'\n"
WITH_TASKS = frozenset({"script", "preview"})  # kinds of jobs that may call functions of theirs in other jobs
LOG_TAIL = 20_000  # characters of the log inside a job's document
MOST_IDS = 100
ANONYMOUS = "anonymous"
MILLISECOND = 1_000  # microseconds


class ReadQuery(msgspec.Struct):
    """What a reader may leave out."""

    no_logs: bool = False
    no_code: bool = False


class ResultQuery(msgspec.Struct):
    """Which part of a result."""

    json_path: str | None = None


class MaybeQuery(msgspec.Struct):
    """Whether to tell that a job has started."""

    get_started: bool = False


class LogQuery(msgspec.Struct):
    """Whether to leave out the advice about colours."""

    remove_ansi_warnings: bool = False


class Progress(msgspec.Struct):
    """How far a job says it is."""

    percent: int
    flow_job_id: str | None = None


def job_id(request: Request) -> str:
    """The job of the request's path. Raises Failure 400."""
    return id_in_url(request.path_params["id"])


def readable(request: Request, row: Row) -> Row:
    """The row, if who asks may see the job. Raises Failure 400 for those who are not logged in."""
    if optional_identity(request) is None and row["created_by"] != ANONYMOUS:
        raise bad_request("As a non logged in user, you can only see jobs ran by anonymous users")
    return row


def find(request: Request, statement: str, kind: str = "Job") -> Row:
    """The job of the request's path. Raises Failure 404 in Windmill's words."""
    identifier = job_id(request)
    row = context(request).database.one(statement, id=identifier, workspace=workspace(request))
    if row is None:
        raise missing(kind, identifier)
    return readable(request, row)


def find_completed(request: Request, statement: str) -> Row:
    """As `find`, only a job that has ended."""
    row = find(request, statement, "Completed Job")
    if not job_views.is_completed(row):
        raise missing("Completed Job", job_id(request))
    return row


async def _document(request: Request, row: Row, *, typed: bool) -> Response:
    options = query(request, ReadQuery)
    if (status := context(request).flows.status(row["id"], row["flow_status"])) is not None:
        row = {**row, "flow_status": status}
    logs = None if options.no_logs else await context(request).logs.read(row["id"], -LOG_TAIL)
    found = job_views.document(row, logs=logs, code=not options.no_code, typed=typed)
    tasks = context(request).database.read("job_tasks", id=row["id"]) if row["kind"] in WITH_TASKS else []
    return as_json({**found, "workflow_as_code_status": job_views.tasks(tasks)} if tasks else found)


async def get(request: Request) -> Response:
    """A job's document."""
    return await _document(request, find(request, "job_read"), typed=True)


async def get_completed(request: Request) -> Response:
    """A completed job's document."""
    return await _document(request, find_completed(request, "job_read"), typed=False)


async def get_result(request: Request) -> Response:
    """A completed job's result, or the part of it that `json_path` names."""
    row = find_completed(request, "job_outcome")
    path = query(request, ResultQuery).json_path
    result = row["result"] or "null"
    return raw_json(result if path is None else json.dumps(pick(json.loads(result), path), ensure_ascii=False))


def pick(value: Any, path: str) -> Any:
    """The part at a path of names and indices separated by points, None when there is none."""
    for name in path.split("."):
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


async def get_result_maybe(request: Request) -> Response:
    """The result, if the job has ended. For an unknown job too."""
    row = context(request).database.one("job_outcome", id=job_id(request), workspace=workspace(request))
    completed = row is not None and job_views.is_completed(readable(request, row))
    started = completed or (row is not None and row["status"] == "running")
    asked = completed or query(request, MaybeQuery).get_started
    return as_json(
        {
            "started": started if asked else None,
            "success": row["status"] == "success" if completed and row is not None else None,
            "completed": completed,
            "result": msgspec.Raw((row["result"] or "null").encode()) if completed and row is not None else None,
        }
    )


async def get_timing(request: Request) -> Response:
    """When a completed job was created and started, and how long it ran."""
    row = find_completed(request, "job_state")
    return as_json(
        {
            "created_at": render_time(row["created_at"]),
            "started_at": render_time(row["started_at"]),
            "duration_ms": row["duration_ms"],
        }
    )


async def get_logs(request: Request) -> Response:
    """The whole log as text, after the advice about colours."""
    identifier = find(request, "job_state", "Job Logs")["id"]
    text = await context(request).logs.read(identifier) or ""
    return plain(text if query(request, LogQuery).remove_ansi_warnings else ANSI_ADVICE + text)


async def get_logs_tail(request: Request) -> Response:
    """The end of a completed job's log. Raises Failure 404."""
    try:
        identifier = find_completed(request, "job_state")["id"]
    except Failure as failure:
        raise not_found("Job not found") if failure.status == 404 else failure from None
    return as_json(await context(request).logs.read(identifier, -LOG_TAIL) or "")


async def get_args(request: Request) -> Response:
    """What a job was given."""
    return raw_json(find(request, "job_arguments", "Job Args")["arguments"] or "null")


async def get_root_job_id(request: Request) -> Response:
    """The first of the jobs that this one belongs to."""
    row = context(request).database.one("job_state", id=job_id(request), workspace=workspace(request))
    if row is None:
        raise sql_error("no rows returned by a query that expected to return at least one row")
    readable(request, row)
    return as_json(row["root_job"] or row["parent_job"] or row["id"])


async def started_at_by_ids(request: Request) -> Response:
    """When the jobs that run have started, in the order of the identifiers, of which those beyond MOST_IDS are cut."""
    ids = serde.decode_ids(await json_bytes(request))[:MOST_IDS]
    rows = context(request).database.read("job_started_at", workspace=workspace(request), ids=json.dumps(ids))
    found = {row["id"]: render_time(row["started_at"]) for row in rows}
    return as_json([found.get(identifier) for identifier in ids])


async def position(request: Request) -> Response:
    """The place in the queue of a job that is due at this time."""
    moment = int(request.path_params["ms"]) * MILLISECOND
    row = context(request).database.one("job_position", workspace=workspace(request), moment=moment)
    return as_json({"position": row["position"] if row else None})


async def scheduled_for(request: Request) -> Response:
    """When a waiting job is due, in milliseconds since the epoch."""
    row = find(request, "job_state", "QueuedJob")
    if job_views.is_completed(row):
        raise missing("QueuedJob", row["id"])
    return as_json(row["scheduled_for"] // MILLISECOND)


async def db_clock(request: Request) -> Response:
    """The store's clock, in milliseconds since the epoch."""
    return as_json(now() // MILLISECOND)


async def set_progress(request: Request) -> Response:
    """Note how far a job is."""
    wanted = await body(request, Progress)
    identifier, parts = job_id(request), context(request)
    percent = min(max(wanted.percent, 0), 100)
    if not await parts.queue.set_progress(workspace(request), identifier, percent):
        raise not_found(f"Job not found: {identifier}")
    parts.worker.notify(identifier)
    return empty()


async def get_progress(request: Request) -> Response:
    """How far a job said it is."""
    row = context(request).database.one("job_state", id=job_id(request), workspace=workspace(request))
    return as_json(row["progress"] if row else None)


def _reading(path: str, handler: Callable[..., Any]) -> Route:
    return Route(f"/w/{{workspace}}/{path}", handler, methods=["GET"])


routes = [
    _reading("jobs_u/get/{id}", get),
    _reading("jobs_u/completed/get/{id}", get_completed),
    _reading("jobs_u/completed/get_result/{id}", get_result),
    _reading("jobs_u/completed/get_result_maybe/{id}", get_result_maybe),
    _reading("jobs_u/completed/get_timing/{id}", get_timing),
    _reading("jobs_u/get_logs/{id}", get_logs),
    _reading("jobs_u/get_completed_logs_tail/{id}", get_logs_tail),
    _reading("jobs_u/get_args/{id}", get_args),
    _reading("jobs_u/get_root_job_id/{id}", get_root_job_id),
    Route("/w/{workspace}/jobs_u/queue/get_started_at_by_ids", started_at_by_ids, methods=["POST"]),
    _reading("jobs/queue/position/{ms:int}", position),
    _reading("jobs/queue/scheduled_for/{id}", scheduled_for),
    Route("/jobs/db_clock", db_clock, methods=["GET"]),
    Route("/w/{workspace}/job_metrics/set_progress/{id}", set_progress, methods=["POST"]),
    _reading("job_metrics/get_progress/{id}", get_progress),
]
