"""The person who asks, and their tokens, whatever the workspace.

Tokens can be bound to a workspace, to reading and to a time; scopes are refused, since nothing here would hold them.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import parse_time
from flexwm_nb.server.people import passwords, tokens
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import serde
from flexwm_nb.server.web.failures import Failure, bad_request, missing, not_found, permission_denied
from flexwm_nb.server.web.http import Identity, as_json, body, context, identity, paging, plain, query, super_admin


class NewToken(msgspec.Struct):
    """What a token is to be."""

    label: str | None = None
    expiration: str | None = None
    scopes: list[str] | None = None
    workspace_id: str | None = None
    read_only: bool | None = None


class TokensQuery(msgspec.Struct):
    """Which tokens."""

    exclude_ephemeral: bool | None = None
    page: int | None = None
    per_page: int | None = None


class Label(msgspec.Struct):
    """Another label of a token."""

    label: str | None = None


class PeopleQuery(msgspec.Struct):
    """Which page of people."""

    page: int | None = None
    per_page: int | None = None


class Password(msgspec.Struct):
    """A new password."""

    password: str


async def whoami(request: Request) -> Response:
    """The person, on this server."""
    who = identity(request)
    account = context(request).database.one("tokens_account", email=who.email)
    if account is None:
        raise missing("User", who.email)
    return as_json(shown(account))


def shown(account: Row) -> dict[str, Any]:
    """A person on this server."""
    return {
        "email": account["email"],
        "login_type": "password",
        "super_admin": bool(account["super_admin"]),
        "devops": False,
        "verified": True,
        "name": account["name"],
        "company": account["company"],
        "username": None,
        "first_time_user": False,
        "role_source": "manual",
        "disabled": bool(account["disabled"]),
    }


async def email(request: Request) -> Response:
    """The person's e-mail."""
    return plain(identity(request).email)


async def set_password(request: Request) -> Response:
    """Let the person log in with a password from now on."""
    who, new = personal(identity(request)), await body(request, Password)
    stored = await asyncio.to_thread(passwords.protect, new.password)
    await context(request).database.write(
        lambda transaction: transaction.run("tokens_set_password", email=who.email, password=stored)
    )
    return plain("password updated")


def personal(who: Identity) -> Identity:
    """Who asks, not through a job. Raises Failure 403: what a job makes would outlive the job's own rights."""
    if who.job_id is not None and who.super_admin:
        raise permission_denied("the token of a job may not do this for a super administrator")
    return who


async def create_token(request: Request) -> Response:
    """A new token; it is shown this once."""
    who, new, parts = personal(identity(request)), await body(request, NewToken), context(request)
    if new.scopes:
        raise bad_request("This engine does not restrict tokens by scopes. Leave them out, or ask for read_only")
    token = await tokens.make(
        parts.database,
        who.email,
        label=new.label,
        expiration=expiration(new.expiration),
        workspace=new.workspace_id,
        read_only=bool(new.read_only),
    )
    return plain(token, 201)


def expiration(text: str | None) -> int | None:
    """When a token ends. Raises Failure 422."""
    try:
        return None if text is None else parse_time(text)
    except ValueError:
        raise Failure(422, f"{serde.BODY}expiration: input contains invalid characters") from None


async def list_tokens(request: Request) -> Response:
    """The person's tokens, without the tokens themselves."""
    wanted = query(request, TokensQuery)
    rows = await context(request).database.scan(
        "tokens_list",
        email=identity(request).email,
        exclude_ephemeral=bool(wanted.exclude_ephemeral),
        **paging(wanted.page, wanted.per_page),
    )
    return as_json([tokens.show(row) for row in rows])


async def delete_token(request: Request) -> Response:
    """End the tokens that begin so."""
    who, prefix, parts = identity(request), request.path_params["prefix"], context(request)
    rows = await parts.database.write(
        lambda transaction: transaction.run("tokens_delete", email=who.email, prefix=prefix)
    )
    parts.forget_identities()
    names = json.dumps([row["prefix"] for row in rows])
    return plain(f"deleted {len(rows)} tokens {names} with prefix {prefix}")


async def relabel_token(request: Request) -> Response:
    """Give a token another label."""
    who, prefix, new = identity(request), request.path_params["prefix"], await body(request, Label)
    changed = await context(request).database.write(
        lambda transaction: transaction.run("tokens_relabel", email=who.email, prefix=prefix, label=new.label)
    )
    if not changed:
        raise not_found(f"token {prefix} not found, not owned by user, or not editable")
    return plain(f"updated label for token {prefix}")


async def everybody(request: Request) -> Response:
    """All people on this server."""
    super_admin(request)
    wanted = query(request, PeopleQuery)
    page = paging(wanted.page, wanted.per_page, clamp=False)
    return as_json([shown(row) for row in await context(request).database.scan("tokens_accounts", **page)])


async def exists(request: Request) -> Response:
    """Whether somebody has this e-mail."""
    return as_json(context(request).database.one("tokens_account", email=request.path_params["email"]) is not None)


async def no_invitations(request: Request) -> Response:
    """The invitations of who asks: nobody is invited here."""
    return as_json([])


routes = [
    Route("/users/whoami", whoami, methods=["GET"]),
    Route("/users/email", email, methods=["GET"]),
    Route("/users/setpassword", set_password, methods=["POST"]),
    Route("/users/tokens/create", create_token, methods=["POST"]),
    Route("/users/tokens/list", list_tokens, methods=["GET"]),
    Route("/users/tokens/delete/{prefix}", delete_token, methods=["DELETE"]),
    Route("/users/tokens/update_label/{prefix}", relabel_token, methods=["POST"]),
    Route("/users/list_as_super_admin", everybody, methods=["GET"]),
    Route("/users/list_invites", no_invitations, methods=["GET"]),
    Route("/users/exists/{email}", exists, methods=["GET"]),
]
