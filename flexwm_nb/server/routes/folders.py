"""Folders: whom the paths below `f/NAME/` belong to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.people import rights
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import bad_request, missing, not_authorized, permission_denied
from flexwm_nb.server.web.http import (
    as_json,
    body,
    context,
    fragment,
    identity,
    paging,
    path,
    plain,
    query,
    without_nulls,
    workspace,
)

NAME = re.compile(r"[a-zA-Z_0-9-]+")
BAD_NAME = "Folder name can only contain alphanumeric characters, underscores, and hyphens"
COUNTED = ("scripts", "schedules", "flows", "apps", "resources", "variables")


class NewFolder(msgspec.Struct, kw_only=True):
    """A folder to be made."""

    name: str
    summary: str | None = None
    display_name: str | None = None
    owners: list[str] | None = None
    extra_perms: dict[str, bool] | None = None
    default_permissioned_as: list[Any] | None = None
    labels: list[str] | None = None


class UpdateFolder(msgspec.Struct, kw_only=True):
    """What of a folder is to change."""

    summary: str | None = None
    display_name: str | None = None
    owners: list[str] | None = None
    extra_perms: dict[str, bool] | None = None
    default_permissioned_as: list[Any] | None = None
    labels: list[str] | None = None


class Owner(msgspec.Struct):
    """Somebody, `u/NAME` or `g/NAME`, and whether they may still write."""

    owner: str
    write: bool | None = None


class PageQuery(msgspec.Struct):
    """Which page."""

    page: int | None = None
    per_page: int | None = None


def show(row: Row) -> dict[str, Any]:
    """A folder."""
    names = ("workspace_id", "name", "display_name", "summary", "created_by")
    found = {
        **{name: row[name] for name in names},
        "owners": fragment(row["owners"]),
        "extra_perms": fragment(row["extra_perms"]),
        "edited_at": render_time(row["edited_at"]),
        "default_permissioned_as": fragment(row["default_permissioned_as"]),
        "labels": fragment(row["labels"]),
    }
    return without_nulls(found, ("labels",))


def text_of(value: Any) -> str | None:
    """A value as it is stored."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


async def create(request: Request) -> Response:
    """A new folder, owned by who asks too."""
    new, where, who = await body(request, NewFolder), workspace(request), identity(request)
    if not NAME.fullmatch(new.name):
        raise bad_request(BAD_NAME)
    paths.check_length(new.name)
    owners = list(dict.fromkeys([*(new.owners or ()), who.owner]))
    row = {
        "workspace": where,
        "name": new.name,
        "display_name": new.display_name or new.name,
        "owners": text_of(owners),
        "extra_perms": text_of({**dict.fromkeys(owners, True), **(new.extra_perms or {})}),
        "summary": new.summary,
        "default_permissioned_as": text_of(new.default_permissioned_as or []),
        "labels": text_of(new.labels),
        "username": who.username,
        "now": now(),
    }

    def change(transaction: Transaction) -> None:
        if transaction.one("folders_get", workspace=where, name=new.name):
            raise bad_request(f"Folder {new.name} already exists")
        transaction.run("folders_insert", **row)

    await context(request).database.write(change)
    return plain(f"Created folder {new.name}")


def found(request: Request) -> Row:
    """The folder that the path names. Raises Failure 404."""
    name = request.path_params["name"]
    row = context(request).database.one("folders_get", workspace=workspace(request), name=name)
    if row is None:
        raise missing("Folder", name)
    return row


async def get(request: Request) -> Response:
    """One folder."""
    return as_json(show(found(request)))


async def exists(request: Request) -> Response:
    """Whether there is one of that name."""
    name = request.path_params["name"]
    return as_json(context(request).database.one("folders_get", workspace=workspace(request), name=name) is not None)


async def listing(request: Request) -> Response:
    """One page of folders, by name."""
    wanted = query(request, PageQuery)
    page = paging(wanted.page, wanted.per_page)
    rows = await context(request).database.scan("folders_page", workspace=workspace(request), **page)
    return as_json([show(row) for row in rows])


async def names(request: Request) -> Response:
    """The names of all folders."""
    rows = await context(request).database.scan("rights_folders", workspace=workspace(request))
    return as_json([row["name"] for row in rows])


async def usage(request: Request) -> Response:
    """How much stands in a folder."""
    name = request.path_params["name"]
    row = context(request).database.one("folders_usage", workspace=workspace(request), start=f"f/{name}/") or {}
    return as_json({kind: row.get(kind, 0) for kind in COUNTED})  # this engine has no apps


def check_owner(request: Request) -> None:
    """Raise Failure 403 for those to whom the folder does not belong."""
    who, name = identity(request), request.path_params["name"]
    if who.is_admin:
        return
    if name not in rights.find(context(request).database, workspace(request), who.username).owned:
        raise permission_denied(f"{who.username} is not an owner of the folder {name}")


async def edit(request: Request, edits: Callable[[Row], dict[str, Any]]) -> None:
    """Change a folder. Raises Failure 403 and 404."""
    check_owner(request)
    where, name, moment = workspace(request), request.path_params["name"], now()

    def change(transaction: Transaction) -> None:
        row = transaction.one("folders_get", workspace=where, name=name)
        if row is None:
            raise missing("Folder", name)
        transaction.run("folders_update", workspace=where, name=name, now=moment, **edits(row))

    await context(request).database.write(change)


async def update(request: Request) -> Response:
    """Change what is named."""
    new = await body(request, UpdateFolder)
    where, name = workspace(request), request.path_params["name"]
    if context(request).database.one("folders_get", workspace=where, name=name) is None:
        raise not_authorized(f"You are not an owner of {name} and hence cannot modify it")
    fields = msgspec.structs.asdict(new)
    texts = ("owners", "extra_perms", "default_permissioned_as", "labels")
    await edit(request, lambda row: {**fields, **{name: text_of(fields[name]) for name in texts}})
    return plain(f"Updated folder {name}")


async def add_owner(request: Request) -> Response:
    """One more owner."""
    new = await body(request, Owner)

    def edits(row: Row) -> dict[str, Any]:
        owners = [name for name in json.loads(row["owners"]) if name != new.owner]
        permissions = {**json.loads(row["extra_perms"]), new.owner: True}
        return {"owners": text_of([*owners, new.owner]), "extra_perms": text_of(permissions)}

    await edit(request, edits)
    return plain(f"Added {new.owner} to folder {request.path_params['name']}")


async def remove_owner(request: Request) -> Response:
    """One owner fewer; with `write` they keep a member's rights."""
    new = await body(request, Owner)

    def edits(row: Row) -> dict[str, Any]:
        owners = [name for name in json.loads(row["owners"]) if name != new.owner]
        permissions = {name: write for name, write in json.loads(row["extra_perms"]).items() if name != new.owner}
        kept = {} if new.write is None else {new.owner: new.write}
        return {"owners": text_of(owners), "extra_perms": text_of({**permissions, **kept})}

    await edit(request, edits)
    return plain(f"Removed {new.owner} to folder {request.path_params['name']}")


async def delete(request: Request) -> Response:
    """Remove a folder; what stands below its path stays."""
    check_owner(request)
    where, name = workspace(request), request.path_params["name"]

    def change(transaction: Transaction) -> None:
        transaction.run("folders_delete", workspace=where, name=name)
        if not transaction.changes:
            raise missing("Folder", name)

    await context(request).database.write(change)
    return plain(f"delete folder at name {name}")


async def is_owner(request: Request) -> Response:
    """Whether a folder belongs to who asks; everything belongs to administrators."""
    who = identity(request)
    name = path(request).removeprefix("f/").partition("/")[0]
    owned = rights.find(context(request).database, workspace(request), who.username).owned
    return as_json(who.is_admin or name in owned)


FOLDERS = "/w/{workspace}/folders"
routes = [
    Route(f"{FOLDERS}/create", create, methods=["POST"]),
    Route(f"{FOLDERS}/list", listing, methods=["GET"]),
    Route(f"{FOLDERS}/listnames", names, methods=["GET"]),
    Route(f"{FOLDERS}/get/{{name}}", get, methods=["GET"]),
    Route(f"{FOLDERS}/exists/{{name}}", exists, methods=["GET"]),
    Route(f"{FOLDERS}/getusage/{{name}}", usage, methods=["GET"]),
    Route(f"{FOLDERS}/update/{{name}}", update, methods=["POST"]),
    Route(f"{FOLDERS}/addowner/{{name}}", add_owner, methods=["POST"]),
    Route(f"{FOLDERS}/removeowner/{{name}}", remove_owner, methods=["POST"]),
    Route(f"{FOLDERS}/delete/{{name}}", delete, methods=["DELETE"]),
    Route(f"{FOLDERS}/is_owner/{{path:path}}", is_owner, methods=["GET"]),
]
