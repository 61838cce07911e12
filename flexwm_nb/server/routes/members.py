"""The members of a workspace."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.people import rights
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import missing
from flexwm_nb.server.web.http import as_json, body, context, identity, path, plain, workspace

FLAGS = ("is_admin", "operator", "disabled")


class Name(msgspec.Struct):
    """A member."""

    username: str


def describe(request: Request, row: Row) -> dict[str, Any]:
    """A member and what it may do."""
    found = rights.find(context(request).database, workspace(request), row["username"])
    return {
        **{name: row[name] for name in ("workspace_id", "email", "username", "role", "name")},
        **{name: bool(row[name]) for name in FLAGS},
        "is_super_admin": bool(row["super_admin"]),
        "created_at": render_time(row["created_at"]),
        "groups": found.groups,
        "folders_read": found.readable,
        "folders": found.writable,
        "folders_owners": found.owned,
        "is_service_account": False,
    }


async def whoami(request: Request) -> Response:
    """Who asks; a super administrator need not be a member."""
    who = identity(request)
    row = context(request).database.one("members_get", workspace=workspace(request), username=who.username)
    return as_json(describe(request, row or visitor(request)))


def visitor(request: Request) -> Row:
    """A super administrator as a member of a workspace that it is no member of."""
    who = identity(request)
    return {
        "workspace_id": workspace(request),
        "email": who.email,
        "username": who.username,
        "role": who.role,
        "name": None,
        "is_admin": True,
        "operator": False,
        "disabled": False,
        "super_admin": who.super_admin,
        "created_at": now(),
    }


def member(request: Request, word: str = "User") -> Row:
    """The member that the path names. Raises Failure 404."""
    name = request.path_params["username"]
    row = context(request).database.one("members_get", workspace=workspace(request), username=name)
    if row is None:
        raise missing(word, name)
    return row


async def get(request: Request) -> Response:
    """One member."""
    return as_json(describe(request, member(request)))


async def listing(request: Request) -> Response:
    """All members."""
    rows = await context(request).database.scan("members_list", workspace=workspace(request))
    return as_json(
        [
            {
                **{name: row[name] for name in ("workspace_id", "email", "username", "role")},
                **{name: bool(row[name]) for name in FLAGS},
                "created_at": render_time(row["created_at"]),
                "added_via": None,
                "is_service_account": False,
            }
            for row in rows
        ]
    )


async def usernames(request: Request) -> Response:
    """The names of all members."""
    rows = await context(request).database.scan("members_list", workspace=workspace(request))
    return as_json([row["username"] for row in rows])


async def username_to_email(request: Request) -> Response:
    """A member's e-mail. Raises Failure 404."""
    return plain(member(request, "user")["email"])


async def is_owner(request: Request) -> Response:
    """Whether a path belongs to who asks; everything belongs to administrators."""
    who = identity(request)
    if who.is_admin:
        return as_json(True)
    found = rights.find(context(request).database, workspace(request), who.username)
    return as_json(rights.owns(path(request), who.username, found.groups, found.owned))


async def exists(request: Request) -> Response:
    """Whether a name is taken."""
    wanted = await body(request, Name)
    row = context(request).database.one("members_get", workspace=workspace(request), username=wanted.username)
    return as_json(row is not None)


USERS = "/w/{workspace}/users"
routes = [
    Route(f"{USERS}/whoami", whoami, methods=["GET"]),
    Route(f"{USERS}/list", listing, methods=["GET"]),
    Route(f"{USERS}/list_usernames", usernames, methods=["GET"]),
    Route(f"{USERS}/whois/{{username}}", get, methods=["GET"]),
    Route(f"{USERS}/get/{{username}}", get, methods=["GET"]),
    Route(f"{USERS}/username_to_email/{{username}}", username_to_email, methods=["GET"]),
    Route(f"{USERS}/is_owner/{{path:path}}", is_owner, methods=["GET"]),
    Route(f"{USERS}/exists", exists, methods=["POST"]),
]
