"""Resource types: what the values of a type look like. Those of the workspace `admins` are everybody's."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import bad_request, missing
from flexwm_nb.server.web.http import admin, as_json, body, context, fragment, identity, plain, workspace


class CreateResourceType(msgspec.Struct):
    """A type to be made."""

    name: str
    schema: Any = None
    description: str | None = None
    format_extension: str | None = None
    is_fileset: bool | None = None


class EditResourceType(msgspec.Struct):
    """What of a type is to change."""

    schema: Any = None
    description: str | None = None
    is_fileset: bool | None = None


def text_of(schema: Any) -> str | None:
    """A schema as it is stored."""
    return None if schema is None else msgspec.json.encode(schema).decode()


def show(row: Row) -> dict[str, Any]:
    """A type."""
    return {
        **{name: row[name] for name in ("workspace_id", "name", "description", "created_by", "format_extension")},
        "schema": fragment(row["schema"]),
        "edited_at": render_time(row["edited_at"]),
        "is_fileset": bool(row["is_fileset"]),
    }


async def create(request: Request) -> Response:
    """A new type."""
    new, where, who = await body(request, CreateResourceType), workspace(request), identity(request)
    paths.check_name(new.name, "resource_type")
    paths.check_text(new.name, new.description)
    row = {
        **msgspec.structs.asdict(new),
        "workspace": where,
        "schema": text_of(new.schema),
        "is_fileset": bool(new.is_fileset),
        "username": who.username,
        "now": now(),
    }

    def change(transaction: Transaction) -> None:
        if transaction.one("resource_types_own", workspace=where, name=new.name):
            raise bad_request(f"Resource type {new.name} already exists")
        transaction.run("resource_types_insert", **row)

    await context(request).database.write(change)
    return plain(f"resource_type {new.name} created", 201)


async def listing(request: Request) -> Response:
    """All types."""
    rows = await context(request).database.scan("resource_types_list", workspace=workspace(request))
    return as_json([show(row) for row in rows])


async def names(request: Request) -> Response:
    """The names of all types."""
    rows = await context(request).database.scan("resource_types_list", workspace=workspace(request))
    return as_json([row["name"] for row in rows])


async def extensions(request: Request) -> Response:
    """The types whose values are files, with the files' extension."""
    rows = await context(request).database.scan("resource_types_list", workspace=workspace(request))
    return as_json(
        {
            row["name"]: {"format_extension": row["format_extension"], "is_fileset": bool(row["is_fileset"])}
            for row in rows
            if row["format_extension"] is not None or row["is_fileset"]
        }
    )


async def get(request: Request) -> Response:
    """One type."""
    name = request.path_params["name"]
    row = context(request).database.one("resource_types_get", workspace=workspace(request), name=name)
    if row is None:
        raise missing("ResourceType", name)
    return as_json(show(row))


async def exists(request: Request) -> Response:
    """Whether there is one of that name."""
    name = request.path_params["name"]
    row = context(request).database.one("resource_types_get", workspace=workspace(request), name=name)
    return as_json(row is not None)


async def update(request: Request) -> Response:
    """Change a type, if it is there."""
    new, where, name = await body(request, EditResourceType), workspace(request), request.path_params["name"]
    row = {**msgspec.structs.asdict(new), "schema": text_of(new.schema), "now": now()}
    await context(request).database.write(
        lambda transaction: transaction.run("resource_types_update", workspace=where, name=name, **row)
    )
    return plain(f"resource_type {name} updated")


async def delete(request: Request) -> Response:
    """Remove a type; resources of it stay."""
    admin(request)
    where, name = workspace(request), request.path_params["name"]

    def change(transaction: Transaction) -> None:
        transaction.run("resource_types_delete", workspace=where, name=name)
        if not transaction.changes:
            raise missing("ResourceType", name)

    await context(request).database.write(change)
    return plain(f"resource_type {name} deleted")


TYPES = "/w/{workspace}/resources/type"
routes = [
    Route(f"{TYPES}/create", create, methods=["POST"]),
    Route(f"{TYPES}/list", listing, methods=["GET"]),
    Route(f"{TYPES}/listnames", names, methods=["GET"]),
    Route(f"{TYPES}/get/{{name}}", get, methods=["GET"]),
    Route(f"{TYPES}/exists/{{name}}", exists, methods=["GET"]),
    Route(f"{TYPES}/update/{{name}}", update, methods=["POST"]),
    Route(f"{TYPES}/delete/{{name}}", delete, methods=["DELETE"]),
    Route("/w/{workspace}/resources/file_resource_type_to_file_ext_map", extensions, methods=["GET"]),
]
