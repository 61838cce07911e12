"""Workspaces themselves.

Windmill's community edition allows two beside its own; this engine has no such limit.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.schedules import scheduler
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import bad_request, improper_path, missing
from flexwm_nb.server.web.http import as_json, body, context, identity, paging, plain, query, super_admin, workspace

PROPER = re.compile(r"\w+(?:-\w+)*")
LONGEST = 50  # characters
# tables whose rows belong to a workspace, in the order of their removal
EMPTIED = (
    "job_results", "job_logs", "job_inputs", "jobs", "job_caches", "scripts", "temporary_scripts", "flows",
    "flow_versions", "schedules", "favorites", "variables", "resources", "resource_types", "folders", "teams",
    "members", "tokens", "environments", "workspace",
)  # fmt: skip


class NewWorkspace(msgspec.Struct):
    """A workspace to be made."""

    id: str
    name: str
    username: str | None = None
    color: str | None = None


class Identifier(msgspec.Struct):
    """A workspace."""

    id: str


class Member(msgspec.Struct):
    """A name in a workspace."""

    id: str
    username: str


class PageQuery(msgspec.Struct):
    """Which page."""

    page: int | None = None
    per_page: int | None = None


def show(row: Row) -> dict[str, Any]:
    """A workspace in a list."""
    return {
        **{name: row[name] for name in ("id", "name", "owner", "color")},
        "deleted": bool(row["deleted"]),
        "premium": False,
        "parent_workspace_id": None,
    }


async def listing(request: Request) -> Response:
    """The workspaces that who asks is a member of."""
    rows = await context(request).database.scan("workspaces_of", email=identity(request).email)
    return as_json([show(row) for row in rows])


async def everything(request: Request) -> Response:
    """All workspaces, archived ones too."""
    super_admin(request)
    wanted = query(request, PageQuery)
    rows = await context(request).database.scan("workspaces_all", **paging(wanted.page, wanted.per_page))
    return as_json([show(row) for row in rows])


async def one(request: Request) -> Response:
    """One workspace, whoever its members are."""
    super_admin(request)
    row = context(request).database.one("workspaces_get", workspace=workspace(request))
    if row is None:
        raise missing("workspace", workspace(request))
    return as_json(show(row))


async def users(request: Request) -> Response:
    """Who asks, by its name in each of its workspaces."""
    email = identity(request).email
    rows = await context(request).database.scan("workspaces_of", email=email)
    found = [
        {
            **{name: row[name] for name in ("id", "name", "username", "color")},
            "operator_settings": None,
            "parent_workspace_id": None,
            "is_dev_workspace": False,
            "disabled": bool(row["disabled"]),
        }
        for row in rows
    ]
    return as_json({"email": email, "workspaces": found})


async def exists(request: Request) -> Response:
    """Whether an identifier is taken."""
    wanted = await body(request, Identifier)
    return as_json(context(request).database.one("workspaces_get", workspace=wanted.id) is not None)


async def exists_username(request: Request) -> Response:
    """Says that a name is free in a workspace. Raises Failure 400 where it is taken."""
    wanted = await body(request, Member)
    if context(request).database.one("members_get", workspace=wanted.id, username=wanted.username) is not None:
        raise bad_request("username already taken")
    return plain("valid username")


async def create(request: Request) -> Response:
    """A new workspace, whose first administrator is who asks."""
    who, new, parts = super_admin(request), await body(request, NewWorkspace), context(request)
    paths.check_length(new.id, LONGEST)
    if not PROPER.fullmatch(new.id):
        raise improper_path("workspace")
    username = new.username or re.sub(r"[^A-Za-z0-9_]", "", who.email.partition("@")[0]) or "admin"

    def change(transaction: Transaction) -> None:
        if transaction.one("workspaces_get", workspace=new.id):
            raise bad_request(f"Workspace {new.id} already exists")
        row = {"id": new.id, "name": new.name, "color": new.color, "email": who.email, "now": now()}
        transaction.run("workspaces_make", **row)
        transaction.run("access_make_member", workspace=new.id, username=username, email=who.email, now=row["now"])
        transaction.run("access_make_team", workspace=new.id, username=username)

    await parts.database.write(change)
    parts.forget_identities()
    return plain(f"Created workspace {new.id}")


async def unarchive(request: Request) -> Response:
    """Bring an archived workspace back."""
    super_admin(request)
    name = request.path_params["id"]
    await _set_deleted(request, name, deleted=False)
    return plain(f"Unarchived workspace {name}")


async def archive(request: Request) -> Response:
    """Take a workspace out of the lists; nothing in it is lost."""
    super_admin(request)
    name = workspace(request)
    await _set_deleted(request, name, deleted=True)
    return plain(f"Archived workspace {name}")


async def _set_deleted(request: Request, name: str, *, deleted: bool) -> None:
    def change(transaction: Transaction) -> None:
        transaction.run("workspaces_set_deleted", workspace=name, deleted=deleted)
        if not transaction.changes:
            raise missing("Workspace", name)

    await context(request).database.write(change)


async def delete(request: Request) -> Response:
    """Remove a workspace with all that is in it. Refused while jobs wait or run there."""
    super_admin(request)
    name, parts = request.path_params["id"], context(request)
    jobs = await parts.database.write(lambda transaction: remove(transaction, name))
    for job in jobs:
        parts.logs.remove(job["id"])
    parts.forget_identities()
    return plain(f"Deleted workspace {name}")


def remove(transaction: Transaction, name: str) -> list[Row]:
    """Remove everything of a workspace; the jobs that it had. Raises Failure 404 and 400."""
    if transaction.one("workspaces_get", workspace=name) is None:
        raise missing("Workspace", name)
    for schedule in transaction.run("schedules_all", workspace=name):
        scheduler.clear(transaction, name, schedule["path"])
    if transaction.one("workspaces_unfinished", workspace=name):
        raise bad_request(f"Workspace {name} has jobs that wait or run. Cancel them or let them end, then delete it")
    jobs = transaction.run("workspaces_jobs", workspace=name)
    for table in EMPTIED:
        transaction.run(f"workspaces_delete_{table}", workspace=name)
    return jobs


routes = [
    Route("/workspaces/list", listing, methods=["GET"]),
    Route("/workspaces/list_as_superadmin", everything, methods=["GET"]),
    Route("/w/{workspace}/workspaces/get_as_superadmin", one, methods=["GET"]),
    Route("/workspaces/users", users, methods=["GET"]),
    Route("/workspaces/exists", exists, methods=["POST"]),
    Route("/workspaces/exists_username", exists_username, methods=["POST"]),
    Route("/workspaces/create", create, methods=["POST"]),
    Route("/workspaces/unarchive/{id}", unarchive, methods=["POST"]),
    Route("/workspaces/delete/{id}", delete, methods=["DELETE"]),
    Route("/w/{workspace}/workspaces/archive", archive, methods=["POST"]),
]
