"""Schedules: what runs when. Enabled ones always have the job of their next tick in the queue."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.schedules import cron, new_schedule, schedule_documents, scheduler
from flexwm_nb.server.schedules.new_schedule import EditSchedule, NewSchedule
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import Failure, bad_request, internal, missing, not_found
from flexwm_nb.server.web.http import (
    as_json,
    body,
    context,
    identity,
    paging,
    path,
    plain,
    query,
    workspace,
)

PREVIEWED = 5  # ticks
SHOWN_JOBS = 20  # of a schedule
NO_ROWS = "no rows returned by a query that expected to return at least one row @flexwm"
IMPROPER = 'error returned from database: new row for relation "schedule" violates check constraint "proper_id" @flexwm'
OF_A_FLOW = (
    "The path is the same as a flow, it can only trigger that flow.\n"
    "            However the provided path is: {} and is_flow is {}"
)


class SetEnabled(msgspec.Struct):
    """Whether a schedule is on."""

    enabled: bool


class Preview(msgspec.Struct):
    """An expression whose ticks are asked for."""

    schedule: str
    timezone: str
    cron_version: str | None = None


class ListQuery(msgspec.Struct, kw_only=True):
    """Which schedules."""

    path: str | None = None  # of what they run
    is_flow: bool | None = None
    args: str | None = None  # JSON that their arguments contain
    path_start: str | None = None
    schedule_path: str | None = None
    description: str | None = None
    summary: str | None = None
    broad_filter: str | None = None
    label: str | None = None
    page: int | None = None
    per_page: int | None = None


class PageQuery(msgspec.Struct):
    """Which page."""

    page: int | None = None
    per_page: int | None = None


async def create(request: Request) -> Response:
    """A new schedule; its path."""
    new, who, where = await body(request, NewSchedule), identity(request), workspace(request)
    new_schedule.check(new)
    row = {
        **new_schedule.stored(new, who),
        **{name: getattr(new, name) for name in ("path", "script_path", "is_flow")},
        "workspace": where,
        "now": now(),
        "enabled": bool(new.enabled),
        "cron_version": new.cron_version or cron.DEFAULT,
        "email": who.email,
        "permissioned_as": new_schedule.acts_as(new, who),
    }

    def change(transaction: Transaction) -> bool:
        if transaction.one("schedules_get", workspace=where, path=new.path):
            raise bad_request(f"Schedule {new.path} already exists")
        _check_path(transaction, where, new)
        return scheduler.push(transaction, transaction.run("schedules_insert", **row)[0])

    await _apply(request, change)
    return plain(new.path)


def _check_path(transaction: Transaction, where: str, new: NewSchedule) -> None:
    """Refuse a path that breaks the rule, and that of a flow which the schedule does not run."""
    if (new.path != new.script_path or not new.is_flow) and transaction.one(
        "flows_exists", workspace=where, path=new.path
    ):
        raise bad_request(OF_A_FLOW.format(new.script_path, json.dumps(new.is_flow)))
    try:
        paths.check(new.path, "schedule")
    except Failure:
        raise internal(f"inserting schedule in {where}: {IMPROPER}") from None


async def _apply(request: Request, change: Any) -> None:
    """Store a change, and have the worker look at the ticks that wait."""
    await context(request).database.write(change)
    context(request).worker.look_again()


async def update(request: Request) -> Response:
    """A schedule's new state; its path."""
    new, who, where, name = await body(request, EditSchedule), identity(request), workspace(request), path(request)
    new_schedule.check(new)
    kept = new_schedule.acts_as(new, who) if new.preserve_permissioned_as else None
    row = {
        **new_schedule.stored(new, who),
        "workspace": where,
        "path": name,
        "now": now(),
        "permissioned_as": kept,
        "email": None,
    }

    def change(transaction: Transaction) -> bool:
        scheduler.clear(transaction, where, name)
        rows = transaction.run("schedules_update", **row)
        if not rows:
            raise internal(f"updating schedule in {where}: {NO_ROWS}")
        return scheduler.push(transaction, rows[0])

    await _apply(request, change)
    return plain(name)


async def set_enabled(request: Request) -> Response:
    """Switch a schedule on, which from then on acts as who asks, or off."""
    wanted, who, where, name = await body(request, SetEnabled), identity(request), workspace(request), path(request)
    row = {"enabled": wanted.enabled, "email": who.email, "permissioned_as": who.owner}

    def change(transaction: Transaction) -> bool:
        rows = transaction.run("schedules_set_enabled", workspace=where, path=name, **row)
        if not rows:
            raise missing("Schedule", name)
        scheduler.clear(transaction, where, name)
        return scheduler.push(transaction, rows[0])

    await _apply(request, change)
    return plain(f"succesfully updated schedule at path {name} to status {json.dumps(wanted.enabled)}")


async def delete(request: Request) -> Response:
    """Remove a schedule and the tick that waits; a running job goes on."""
    where, name = workspace(request), path(request)

    def change(transaction: Transaction) -> None:
        transaction.run("schedules_delete", workspace=where, path=name)
        if not transaction.changes:
            raise not_found(f"Schedule {name} not found")
        scheduler.clear(transaction, where, name)

    await context(request).database.write(change)
    return plain(f"schedule {name} deleted")


async def get(request: Request) -> Response:
    """One schedule."""
    name = path(request)
    row = context(request).database.one("schedules_get", workspace=workspace(request), path=name)
    if row is None:
        raise not_found(f"Schedule not found at path {name}")
    return as_json(schedule_documents.schedule(row))


async def exists(request: Request) -> Response:
    """Whether there is one at the path."""
    row = context(request).database.one("schedules_get", workspace=workspace(request), path=path(request))
    return as_json(row is not None)


async def listing(request: Request) -> Response:
    """One page of schedules."""
    wanted = query(request, ListQuery)
    names = ("is_flow", "args", "path_start", "schedule_path", "description", "summary", "broad_filter")
    rows = await context(request).database.scan(
        "schedules_page",
        workspace=workspace(request),
        target=wanted.path,
        labels=wanted.label and json.dumps(wanted.label.split(",")),
        **{name: getattr(wanted, name) for name in names},
        **paging(wanted.page, wanted.per_page),
    )
    return as_json([schedule_documents.listed(row) for row in rows])


async def listing_with_jobs(request: Request) -> Response:
    """One page of schedules, each with how its last jobs went."""
    wanted = query(request, PageQuery)
    where, page = workspace(request), paging(wanted.page, wanted.per_page)
    database = context(request).database
    found: dict[str, list[Any]] = {
        row["path"]: [] for row in await database.scan("schedules_page", workspace=where, **page)
    }
    for row in await database.scan("schedules_jobs", workspace=where, jobs=SHOWN_JOBS, **page):
        job = {"id": row["id"], "success": bool(row["success"]), "duration_ms": row["duration_ms"]}
        found.setdefault(row["path"], []).append(job)
    return as_json([{"path": name, "jobs": jobs} for name, jobs in found.items()])


async def preview(request: Request) -> Response:
    """The next ticks of an expression; without a version it counts as one of version 1, as on Windmill."""
    wanted = await body(request, Preview)
    expression = cron.parse(wanted.schedule, wanted.timezone, wanted.cron_version or cron.VERSIONS[0])
    return as_json([render_time(tick) for tick in islice(expression.after(now()), PREVIEWED)])


SCHEDULES = "/w/{workspace}/schedules"
routes = [
    Route(f"{SCHEDULES}/create", create, methods=["POST"]),
    Route(f"{SCHEDULES}/list", listing, methods=["GET"]),
    Route(f"{SCHEDULES}/list_with_jobs", listing_with_jobs, methods=["GET"]),
    Route(f"{SCHEDULES}/get/{{path:path}}", get, methods=["GET"]),
    Route(f"{SCHEDULES}/exists/{{path:path}}", exists, methods=["GET"]),
    Route(f"{SCHEDULES}/update/{{path:path}}", update, methods=["POST"]),
    Route(f"{SCHEDULES}/setenabled/{{path:path}}", set_enabled, methods=["POST"]),
    Route(f"{SCHEDULES}/delete/{{path:path}}", delete, methods=["DELETE"]),
    Route("/schedules/preview", preview, methods=["POST"]),
]
