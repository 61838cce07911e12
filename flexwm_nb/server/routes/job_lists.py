"""Lists and counts of jobs."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs import job_filters, job_views
from flexwm_nb.server.jobs.job_filters import JobQuery, Selection
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import require_admin
from flexwm_nb.server.web.http import LONGEST_PAGE, admin, as_json, context, identity, number, query, workspace

SECOND = 1_000_000  # microseconds
MILLISECOND = 1_000  # microseconds
HORIZON = 3_600  # seconds that counts by tag look back unless told


class CountQuery(msgspec.Struct):
    """Which jobs to count."""

    tags: str | None = None
    all_workspaces: bool = False
    completed_after_s_ago: int | None = None
    success: bool | None = None


class TagQuery(msgspec.Struct):
    """Which jobs to count by tag."""

    horizon_secs: int = HORIZON
    workspace_id: str | None = None


def _select(request: Request, wanted: JobQuery, *, completed: bool, what: str | None = None) -> Selection:
    parts = context(request)
    return job_filters.select(
        wanted, identity(request), workspace(request), parts.database, completed=completed, what=what
    )


async def _merged(request: Request, wanted: JobQuery, what: str | None = None) -> list[Row]:
    """The jobs that wait or run, all of them, and then a page of those that have ended."""
    job_filters.refuse_contradiction(wanted)
    database = context(request).database
    rows: list[Row] = []
    if not job_filters.only_completed(wanted):
        rows = await job_filters.whole(_select(request, wanted, completed=False, what=what)).run(database)
    if wanted.running is None:
        chosen = _select(request, wanted, completed=True, what=what)
        page = wanted.page if job_filters.only_completed(wanted) else None
        rows += await job_filters.order(chosen, page=page).run(database)
    return rows


async def list_jobs(request: Request) -> Response:
    """Jobs in every state, the newest first whatever is asked for."""
    rows = await _merged(request, msgspec.structs.replace(query(request, JobQuery), order_desc=True))
    return as_json([job_views.document(row, code=False) for row in rows])


async def list_ids(request: Request) -> Response:
    """The identifiers of jobs in every state, all of them at once."""
    admin(request)
    wanted = msgspec.structs.replace(query(request, JobQuery), page=None, per_page=LONGEST_PAGE)
    return as_json(job_filters.ids(await _merged(request, wanted, "job_select_ids")))


async def list_completed(request: Request) -> Response:
    """Jobs that have ended."""
    wanted = query(request, JobQuery)
    chosen = job_filters.order(_select(request, wanted, completed=True), page=wanted.page)
    return as_json([job_views.listed_completed(row) for row in await chosen.run(context(request).database)])


async def _queue(request: Request, what: str | None = None) -> list[Row]:
    wanted = query(request, JobQuery)
    chosen = _select(request, wanted, completed=False, what=what)
    return await job_filters.order(chosen, clamp=False, page=wanted.page).run(context(request).database)


async def list_queue(request: Request) -> Response:
    """Jobs that wait or run."""
    return as_json([job_views.listed_queued(row) for row in await _queue(request)])


async def list_queue_ids(request: Request) -> Response:
    """The identifiers of jobs that wait or run."""
    admin(request)
    return as_json(job_filters.ids(await _queue(request, "job_select_ids")))


async def count_queue(request: Request) -> Response:
    """How many jobs wait to run, and how many for an event."""
    wanted = query(request, CountQuery)
    rows = await context(request).database.scan(
        "job_count_waiting",
        workspace=workspace(request),
        everywhere=_everywhere(request, wanted.all_workspaces),
        tags=job_filters.tags(wanted.tags),
        now=now(),
    )
    return as_json({"database_length": rows[0]["waiting"], "suspended": rows[0]["suspended"]})


def _everywhere(request: Request, wanted: bool) -> bool:
    return wanted and workspace(request) == job_filters.ALL_WORKSPACES and identity(request).super_admin


async def _count_completed(request: Request, **filters: Any) -> int:
    parts, who = context(request), identity(request)
    chosen = job_filters.select(
        JobQuery(**filters),
        who,
        workspace(request),
        parts.database,
        completed=True,
        what="job_select_count",
        by="completed",
    )
    if (seconds := query(request, CountQuery).completed_after_s_ago) is not None:
        chosen.add("job_with_completed_after", completed_after=now() - seconds * SECOND)
    rows = await chosen.run(parts.database)
    return int(rows[0]["found"])


async def count_completed(request: Request) -> Response:
    """How many jobs have ended."""
    return as_json({"database_length": await _count_completed(request), "suspended": None})


async def count_jobs(request: Request) -> Response:
    """How many jobs have ended lately, or in one way."""
    wanted = query(request, CountQuery)
    filters = {"success": wanted.success, "tag": wanted.tags, "all_workspaces": wanted.all_workspaces}
    return as_json(await _count_completed(request, **filters))


async def count_by_tag(request: Request) -> Response:
    """How many jobs have ended lately, by tag."""
    who, wanted = identity(request), query(request, TagQuery)
    if not who.super_admin:
        raise require_admin(who.username)
    since = now() - wanted.horizon_secs * SECOND
    return as_json(
        await context(request).database.scan("job_count_by_tag", completed_after=since, workspace=wanted.workspace_id)
    )


def _reading(path: str, handler: Any) -> Route:
    return Route(f"/w/{{workspace}}/jobs/{path}", handler, methods=["GET"])


async def queue_position(request: Request) -> Response:
    """The place in the queue of a job that is to start at a moment, in milliseconds; the first one is 1."""
    moment = number(request, "scheduled_for") * MILLISECOND
    row = context(request).database.one("jobs_position", moment=moment) or {}
    return as_json({"position": row["number"] + 1})


routes = [
    _reading("list", list_jobs),
    _reading("list_filtered_uuids", list_ids),
    _reading("completed/list", list_completed),
    _reading("completed/count", count_completed),
    _reading("completed/count_jobs", count_jobs),
    _reading("queue/list", list_queue),
    _reading("queue/list_filtered_uuids", list_queue_ids),
    _reading("queue/count", count_queue),
    _reading("queue/position/{scheduled_for}", queue_position),
    Route("/jobs/completed/count_by_tag", count_by_tag, methods=["GET"]),
]
