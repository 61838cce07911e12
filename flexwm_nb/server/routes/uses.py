"""What starts a script or flow, where it is used, and which paths there are to refer to."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.scripts.new_script import MUTED
from flexwm_nb.server.web.failures import bad_request, invalid_url
from flexwm_nb.server.web.http import as_json, context, path, query, workspace

KINDS = ("script", "flow")
OTHERS = (
    "http_routes", "webhook", "email", "default_email", "websocket", "kafka", "nats", "postgres", "mqtt", "sqs", "gcp",
    "azure", "nextcloud", "google", "github",
)  # fmt: skip
MOST_PATHS = 10_000


class InFlowsQuery(msgspec.Struct):
    """Which flows."""

    match_path_start: bool | None = None


async def _triggers(request: Request, *, is_flow: bool) -> Response:
    """The schedules; this engine has no other triggers."""
    where = {"workspace": workspace(request), "path": path(request), "is_flow": is_flow}
    found = context(request).database.one("uses_schedules", **where) or {}
    own: dict[str, Any] | None = {"schedule": found["own"]} if found["own"] else None
    others = {f"{name}_count": 0 for name in OTHERS}
    return as_json({"primary_schedule": own, "schedule_count": found["number"], **others})


async def script_triggers(request: Request) -> Response:
    """What starts a script."""
    return await _triggers(request, is_flow=False)


async def flow_triggers(request: Request) -> Response:
    """What starts a flow."""
    return await _triggers(request, is_flow=True)


async def in_flows(request: Request) -> Response:
    """The flows that call a script or flow."""
    kind: str = request.path_params["kind"]
    if kind not in KINDS:
        raise invalid_url(f"unknown variant `{kind}`, expected `script` or `flow`")
    wanted = {"workspace": workspace(request), "path": path(request), "kind": kind}
    begins = bool(query(request, InFlowsQuery).match_path_start)
    rows = await context(request).database.scan("uses_in_flows", **wanted, begins=begins)
    return as_json([row["path"] for row in rows])


async def paths(request: Request) -> Response:
    """The paths that somebody may refer to, whatever stands there."""
    rows = await context(request).database.scan("uses_paths", workspace=workspace(request), limit=MOST_PATHS)
    return as_json({"paths": [row["path"] for row in rows]})


async def no_tokens(request: Request) -> Response:
    """The tokens that are for this path alone: there are none, since tokens have no scopes here."""
    return as_json([])


async def toggle_error_handler(request: Request) -> Response:
    """Refused, as by Windmill's community edition."""
    await request.body()
    raise bad_request(MUTED)


W = "/w/{workspace}"
routes = [
    Route(f"{W}/scripts/get_triggers_count/{{path:path}}", script_triggers, methods=["GET"]),
    Route(f"{W}/flows/get_triggers_count/{{path:path}}", flow_triggers, methods=["GET"]),
    Route(f"{W}/scripts/list_tokens/{{path:path}}", no_tokens, methods=["GET"]),
    Route(f"{W}/flows/list_tokens/{{path:path}}", no_tokens, methods=["GET"]),
    Route(f"{W}/flows/list_paths_from_workspace_runnable/{{kind}}/{{path:path}}", in_flows, methods=["GET"]),
    Route(f"{W}/scripts/toggle_workspace_error_handler/p/{{path:path}}", toggle_error_handler, methods=["POST"]),
    Route(f"{W}/path_autocomplete/list_paths", paths, methods=["GET"]),
]
