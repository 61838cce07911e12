"""The worker's slots as Windmill's workers, and the tags that they serve.

The engine runs jobs of any tag; the lists name those that its languages have.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.jobs.environment import WORKER_GROUP
from flexwm_nb.server.jobs.run import HOST
from flexwm_nb.server.routes.health import COMPATIBLE
from flexwm_nb.server.web.failures import require_admin
from flexwm_nb.server.web.http import as_json, context, identity, paging, query

OTHER_TAGS = ("dependency", "flow", "noop", "other")
CUSTOM = "custom_tags"
LOOPBACK = "127.0.0.1"
COUNTED = 3_600_000_000  # microseconds; jobs that ended before are not counted


class ListQuery(msgspec.Struct):
    """Which workers."""

    ping_since: int | None = None
    page: int | None = None
    per_page: int | None = None


class TagsQuery(msgspec.Struct):
    """Tags, with commas between them."""

    tags: str
    workspace: str | None = None


async def listing(request: Request) -> Response:
    """One page of slots; `jobs_executed` counts those that ended in the last hour."""
    wanted = query(request, ListQuery)
    page = paging(wanted.page, wanted.per_page)
    names = context(request).worker.names[page["offset"] : page["offset"] + page["limit"]]
    done = await activity(request)
    return as_json([show(request, name, done.get(name, {})) for name in names])


async def activity(request: Request) -> dict[str, dict[str, Any]]:
    """What each slot did lately."""
    parts, since = context(request), now() - COUNTED
    found: dict[str, dict[str, Any]] = {}
    for workspace in parts.database.read("health_workspaces"):
        for row in await parts.database.scan("health_workers", workspace=workspace["id"], since=since):
            known = found.get(row["worker"])
            number = row["number"] + (known["number"] if known else 0)
            latest = row if known is None or row["moment"] > known["moment"] else known
            found[row["worker"]] = {**latest, "number": number}
    return found


def show(request: Request, name: str, done: dict[str, Any]) -> dict[str, Any]:
    """A slot."""
    return {
        "worker": name,
        "worker_instance": HOST,
        "last_ping": 0,
        "started_at": render_time(context(request).started_at),
        "ip": LOOPBACK,
        "jobs_executed": done.get("number", 0),
        "last_job_id": done.get("id"),
        "last_job_workspace_id": None,
        "custom_tags": served(request),
        "worker_group": WORKER_GROUP,
        "wm_version": COMPATIBLE,
        "job_isolation": context(request).runners.confinement.level.replace("plain", "none"),
    }


def served(request: Request) -> list[str]:
    """The tags of this engine's languages, and those set by hand."""
    return sorted({*context(request).runners.languages, *OTHER_TAGS, *custom(request)})


def custom(request: Request) -> list[str]:
    """The tags set by hand."""
    row = context(request).database.one("settings_get", name=CUSTOM)
    found = json.loads(row["value"]) if row else []
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


async def exist_with_tags(request: Request) -> Response:
    """For each tag whether it is served."""
    tags = served(request)
    return as_json({tag: tag in tags for tag in query(request, TagsQuery).tags.split(",")})


async def custom_tags(request: Request) -> Response:
    """The tags set by hand."""
    return as_json(custom(request))


async def default_tags(request: Request) -> Response:
    """The tags of this engine's languages."""
    return as_json(sorted({*context(request).runners.languages, *OTHER_TAGS}))


async def tags_per_workspace(request: Request) -> Response:
    """Whether each workspace has tags of its own: no."""
    return as_json(False)


async def queue_counts(request: Request) -> Response:
    """Jobs that wait and are due, by tag."""
    return await _count(request, "queued")


async def running_counts(request: Request) -> Response:
    """Jobs that run, by tag."""
    return await _count(request, "running")


async def _count(request: Request, status: str) -> Response:
    _check_operator(request)
    rows = await context(request).database.scan("health_tags", status=status, now=now())
    return as_json({row["tag"]: row["number"] for row in rows})


async def metrics(request: Request) -> Response:
    """The queue's history: none is kept."""
    _check_operator(request)
    return as_json([])


def _check_operator(request: Request) -> None:
    who = identity(request)
    if not who.super_admin:
        raise require_admin(who.username)


routes = [
    Route("/workers/list", listing, methods=["GET"]),
    Route("/workers/exists_workers_with_tags", exist_with_tags, methods=["GET"]),
    Route("/workers/custom_tags", custom_tags, methods=["GET"]),
    Route("/w/{workspace}/workers/custom_tags", custom_tags, methods=["GET"]),
    Route("/workers/get_default_tags", default_tags, methods=["GET"]),
    Route("/workers/is_default_tags_per_workspace", tags_per_workspace, methods=["GET"]),
    Route("/workers/queue_counts", queue_counts, methods=["GET"]),
    Route("/workers/queue_running_counts", running_counts, methods=["GET"]),
    Route("/workers/queue_metrics", metrics, methods=["GET"]),
]
