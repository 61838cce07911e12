"""The server's settings, any JSON by name, and the one worker group's configuration."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.jobs.environment import WORKER_GROUP
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import require_admin
from flexwm_nb.server.web.http import as_json, body, context, fragment, identity, plain, raw_json

CONFIGURED = f"worker__{WORKER_GROUP}"


class NewSetting(msgspec.Struct):
    """Another value."""

    value: Any = None


def check_super_admin(request: Request) -> None:
    """Raise Failure 403 for everybody but super administrators."""
    who = identity(request)
    if not who.super_admin:
        raise require_admin(who.username)


async def get(request: Request) -> Response:
    """One setting, null when it is not set."""
    check_super_admin(request)
    row = context(request).database.one("settings_get", name=request.path_params["key"])
    return raw_json(row["value"] if row else "null")


async def update(request: Request) -> Response:
    """Set or, with null, unset one."""
    check_super_admin(request)
    new, name = await body(request, NewSetting), request.path_params["key"]
    paths.check_length(name)
    value = msgspec.json.encode(new.value).decode()
    statement = "settings_unset" if new.value is None else "settings_set"
    await context(request).database.write(lambda transaction: transaction.run(statement, name=name, value=value))
    return plain(f"global setting {name} updated")


async def listing(request: Request) -> Response:
    """All settings."""
    check_super_admin(request)
    rows = await context(request).database.scan("settings_list")
    return as_json([{"name": row["name"], "value": fragment(row["value"])} for row in rows])


async def groups(request: Request) -> Response:
    """The worker groups."""
    check_super_admin(request)
    return as_json([{"name": WORKER_GROUP, "config": {}}])


async def configuration(request: Request) -> Response:
    """A worker group's configuration, null for others than our own."""
    check_super_admin(request)
    return as_json({} if request.path_params["name"] == CONFIGURED else None)


routes = [
    Route("/settings/global/{key}", get, methods=["GET"]),
    Route("/settings/global/{key}", update, methods=["POST"]),
    Route("/settings/list_global", listing, methods=["GET"]),
    Route("/configs/list_worker_groups", groups, methods=["GET"]),
    Route("/configs/get/{name}", configuration, methods=["GET"]),
]
