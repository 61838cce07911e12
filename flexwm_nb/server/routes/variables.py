"""Variables: texts that scripts and resources refer to, the secret ones encrypted at rest."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, parse_time, render_time
from flexwm_nb.server.jobs.interpolation import decrypted, variable_value
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web import paths, serde
from flexwm_nb.server.web.failures import bad_request, missing, not_found
from flexwm_nb.server.web.http import (
    as_json,
    body,
    context,
    fragment,
    identity,
    json_bytes,
    paging,
    path,
    plain,
    query,
    without_nulls,
    workspace,
)

OMITTED = ("labels",)
SECRECY = "cannot change is_secret without updating value too"


class CreateVariable(msgspec.Struct, kw_only=True):
    """A variable to be made."""

    path: str
    value: str
    is_secret: bool
    description: str
    account: int | None = None
    is_oauth: bool | None = None
    expires_at: str | None = None
    labels: list[str] | None = None
    ws_specific: bool | None = None


class EditVariable(msgspec.Struct, kw_only=True):
    """What of a variable is to change."""

    path: str | None = None
    value: str | None = None
    is_secret: bool | None = None
    description: str | None = None
    account: int | None = None
    labels: list[str] | None = None
    ws_specific: bool | None = None


class EncryptedQuery(msgspec.Struct):
    """Whether the value that is sent is encrypted."""

    already_encrypted: bool | None = None


class GetQuery(msgspec.Struct):
    """How to show a secret."""

    decrypt_secret: bool | None = None
    include_encrypted: bool | None = None


class ListQuery(msgspec.Struct, kw_only=True):
    """Which variables."""

    path_start: str | None = None
    path: str | None = None
    description: str | None = None
    value: str | None = None
    broad_filter: str | None = None
    label: str | None = None
    page: int | None = None
    per_page: int | None = None


def sealed(request: Request, value: str, *, secret: bool) -> str:
    """A value as it is stored. Raises Failure 400 for one that claims to be encrypted and is not."""
    keeper = context(request).secrets
    if not secret:
        paths.check_text(value)
        return value
    if not query(request, EncryptedQuery).already_encrypted:
        return keeper.encrypt(value)
    try:
        keeper.decrypt(value)
    except ValueError:
        raise bad_request("The value is not encrypted with this workspace's key") from None
    return value


def time_of(text: str | None) -> int | None:
    """A time in a body. Raises Failure 400."""
    try:
        return None if text is None else parse_time(text)
    except ValueError:
        raise bad_request(f"expires_at is not a time: {json.dumps(text)}") from None


async def create(request: Request) -> Response:
    """A new variable."""
    new, where, who = await body(request, CreateVariable), workspace(request), identity(request)
    paths.check(new.path, "variable")
    paths.check_text(new.description)
    row = {
        **msgspec.structs.asdict(new),
        "workspace": where,
        "value": sealed(request, new.value, secret=new.is_secret),
        "is_oauth": bool(new.is_oauth),
        "expires_at": time_of(new.expires_at),
        "labels": new.labels and json.dumps(new.labels, ensure_ascii=False),
        "now": now(),
        "username": who.username,
    }

    def change(transaction: Transaction) -> None:
        if transaction.one("variables_exists", workspace=where, path=new.path):
            raise bad_request(f"Variable {new.path} already exists")
        transaction.run("variables_insert", **row)

    await context(request).database.write(change)
    return plain(f"variable {new.path} created", 201)


def show(row: Row, value: str | None) -> dict[str, Any]:
    """A variable with the value as it may be seen."""
    found = {
        **{name: row[name] for name in ("workspace_id", "path", "description", "account", "edited_by")},
        "value": value,
        "is_secret": bool(row["is_secret"]),
        "extra_perms": fragment(row["extra_perms"]),
        "is_oauth": bool(row["is_oauth"]),
        "is_expired": None,
        "is_refreshed": None,
        "refresh_error": None,
        "is_linked": bool(row["is_linked"]),
        "expires_at": render_time(row["expires_at"]),
        "labels": fragment(row["labels"]),
        "ws_specific": bool(row["ws_specific"]),
        "is_draft": False,
        "edited_at": render_time(row["edited_at"]),
    }
    return without_nulls(found, OMITTED)


async def get(request: Request) -> Response:
    """One variable; a secret is decrypted unless that is declined."""
    wanted, name, parts = query(request, GetQuery), path(request), context(request)
    row = parts.database.one("variables_get", workspace=workspace(request), path=name)
    if row is None:
        raise not_found(f"Variable {name} not found")
    value: str | None = row["value"]
    if row["is_secret"] and wanted.decrypt_secret is not False:
        value = decrypted(parts, name, row["value"])
    elif row["is_secret"] and not wanted.include_encrypted:
        value = None
    return as_json(show(row, value))


async def get_value(request: Request) -> Response:
    """A variable's text, decrypted."""
    return as_json(variable_value(context(request), workspace(request), path(request)))


async def exists(request: Request) -> Response:
    """Whether there is one at the path."""
    row = context(request).database.one("variables_exists", workspace=workspace(request), path=path(request))
    return as_json(row is not None)


async def listing(request: Request) -> Response:
    """One page of variables by path; secrets without their values."""
    wanted = query(request, ListQuery)
    rows = await context(request).database.scan(
        "variables_page",
        workspace=workspace(request),
        hidden=f"u/{identity(request).username}/secret_arg/",
        **{name: getattr(wanted, name) for name in ("path_start", "path", "description", "value", "broad_filter")},
        labels=wanted.label and json.dumps(wanted.label.split(",")),
        **paging(wanted.page, wanted.per_page),
    )
    return as_json([show(row, None if row["is_secret"] else row["value"]) for row in rows])


async def update(request: Request) -> Response:
    """Change a variable."""
    new, where, name = await body(request, EditVariable), workspace(request), path(request)
    if new.path is not None:
        paths.check(new.path, "variable")
    values = {
        **msgspec.structs.asdict(new),
        "labels": new.labels and json.dumps(new.labels, ensure_ascii=False),
        "workspace": where,
        "username": identity(request).username,
        "now": now(),
        "new_path": new.path or name,
    }

    def change(transaction: Transaction) -> None:
        old = transaction.one("variables_get", workspace=where, path=name)
        if old is None:
            raise missing("Variable", name)
        secret = bool(old["is_secret"]) if new.is_secret is None else new.is_secret
        if new.value is None and secret != bool(old["is_secret"]):
            raise bad_request(SECRECY)
        if new.path not in (None, name) and transaction.one("variables_exists", workspace=where, path=new.path):
            raise bad_request(f"Variable {new.path} already exists")
        value = None if new.value is None else sealed(request, new.value, secret=secret)
        transaction.run("variables_update", **{**values, "path": name, "value": value})

    await context(request).database.write(change)
    return plain(f"variable {name} updated (npath: {json.dumps(values['new_path'], ensure_ascii=False)})")


async def delete(request: Request) -> Response:
    """Remove a variable, if it is there, and the resource that it belongs to."""
    where, name = workspace(request), path(request)

    def change(transaction: Transaction) -> None:
        transaction.run("variables_delete", workspace=where, path=name)
        transaction.run("variables_delete_resource", workspace=where, path=name)

    await context(request).database.write(change)
    return plain(f"variable {name} deleted")


async def delete_bulk(request: Request) -> Response:
    """Remove several variables, and the resources that they belong to; the paths of those that were there."""
    where, wanted = workspace(request), await body(request, paths.Several)

    def change(transaction: Transaction) -> list[str]:
        found = [name for name in wanted.paths if transaction.one("variables_exists", workspace=where, path=name)]
        for name in found:
            transaction.run("variables_delete", workspace=where, path=name)
            transaction.run("variables_delete_resource", workspace=where, path=name)
        return found

    return as_json(await context(request).database.write(change))


async def encrypt(request: Request) -> Response:
    """A text as a variable may be created or updated with it, when the request says that it is encrypted."""
    return plain(context(request).secrets.encrypt(serde.decode_text(await json_bytes(request))))


VARIABLES = "/w/{workspace}/variables"
routes = [
    Route(f"{VARIABLES}/create", create, methods=["POST"]),
    Route(f"{VARIABLES}/list", listing, methods=["GET"]),
    Route(f"{VARIABLES}/get/{{path:path}}", get, methods=["GET"]),
    Route(f"{VARIABLES}/get_value/{{path:path}}", get_value, methods=["GET"]),
    Route(f"{VARIABLES}/exists/{{path:path}}", exists, methods=["GET"]),
    Route(f"{VARIABLES}/update/{{path:path}}", update, methods=["POST"]),
    Route(f"{VARIABLES}/delete/{{path:path}}", delete, methods=["DELETE"]),
    Route(f"{VARIABLES}/delete_bulk", delete_bulk, methods=["DELETE"]),
    Route(f"{VARIABLES}/encrypt", encrypt, methods=["POST"]),
]
