"""Groups of members. Everybody is in the group `all`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.people.rights import EVERYBODY
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import bad_request, missing
from flexwm_nb.server.web.http import admin, as_json, body, context, fragment, identity, paging, plain, query, workspace

ALL_STAYS = "The group 'all' is a special group that contains all users and cannot be deleted"


class NewGroup(msgspec.Struct):
    """A group to be made."""

    name: str
    summary: str | None = None


class EditGroup(msgspec.Struct):
    """What of a group is to change."""

    summary: str | None = None


class Username(msgspec.Struct):
    """A member."""

    username: str


class PageQuery(msgspec.Struct):
    """Which page."""

    page: int | None = None
    per_page: int | None = None


def show(row: Row) -> dict[str, Any]:
    """A group."""
    return {
        **{name: row[name] for name in ("workspace_id", "name", "summary")},
        "members": fragment(row["members"]),
        "extra_perms": fragment(row["extra_perms"]),
    }


async def create(request: Request) -> Response:
    """A new group, of its maker."""
    admin(request)
    who = identity(request)
    new, where = await body(request, NewGroup), workspace(request)
    paths.check_name(new.name, "group_")

    def change(transaction: Transaction) -> None:
        if transaction.one("groups_get", workspace=where, name=new.name):
            raise bad_request(f"Group {new.name} already exists")
        row = {"members": json.dumps([who.username]), "extra_perms": json.dumps({who.owner: True})}
        transaction.run("groups_insert", workspace=where, name=new.name, summary=new.summary, **row)

    await context(request).database.write(change)
    return plain(f"Created group {new.name}")


async def get(request: Request) -> Response:
    """One group."""
    name = request.path_params["name"]
    row = context(request).database.one("groups_get", workspace=workspace(request), name=name)
    if row is None:
        raise missing("Group", name)
    return as_json(show(row))


async def listing(request: Request) -> Response:
    """One page of groups, by name."""
    wanted = query(request, PageQuery)
    page = paging(wanted.page, wanted.per_page)
    rows = await context(request).database.scan("groups_page", workspace=workspace(request), **page)
    return as_json([show(row) for row in rows])


async def names(request: Request) -> Response:
    """The names of all groups."""
    rows = await context(request).database.scan("rights_teams", workspace=workspace(request))
    return as_json([row["name"] for row in rows])


async def edit(request: Request, edits: Callable[[Transaction, Row], dict[str, Any]]) -> str:
    """Change a group; its name. Raises Failure 403 and 404."""
    admin(request)
    where, name = workspace(request), str(request.path_params["name"])

    def change(transaction: Transaction) -> None:
        row = transaction.one("groups_get", workspace=where, name=name)
        if row is None:
            raise missing("Group", name)
        transaction.run("groups_update", workspace=where, name=name, **edits(transaction, row))

    await context(request).database.write(change)
    return name


async def update(request: Request) -> Response:
    """Another summary."""
    new = await body(request, EditGroup)
    return plain(f"Edited group {await edit(request, lambda transaction, row: {'summary': new.summary})}")


async def add_user(request: Request) -> Response:
    """One more member; who is no user of the workspace does not become one."""
    new, where = await body(request, Username), workspace(request)

    def edits(transaction: Transaction, row: Row) -> dict[str, Any]:
        members = set(json.loads(row["members"]))
        if transaction.one("members_get", workspace=where, username=new.username) is not None:
            members.add(new.username)
        return {"members": json.dumps(sorted(members))}

    return plain(f"Added {new.username} to group {await edit(request, edits)}")


async def remove_user(request: Request) -> Response:
    """One member fewer."""
    new = await body(request, Username)
    if request.path_params["name"] == EVERYBODY:
        raise bad_request(f"Cannot delete users from the group {EVERYBODY}")

    def edits(transaction: Transaction, row: Row) -> dict[str, Any]:
        return {"members": json.dumps([name for name in json.loads(row["members"]) if name != new.username])}

    return plain(f"Removed {new.username} to group {await edit(request, edits)}")


async def delete(request: Request) -> Response:
    """Remove a group."""
    admin(request)
    where, name = workspace(request), request.path_params["name"]
    if name == EVERYBODY:
        raise bad_request(ALL_STAYS)

    def change(transaction: Transaction) -> None:
        transaction.run("groups_delete", workspace=where, name=name)
        if not transaction.changes:
            raise missing("Group", name)

    await context(request).database.write(change)
    return plain(f"delete group at name {name}")


GROUPS = "/w/{workspace}/groups"
routes = [
    Route(f"{GROUPS}/create", create, methods=["POST"]),
    Route(f"{GROUPS}/list", listing, methods=["GET"]),
    Route(f"{GROUPS}/listnames", names, methods=["GET"]),
    Route(f"{GROUPS}/get/{{name}}", get, methods=["GET"]),
    Route(f"{GROUPS}/update/{{name}}", update, methods=["POST"]),
    Route(f"{GROUPS}/adduser/{{name}}", add_user, methods=["POST"]),
    Route(f"{GROUPS}/removeuser/{{name}}", remove_user, methods=["POST"]),
    Route(f"{GROUPS}/delete/{{name}}", delete, methods=["DELETE"]),
]
