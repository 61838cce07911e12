"""What a workspace says of itself. Much of Windmill's is for its enterprise edition; it is empty here."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import missing
from flexwm_nb.server.web.http import admin, as_json, body, context, plain, workspace

UNSET = (
    "slack_team_id", "slack_name", "slack_command_script", "slack_email", "teams_team_id", "teams_team_name",
    "teams_command_script", "auto_invite", "customer_id", "plan", "webhook", "deploy_to", "ai_config",
    "error_handler", "success_handler", "large_file_storage", "ducklake", "datatable", "git_sync", "deploy_ui",
    "default_app", "default_scripts", "color", "operator_settings", "public_app_execution_limit_per_minute",
)  # fmt: skip


def found(request: Request) -> Row:
    """The workspace. Raises Failure 404."""
    row = context(request).database.one("workspaces_get", workspace=workspace(request))
    if row is None:
        raise missing("Workspace", workspace(request))
    return row


async def name(request: Request) -> Response:
    """The name that people read."""
    return plain(found(request)["name"])


async def settings(request: Request) -> Response:
    """The settings."""
    admin(request)
    row = found(request)
    return as_json({"workspace_id": row["id"], **dict.fromkeys(UNSET), "color": row["color"]})


async def deploy_to(request: Request) -> Response:
    """Where the workspace is deployed to: nowhere."""
    return as_json({"deploy_to": None})


async def no(request: Request) -> Response:
    """False."""
    return as_json(False)


async def null(request: Request) -> Response:
    """Nothing set."""
    return as_json(None)


async def zero(request: Request) -> Response:
    """No metered use."""
    return as_json(0)


async def nothing(request: Request) -> Response:
    """An empty list."""
    return as_json([])


class NewName(msgspec.Struct):
    """Another name for people."""

    new_name: str


class NewColor(msgspec.Struct):
    """Another colour, or none."""

    color: str | None = None


async def rename(request: Request) -> Response:
    """Give the workspace another name; its identifier stays."""
    admin(request)
    where, new = workspace(request), (await body(request, NewName)).new_name
    await context(request).database.write(
        lambda transaction: transaction.run("workspaces_rename", workspace=where, name=new)
    )
    return plain(f"updated workspace name to {new}")


async def recolor(request: Request) -> Response:
    """Give the workspace another colour."""
    admin(request)
    where, new = workspace(request), (await body(request, NewColor)).color
    await context(request).database.write(
        lambda transaction: transaction.run("workspaces_recolor", workspace=where, color=new)
    )
    return plain(f"updated workspace color to {new or 'no color'}")


W = "/w/{workspace}/workspaces"
routes = [
    Route(f"{W}/get_workspace_name", name, methods=["GET"]),
    Route(f"{W}/get_settings", settings, methods=["GET"]),
    Route(f"{W}/get_deploy_to", deploy_to, methods=["GET"]),
    Route(f"{W}/is_premium", no, methods=["GET"]),
    Route(f"{W}/default_scripts", null, methods=["GET"]),
    Route(f"{W}/usage", zero, methods=["GET"]),
    Route(f"{W}/change_workspace_name", rename, methods=["POST"]),
    Route(f"{W}/change_workspace_color", recolor, methods=["POST"]),
    Route(f"{W}/list_pending_invites", nothing, methods=["GET"]),
    Route(f"{W}/list_ws_specific", nothing, methods=["GET"]),
    Route(f"{W}/get_secondary_storage_names", nothing, methods=["GET"]),
]
