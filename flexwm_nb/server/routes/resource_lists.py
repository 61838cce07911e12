"""Lists of resources.

`list_search` gives every resource; Windmill's community edition stops after three.
"""

from __future__ import annotations

import json

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.routes.resources import show
from flexwm_nb.server.web.http import as_json, context, fragment, paging, query, workspace


class ListQuery(msgspec.Struct, kw_only=True):
    """Which resources."""

    resource_type: str | None = None
    resource_type_exclude: str | None = None
    path_start: str | None = None
    path: str | None = None
    description: str | None = None
    value: str | None = None
    broad_filter: str | None = None
    label: str | None = None
    page: int | None = None
    per_page: int | None = None


async def listing(request: Request) -> Response:
    """One page of resources, without their values."""
    wanted = query(request, ListQuery)
    if wanted.value is not None and not is_json(wanted.value):
        return as_json([])
    rows = await context(request).database.scan(
        "resources_page",
        workspace=workspace(request),
        **{name: getattr(wanted, name) for name in ("path_start", "path", "description", "broad_filter")},
        types=wanted.resource_type and json.dumps(wanted.resource_type.split(",")),
        excluded=json.dumps((wanted.resource_type_exclude or "").split(",")),
        wanted_value=wanted.value,
        labels=wanted.label and json.dumps(wanted.label.split(",")),
        **paging(wanted.page, wanted.per_page),
    )
    return as_json([show(row, with_value=False) for row in rows])


def is_json(text: str) -> bool:
    """Whether a value can be looked for; Windmill finds nothing for any other text."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def search(request: Request) -> Response:
    """The values of all resources."""
    rows = await context(request).database.scan("resources_values", workspace=workspace(request))
    return as_json([{"path": row["path"], "value": fragment(row["value"])} for row in rows])


async def names(request: Request) -> Response:
    """The resources of a type whose value has a name."""
    kind = request.path_params["name"]
    rows = await context(request).database.scan("resources_names", workspace=workspace(request), type=kind)
    return as_json([{"name": json.loads(row["name"]), "path": row["path"]} for row in rows])


RESOURCES = "/w/{workspace}/resources"
routes = [
    Route(f"{RESOURCES}/list", listing, methods=["GET"]),
    Route(f"{RESOURCES}/list_search", search, methods=["GET"]),
    Route(f"{RESOURCES}/list_names/{{name}}", names, methods=["GET"]),
]
