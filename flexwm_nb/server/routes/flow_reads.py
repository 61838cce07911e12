"""Reading flows: one, its versions, lists."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.flows import flow_documents
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import missing, not_found
from flexwm_nb.server.web.http import as_json, context, fragment, identity, number, paging, path, query, workspace


class GetQuery(msgspec.Struct):
    """What to show beside the flow."""

    with_starred_info: bool | None = None


class ListQuery(msgspec.Struct, kw_only=True):
    """Which flows, in which order, and what of them."""

    path_start: str | None = None
    path_exact: str | None = None
    edited_by: str | None = None
    show_archived: bool | None = None
    starred_only: bool | None = None
    order_desc: bool | None = None
    dedicated_worker: bool | None = None
    label: str | None = None
    with_deployment_msg: bool | None = None
    without_description: bool | None = None
    include_draft_only: bool | None = None
    page: int | None = None
    per_page: int | None = None


async def by_path(request: Request) -> Response:
    """The flow, an archived one included."""
    options = query(request, GetQuery)
    database, where, name = context(request).database, workspace(request), path(request)
    row = database.one("flows_get", workspace=where, path=name)
    if row is None:
        raise not_found(f"Flow not found at path {name}")
    starred = None
    if options.with_starred_info:
        username = identity(request).username
        starred = database.one("flows_star", workspace=where, path=name, username=username) is not None
    return as_json(flow_documents.flow(row, version_id=row["version_id"], starred=starred))


async def by_version(request: Request) -> Response:
    """The flow as it was in one version: its value and schema, with what else the flow says now."""
    version_id, name = number(request, "version"), request.path_params.get("path")
    row = context(request).database.one(
        "flows_version", workspace=workspace(request), id=version_id, path=name and path(request)
    )
    if row is None:
        where = f" in workspace {workspace(request)}" if name is None else ""
        raise missing("Flow version", f"{version_id}{where}")
    return as_json(flow_documents.flow(row))


async def exists(request: Request) -> Response:
    """Whether there is a flow at the path, archived or not."""
    row = context(request).database.one("flows_exists", workspace=workspace(request), path=path(request))
    return as_json(row is not None)


async def history(request: Request) -> Response:
    """All versions, newest first."""
    rows = await context(request).database.scan("flows_history", workspace=workspace(request), path=path(request))
    return as_json([flow_documents.version(row) for row in rows])


async def latest_version(request: Request) -> Response:
    """The newest version, or null."""
    row = context(request).database.one("flows_history", workspace=workspace(request), path=path(request))
    return as_json(row and flow_documents.version(row))


async def deployment_status(request: Request) -> Response:
    """Whether the flow can be run: on this engine it always can."""
    name = path(request)
    if context(request).database.one("flows_exists", workspace=workspace(request), path=name) is None:
        raise missing("DeploymentStatus", name)
    return as_json({"lock_error_logs": None, "job_id": None})


async def listing(request: Request) -> Response:
    """One page of flows, starred ones first, then the newest."""
    wanted = query(request, ListQuery)
    rows = await context(request).database.scan(
        "flows_page",
        workspace=workspace(request),
        username=identity(request).username,
        **filters(wanted),
        **paging(wanted.page, wanted.per_page),
    )
    return as_json([flow_documents.listed(row) for row in rows])


def filters(wanted: ListQuery) -> dict[str, Any]:
    """The parameters of the statement."""
    return {
        **{name: getattr(wanted, name) for name in ("path_start", "path_exact", "edited_by", "dedicated_worker")},
        "archived": bool(wanted.show_archived),
        "descending": wanted.order_desc is not False,
        "starred_only": bool(wanted.starred_only),
        "labels": wanted.label and json.dumps([part.strip() for part in wanted.label.split(",")]),
        "with_description": not wanted.without_description,
        "with_message": bool(wanted.with_deployment_msg),
    }


async def paths(request: Request) -> Response:
    """The path of every flow, archived ones included."""
    rows = await context(request).database.scan("flows_paths", workspace=workspace(request))
    return as_json([row["path"] for row in rows])


async def search(request: Request) -> Response:
    """The values of all flows in use."""
    rows = await context(request).database.scan("flows_values", workspace=workspace(request))
    return as_json([_searched(row) for row in rows])


def _searched(row: Row) -> dict[str, Any]:
    return {"path": row["path"], "value": fragment(row["value"])}


FLOWS = "/w/{workspace}/flows"
routes = [
    Route(f"{FLOWS}/list", listing, methods=["GET"]),
    Route(f"{FLOWS}/list_paths", paths, methods=["GET"]),
    Route(f"{FLOWS}/list_search", search, methods=["GET"]),
    Route(f"{FLOWS}/get/v/{{version}}", by_version, methods=["GET"]),
    Route(f"{FLOWS}/get/v/{{version}}/p/{{path:path}}", by_version, methods=["GET"]),
    Route(f"{FLOWS}/get/{{path:path}}", by_path, methods=["GET"]),
    Route(f"{FLOWS}/exists/{{path:path}}", exists, methods=["GET"]),
    Route(f"{FLOWS}/history/p/{{path:path}}", history, methods=["GET"]),
    Route(f"{FLOWS}/get_latest_version/{{path:path}}", latest_version, methods=["GET"]),
    Route(f"{FLOWS}/deployment_status/p/{{path:path}}", deployment_status, methods=["GET"]),
]
