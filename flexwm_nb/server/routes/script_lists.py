"""Lists of scripts.

`list_search` gives every script; Windmill's community edition stops after three.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import parse_hash, render_hash
from flexwm_nb.server.scripts import new_script, script_documents
from flexwm_nb.server.web.http import as_json, context, identity, paging, query, workspace


class ListQuery(msgspec.Struct, kw_only=True):
    """Which scripts, in which order, and what of them."""

    path_start: str | None = None
    path_exact: str | None = None
    created_by: str | None = None
    first_parent_hash: str | None = None
    last_parent_hash: str | None = None
    parent_hash: str | None = None
    show_archived: bool | None = None
    order_desc: bool | None = None
    is_template: bool | None = None
    kinds: str | None = None
    starred_only: bool | None = None
    include_without_main: bool | None = None
    include_draft_only: bool | None = None
    with_deployment_msg: bool | None = None
    languages: str | None = None
    dedicated_worker: bool | None = None
    label: str | None = None
    without_description: bool | None = None
    page: int | None = None
    per_page: int | None = None


async def listing(request: Request) -> Response:
    """One page of scripts, starred ones first, then the newest."""
    wanted = query(request, ListQuery)
    rows = await context(request).database.scan(
        "script_lists_page",
        workspace=workspace(request),
        username=identity(request).username,
        **filters(wanted),
        **paging(wanted.page, wanted.per_page, clamp=False),
    )
    return as_json([script_documents.listed(row) for row in rows])


def filters(wanted: ListQuery) -> dict[str, Any]:
    """The parameters of the statement. Raises Failure 400."""
    languages = wanted.languages and as_list(wanted.languages)
    for name in languages or ():
        new_script.check_language(name)
    return {
        **{name: getattr(wanted, name) for name in ("path_start", "path_exact", "created_by", "is_template")},
        **{name: _hash(getattr(wanted, name)) for name in ("first_parent_hash", "last_parent_hash", "parent_hash")},
        "archived": bool(wanted.show_archived),
        "descending": wanted.order_desc is not False,
        "kinds": wanted.kinds and json.dumps(as_list(wanted.kinds)),
        "languages": languages and json.dumps(languages),
        "labels": wanted.label and json.dumps(as_list(wanted.label)),
        "dedicated_worker": wanted.dedicated_worker,
        "starred_only": bool(wanted.starred_only),
        "with_libraries": bool(wanted.include_without_main),
        "with_description": not wanted.without_description,
        "with_message": bool(wanted.with_deployment_msg),
    }


def as_list(text: str) -> list[str]:
    """The parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _hash(text: str | None) -> str | None:
    return None if text is None else render_hash(parse_hash(text))


async def paths(request: Request) -> Response:
    """Every path that a script was ever at, archived ones included."""
    rows = await context(request).database.scan("script_lists_paths", workspace=workspace(request))
    return as_json([row["path"] for row in rows])


async def search(request: Request) -> Response:
    """The sources of all scripts in use."""
    rows = await context(request).database.scan("script_lists_search", workspace=workspace(request))
    return as_json(rows)


SCRIPTS = "/w/{workspace}/scripts"
routes = [
    Route(f"{SCRIPTS}/list", listing, methods=["GET"]),
    Route(f"{SCRIPTS}/list_paths", paths, methods=["GET"]),
    Route(f"{SCRIPTS}/list_search", search, methods=["GET"]),
]
