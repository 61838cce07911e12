"""Schedules: what runs when. Enabled ones always have the job of their next tick in the queue."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server import cron, paths, scheduler
from flexwm_nb.server.clock import now, parse_time, render_time
from flexwm_nb.server.failures import Failure, bad_request, internal, missing, not_found
from flexwm_nb.server.http import (
    Identity,
    as_json,
    body,
    context,
    fragment,
    identity,
    paging,
    path,
    plain,
    query,
    workspace,
)
from flexwm_nb.server.job_arguments import normal
from flexwm_nb.server.store.database import Row, Transaction

PREVIEWED = 5  # ticks
SHOWN_JOBS = 20  # of a schedule
NO_ROWS = "no rows returned by a query that expected to return at least one row @flexwm"
IMPROPER = 'error returned from database: new row for relation "schedule" violates check constraint "proper_id" @flexwm'
OF_A_FLOW = (
    "The path is the same as a flow, it can only trigger that flow.\n"
    "            However the provided path is: {} and is_flow is {}"
)
ENTERPRISE = "{} is only available in enterprise version"
# fields that are kept in the column `settings`
SETTINGS = (
    "on_failure", "on_failure_times", "on_failure_exact", "on_failure_extra_args", "retry", "labels",
)  # fmt: skip
AS_STORED = (
    "workspace_id", "path", "edited_by", "schedule", "timezone", "script_path", "email", "permissioned_as",
)  # fmt: skip
LISTED = ("workspace_id", "path", "edited_by", "schedule", "timezone", "script_path", "summary")


class ScheduleChange(msgspec.Struct, kw_only=True):
    """A schedule's new state."""

    schedule: str
    timezone: str
    args: dict[str, Any] | None = None
    summary: str | None = None
    description: str | None = None
    no_flow_overlap: bool | None = None
    on_failure: str | None = None
    on_failure_times: int | None = None
    on_failure_exact: bool | None = None
    on_failure_extra_args: dict[str, Any] | None = None
    on_recovery: str | None = None
    on_success: str | None = None
    retry: dict[str, Any] | None = None
    tag: str | None = None
    paused_until: str | None = None
    cron_version: str | None = None
    dynamic_skip: str | None = None
    ws_error_handler_muted: bool | None = None
    labels: list[str] | None = None
    permissioned_as: str | None = None
    preserve_permissioned_as: bool | None = None


class NewSchedule(ScheduleChange, kw_only=True):
    """A schedule to be made."""

    path: str
    script_path: str
    is_flow: bool
    enabled: bool | None = None


class Enabled(msgspec.Struct):
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


def _check(new: ScheduleChange) -> None:
    """Refuse what cannot be scheduled, and what Windmill's community edition cannot."""
    for name in ("on_recovery", "on_success"):
        if getattr(new, name) is not None:
            raise bad_request(ENTERPRISE.format(name))
    if (new.on_failure_times or 1) > 1:
        raise bad_request(ENTERPRISE.format("on_failure with a number of times > 1"))
    if new.on_failure is not None or new.dynamic_skip is not None:
        name = "on_failure" if new.on_failure is not None else "dynamic_skip"
        raise bad_request(f"{name} does not run on the local engine: let the script or flow itself take care of it")
    paths.check_text(new.summary, new.description)
    cron.parse(new.schedule, new.timezone, new.cron_version)


def _row(request: Request, new: ScheduleChange) -> dict[str, Any]:
    """The columns that a creation and an update share."""
    settings = {name: value for name in SETTINGS if (value := getattr(new, name)) is not None}
    return {
        **{name: getattr(new, name) for name in ("schedule", "timezone", "summary", "description", "tag")},
        "workspace": workspace(request),
        "args": None if new.args is None else normal(json.dumps(new.args, ensure_ascii=False)),
        "no_flow_overlap": bool(new.no_flow_overlap),
        "ws_error_handler_muted": bool(new.ws_error_handler_muted),
        "paused_until": _time(new.paused_until),
        "cron_version": new.cron_version,
        "settings": json.dumps(settings, ensure_ascii=False),
        "edited_by": identity(request).username,
        "now": now(),
    }


def _time(text: str | None) -> int | None:
    try:
        return None if text is None else parse_time(text)
    except ValueError:
        raise bad_request(f"paused_until is not a time: {json.dumps(text)}") from None


def _acts_as(new: ScheduleChange, who: Identity) -> str:
    """Whom the jobs act as: who asks, or whom an administrator keeps."""
    kept = new.permissioned_as if new.preserve_permissioned_as and who.is_admin else None
    return kept or who.owner


async def create(request: Request) -> Response:
    """A new schedule; its path."""
    new, who, where = await body(request, NewSchedule), identity(request), workspace(request)
    _check(new)
    row = {
        **_row(request, new),
        **{name: getattr(new, name) for name in ("path", "script_path", "is_flow")},
        "enabled": bool(new.enabled),
        "cron_version": new.cron_version or cron.DEFAULT,
        "email": who.email,
        "permissioned_as": _acts_as(new, who),
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
    new, who, where, name = await body(request, ScheduleChange), identity(request), workspace(request), path(request)
    _check(new)
    kept = _acts_as(new, who) if new.preserve_permissioned_as else None
    row = {**_row(request, new), "path": name, "permissioned_as": kept, "email": None}

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
    wanted, who, where, name = await body(request, Enabled), identity(request), workspace(request), path(request)
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


def show(row: Row) -> dict[str, Any]:
    """One schedule with everything."""
    found = {
        **{name: row[name] for name in AS_STORED},
        "edited_at": render_time(row["edited_at"]),
        "enabled": bool(row["enabled"]),
        "is_flow": bool(row["is_flow"]),
        "args": fragment(row["args"]),
        "extra_perms": fragment(row["extra_perms"]),
        "ws_error_handler_muted": bool(row["ws_error_handler_muted"]),
        "no_flow_overlap": bool(row["no_flow_overlap"]),
    }
    more = {
        **{name: row[name] for name in ("error", "summary", "description", "tag", "cron_version")},
        "paused_until": render_time(row["paused_until"]),
        **json.loads(row["settings"]),
    }
    return found | {name: value for name, value in more.items() if value is not None}


def listed(row: Row) -> dict[str, Any]:
    """One schedule in a list."""
    return {
        **{name: row[name] for name in LISTED},
        "edited_at": render_time(row["edited_at"]),
        "enabled": bool(row["enabled"]),
        "is_flow": bool(row["is_flow"]),
        "extra_perms": fragment(row["extra_perms"]),
    }


async def get(request: Request) -> Response:
    """One schedule."""
    name = path(request)
    row = context(request).database.one("schedules_get", workspace=workspace(request), path=name)
    if row is None:
        raise not_found(f"Schedule not found at path {name}")
    return as_json(show(row))


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
    return as_json([listed(row) for row in rows])


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
