"""Archiving scripts, which keeps them, and deleting them, which does not."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import parse_hash
from flexwm_nb.server.scripts import script_documents
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.web.failures import Failure, internal
from flexwm_nb.server.web.http import admin, as_json, body, context, empty, path, workspace
from flexwm_nb.server.web.paths import Several

NO_ROWS = "no rows returned by a query that expected to return at least one row @flexwm"


def untouched(what: str, where: str) -> Failure:
    """500, the script to be changed does not exist."""
    return internal(f"{what} {where}: {NO_ROWS}")


async def archive_path(request: Request) -> Response:
    """Take a script out of use; its versions stay."""
    where, name = workspace(request), path(request)

    def change(transaction: Transaction) -> None:
        transaction.run("script_removal_archive_path", workspace=where, path=name)
        if not transaction.changes:
            raise untouched("archiving script in", where)

    await context(request).database.write(change)
    return empty()


async def archive_hash(request: Request) -> Response:
    """Take one version out of use; the version."""
    return await _change_version(request, "script_removal_archive_hash", "archiving script in")


async def delete_hash(request: Request) -> Response:
    """Empty one version, whose row stays; the version."""
    admin(request)
    return await _change_version(request, "script_removal_delete_hash", "deleting script by hash")


async def _change_version(request: Request, statement: str, what: str) -> Response:
    where, hashed = workspace(request), parse_hash(request.path_params["hash"])
    row = await context(request).database.write(
        lambda transaction: transaction.one(statement, workspace=where, hash=hashed)
    )
    if row is None:
        raise untouched(what, where)
    return as_json(script_documents.script(row))


async def delete_path(request: Request) -> Response:
    """Remove all versions; the path."""
    admin(request)
    where, name = workspace(request), path(request)
    deleted = await context(request).database.write(lambda transaction: delete(transaction, where, name))
    if not deleted:
        raise untouched("deleting script by path", where)
    return as_json(name)


async def delete_bulk(request: Request) -> Response:
    """Remove all versions of several scripts; the paths of those that existed."""
    admin(request)
    wanted, where = await body(request, Several), workspace(request)
    deleted = await context(request).database.write(
        lambda transaction: [name for name in wanted.paths if delete(transaction, where, name)]
    )
    return as_json(deleted)


def delete(transaction: Transaction, where: str, name: str) -> bool:
    """Remove all versions of a path; whether there were any."""
    transaction.run("script_removal_delete_path", workspace=where, path=name)
    found = transaction.changes > 0
    transaction.run("script_removal_unstar", workspace=where, path=name)
    return found


SCRIPTS = "/w/{workspace}/scripts"
routes = [
    Route(f"{SCRIPTS}/archive/p/{{path:path}}", archive_path, methods=["POST"]),
    Route(f"{SCRIPTS}/archive/h/{{hash}}", archive_hash, methods=["POST"]),
    Route(f"{SCRIPTS}/delete/h/{{hash}}", delete_hash, methods=["POST"]),
    Route(f"{SCRIPTS}/delete/p/{{path:path}}", delete_path, methods=["POST"]),
    Route(f"{SCRIPTS}/delete_bulk", delete_bulk, methods=["DELETE"]),
]
