"""Resources: JSON values of a type that scripts take as arguments."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.jobs import environment
from flexwm_nb.server.jobs.interpolation import resource_value
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.people import access
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import bad_request, missing, not_found
from flexwm_nb.server.web.http import (
    as_json,
    body,
    context,
    fragment,
    identity,
    path,
    plain,
    query,
    raw_json,
    without_nulls,
    workspace,
)

OMITTED = ("labels",)
VARIABLE = "$var:"


class CreateResource(msgspec.Struct, kw_only=True):
    """A resource to be made."""

    path: str
    value: Any = None
    description: str | None = None
    resource_type: str
    labels: list[str] | None = None
    ws_specific: bool | None = None


class EditResource(msgspec.Struct, kw_only=True):
    """What of a resource is to change."""

    path: str | None = None
    description: str | None = None
    value: Any = None  # leaves the old one, as Windmill does; update_value sets it to null
    resource_type: str | None = None
    labels: list[str] | None = None
    ws_specific: bool | None = None


class UpdateResource(msgspec.Struct):
    """Another value."""

    value: Any = None


class CreateQuery(msgspec.Struct):
    """How to create."""

    update_if_exists: bool | None = None


class InterpolatedQuery(msgspec.Struct):
    """For which job."""

    job_id: str | None = None


def text_of(value: Any) -> str | None:
    """A value as it is stored."""
    return None if value is None else msgspec.json.encode(value).decode()


async def create(request: Request) -> Response:
    """A new resource; with update_if_exists also another state of one."""
    new, where = await body(request, CreateResource), workspace(request)
    replace = bool(query(request, CreateQuery).update_if_exists)
    paths.check(new.path, "resource")
    paths.check_text(new.description)
    row = {
        **msgspec.structs.asdict(new),
        "workspace": where,
        "value": text_of(new.value),
        "labels": new.labels and text_of(new.labels),
        "username": identity(request).username,
        "now": now(),
    }

    def change(transaction: Transaction) -> None:
        if not replace and transaction.one("values_resource", workspace=where, path=new.path):
            raise bad_request(f"Resource {new.path} already exists")
        transaction.run("resources_insert", **row)

    await context(request).database.write(change)
    return plain(f"resource {new.path} created", 201)


def show(row: Row, *, with_value: bool) -> dict[str, Any]:
    """A resource; lists show no values."""
    found = {
        **{name: row[name] for name in ("workspace_id", "path", "description", "resource_type", "created_by")},
        "value": fragment(row["value"]) if with_value else None,
        "extra_perms": fragment(row["extra_perms"]),
        "edited_at": render_time(row["edited_at"]),
        "is_linked": bool(row["is_linked"]),
        "is_refreshed": None,
        "is_oauth": None,
        "is_expired": None,
        "refresh_error": None,
        "account": None,
        "labels": fragment(row["labels"]),
        "ws_specific": bool(row["ws_specific"]),
        "is_draft": False,
    }
    return without_nulls(found, OMITTED)


async def get(request: Request) -> Response:
    """One resource, its references as they were written."""
    return as_json(show(found(request), with_value=True))


def found(request: Request) -> Row:
    """The resource that the path names. Raises Failure 404."""
    name = path(request)
    row = context(request).database.one("resources_get", workspace=workspace(request), path=name)
    if row is None:
        raise not_found(f"Resource {name} not found")
    return row


async def get_value(request: Request) -> Response:
    """A resource's value, its references as they were written."""
    return raw_json(found(request)["value"] or "null")


async def get_value_interpolated(request: Request) -> Response:
    """A resource's value with its references put in; those to a job's own variables for a job that waits or runs."""
    wanted = query(request, InterpolatedQuery)
    variables = {} if wanted.job_id is None else job_variables(request, wanted.job_id)
    value = resource_value(context(request), workspace(request), path(request), contextual=variables)
    return as_json(value)


def job_variables(request: Request, job_id: str) -> dict[str, str]:
    """The contextual variables of an unfinished job, none for others."""
    parts = context(request)
    row = parts.database.one("resources_job", workspace=workspace(request), id=job_id)
    if row is None:
        return {}
    token = access.find_token(request.scope) or ""
    return environment.contextual(Job.of_row(row), base_url=parts.lifecycle.url, token=token)


async def exists(request: Request) -> Response:
    """Whether there is one at the path."""
    row = context(request).database.one("values_resource", workspace=workspace(request), path=path(request))
    return as_json(row is not None)


async def update(request: Request) -> Response:
    """Change a resource."""
    new, where, name = await body(request, EditResource), workspace(request), path(request)
    if new.path is not None:
        paths.check(new.path, "resource")
    target = new.path or name
    row = {
        **msgspec.structs.asdict(new),
        "workspace": where,
        "path": name,
        "new_path": target,
        "has_value": new.value is not None,
        "value": text_of(new.value),
        "labels": new.labels and text_of(new.labels),
        "now": now(),
    }

    def change(transaction: Transaction) -> None:
        if target != name and transaction.one("values_resource", workspace=where, path=target):
            raise bad_request(f"Resource {target} already exists")
        transaction.run("resources_update", **row)
        if not transaction.changes:
            raise missing("Resource", name)

    await context(request).database.write(change)
    return plain(f"resource {name} updated (npath: {json.dumps(target, ensure_ascii=False)})")


async def update_value(request: Request) -> Response:
    """Give a resource another value, if it is there."""
    new, where, name = await body(request, UpdateResource), workspace(request), path(request)
    value, moment = text_of(new.value), now()
    await context(request).database.write(
        lambda transaction: transaction.run("resources_set_value", workspace=where, path=name, value=value, now=moment)
    )
    return plain(f"value of resource {name} updated")


async def delete(request: Request) -> Response:
    """Remove a resource and the variables that its value names."""
    where, name = workspace(request), path(request)

    if not await context(request).database.write(lambda transaction: remove(transaction, where, name)):
        raise missing("Resource", name)
    return plain(f"resource {name} deleted")


async def delete_bulk(request: Request) -> Response:
    """Remove several resources; the paths of those that were there."""
    where, wanted = workspace(request), await body(request, paths.Several)
    return as_json(
        await context(request).database.write(
            lambda transaction: [name for name in wanted.paths if remove(transaction, where, name)]
        )
    )


def remove(transaction: Transaction, where: str, name: str) -> bool:
    """Remove a resource and the variables that its value names; whether it was there."""
    row = transaction.one("resources_delete", workspace=where, path=name)
    if row is None:
        return False
    transaction.run("variables_delete", workspace=where, path=name)
    for variable in variables_in(json.loads(row["value"] or "null")):
        transaction.run("variables_delete", workspace=where, path=variable)
    return True


def variables_in(value: Any) -> list[str]:
    """The variables that a value refers to, at any depth."""
    if isinstance(value, str):
        return [value.removeprefix(VARIABLE)] if value.startswith(VARIABLE) else []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [path for item in inside for path in variables_in(item)]


RESOURCES = "/w/{workspace}/resources"
routes = [
    Route(f"{RESOURCES}/create", create, methods=["POST"]),
    Route(f"{RESOURCES}/get/{{path:path}}", get, methods=["GET"]),
    Route(f"{RESOURCES}/get_value/{{path:path}}", get_value, methods=["GET"]),
    Route(f"{RESOURCES}/get_value_interpolated/{{path:path}}", get_value_interpolated, methods=["GET"]),
    Route(f"{RESOURCES}/exists/{{path:path}}", exists, methods=["GET"]),
    Route(f"{RESOURCES}/update/{{path:path}}", update, methods=["POST"]),
    Route(f"{RESOURCES}/update_value/{{path:path}}", update_value, methods=["POST"]),
    Route(f"{RESOURCES}/delete/{{path:path}}", delete, methods=["DELETE"]),
    Route(f"{RESOURCES}/delete_bulk", delete_bulk, methods=["DELETE"]),
]
