"""Ending jobs before their end, and deleting those that have ended."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.jobs import job_views
from flexwm_nb.server.jobs.queue import Cancelled
from flexwm_nb.server.routes.jobs import ANONYMOUS, job_id, readable
from flexwm_nb.server.web import http, serde
from flexwm_nb.server.web.failures import missing, not_found
from flexwm_nb.server.web.http import as_json, context, empty, identity, optional_identity, plain, query, workspace

ALL = "cancel all"  # the reason of a selection's end


class CancelJob(msgspec.Struct):
    """Why a job is to end."""

    reason: str | None = None


class SelectionQuery(msgspec.Struct):
    """How a selection is to end."""

    force_cancel: bool = False


async def _end(request: Request, identifier: str, by: str, reason: str | None, *, force: bool) -> Cancelled:
    """Have a job end."""
    worker = context(request).worker
    act = worker.force_cancel if force else worker.cancel
    return await act(workspace(request), identifier, by=by, reason=reason)


async def _cancel(request: Request, *, force: bool) -> Response:
    wish = await http.body(request, CancelJob)
    identifier, who = job_id(request), optional_identity(request)
    row = context(request).database.one("job_state", id=identifier, workspace=workspace(request))
    if row is not None:
        readable(request, row)
    found = await _end(request, identifier, who.username if who else ANONYMOUS, wish.reason, force=force)
    if found is Cancelled.UNKNOWN:
        raise not_found(f"queued job id {identifier} does not exist")
    return plain(f"queued job id {identifier} is already completed" if found is Cancelled.ENDED else identifier)


async def cancel(request: Request) -> Response:
    """End a job: a waiting one at once, a running one by ending its process."""
    return await _cancel(request, force=False)


async def force_cancel(request: Request) -> Response:
    """Complete a job at once, whatever its process does."""
    return await _cancel(request, force=True)


async def cancel_selection(request: Request) -> Response:
    """End the named jobs; those that there are, also where they had ended before."""
    who, force = identity(request), query(request, SelectionQuery).force_cancel
    known = []
    for identifier in serde.decode_ids(await http.json_bytes(request)):
        if await _end(request, identifier, who.username, ALL, force=force) is not Cancelled.UNKNOWN:
            known.append(identifier)
    return as_json(known)


async def cancel_persistent(request: Request) -> Response:
    """End all jobs of a script that restarts until it is cancelled."""
    wish, who = await http.body(request, CancelJob), identity(request)
    rows = context(request).database.read("jobs_persistent", workspace=workspace(request), path=http.path(request))
    for row in rows:
        await _end(request, row["id"], who.username, wish.reason, force=False)
    return empty()


async def delete(request: Request) -> Response:
    """Drop what a completed job was given, wrote and returned; its record stays."""
    http.admin(request)
    identifier, parts = job_id(request), context(request)
    if not await parts.queue.delete(workspace(request), identifier):
        raise missing("Completed Job", identifier)
    parts.logs.remove(identifier)
    row = parts.database.one("job_read", id=identifier, workspace=workspace(request))
    if row is None:
        raise missing("Completed Job", identifier)
    return as_json({**job_views.document(row, typed=False), "result": None})


async def delete_many(request: Request) -> Response:
    """Remove jobs that have ended, with all that is known of them. Raises Failure 400 for those that have not."""
    http.admin(request)
    wanted, parts = serde.decode_ids(await http.json_bytes(request)), context(request)
    if not wanted:
        return plain("No jobs to delete")
    deleted, rows = await parts.queue.remove(workspace(request), wanted)
    for identifier in deleted:
        parts.logs.remove(identifier)
    return plain(f"Successfully deleted {len(deleted)} jobs ({rows} total rows across all tables)")


routes = [
    Route("/w/{workspace}/jobs_u/queue/cancel/{id}", cancel, methods=["POST"]),
    Route("/w/{workspace}/jobs_u/queue/force_cancel/{id}", force_cancel, methods=["POST"]),
    Route("/w/{workspace}/jobs_u/queue/cancel_persistent/{path:path}", cancel_persistent, methods=["POST"]),
    Route("/w/{workspace}/jobs/queue/cancel_selection", cancel_selection, methods=["POST"]),
    Route("/w/{workspace}/jobs/completed/delete/{id}", delete, methods=["POST"]),
    Route("/w/{workspace}/jobs/delete", delete_many, methods=["POST"]),
]
