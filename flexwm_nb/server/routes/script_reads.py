"""Reading one script: by path, by hash, as text, and its versions."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import parse_hash
from flexwm_nb.server.jobs import temporary_scripts
from flexwm_nb.server.runners import imports
from flexwm_nb.server.scripts import script_documents
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import bad_request, missing, not_found
from flexwm_nb.server.web.http import as_json, body, context, empty, identity, path, plain, query, workspace

EXTENSIONS = (".py", ".ts", ".go", ".sh")
NO_EXTENSION = "Path must ends with a .py, .ts, .go. or .sh extension: {}"


class GetQuery(msgspec.Struct):
    """What to show beside the script."""

    with_starred_info: bool | None = None


class RawQuery(msgspec.Struct):
    """What a loader of imports may say."""

    temp_script_hash: str | None = None
    cache_key: str | None = None
    cache_folders: bool | None = None


class Message(msgspec.Struct):
    """A new deployment message."""

    deployment_msg: str | None = None


async def by_path(request: Request) -> Response:
    """The newest version, archived and deleted ones included."""
    name = path(request)
    row = context(request).database.one("script_reads_newest", workspace=workspace(request), path=name)
    if row is None:
        raise not_found(f"Script not found at path {name}")
    return _shown(request, row)


def _shown(request: Request, row: Row) -> Response:
    """A version, with its star where that is asked for."""
    if not query(request, GetQuery).with_starred_info:
        return as_json(script_documents.script(row))
    who = {"workspace": workspace(request), "path": row["path"], "username": identity(request).username}
    star = context(request).database.one("script_reads_star", **who)
    return as_json(script_documents.script(row, starred=star is not None))


def version(request: Request, text: str, kind: str = "Script") -> Row:
    """The version of a hash. Raises Failure 404."""
    row = context(request).database.one("script_reads_version", workspace=workspace(request), hash=parse_hash(text))
    if row is None:
        raise missing(kind, text)
    return row


async def by_hash(request: Request) -> Response:
    """One version."""
    return _shown(request, version(request, request.path_params["hash"]))


async def raw_by_path(request: Request) -> Response:
    """The current source, or one that is kept for a preview, for loaders of imports."""
    name, parts = path(request), context(request)
    kept = temporary_scripts.source(parts.database, workspace(request), query(request, RawQuery).temp_script_hash)
    if kept is not None:
        return plain(kept)
    extension = next((found for found in EXTENSIONS if name.endswith(found)), None)
    if extension is None:
        raise bad_request(NO_EXTENSION.format(name))
    name = name.removesuffix(extension)
    row = parts.database.one("script_reads_source", workspace=workspace(request), path=name)
    if row is None:
        raise missing("Script", name)
    return plain(row["content"])


async def unpinned_by_path(request: Request) -> Response:
    """The current source; TypeScript without the versions of packages: those of the importing script hold."""
    answer = await raw_by_path(request)
    if not path(request).endswith(".ts"):
        return answer
    return plain(imports.unpinned(bytes(answer.body).decode()))


async def raw_by_hash(request: Request) -> Response:
    """One version's source."""
    name = path(request)
    if not name.endswith(".ts"):
        raise bad_request("Raw script path must end with .ts")
    return plain(version(request, name.removesuffix(".ts"))["content"])


async def exists(request: Request) -> Response:
    """Whether the path has a script that can be run."""
    row = context(request).database.one("script_reads_source", workspace=workspace(request), path=path(request))
    return as_json(row is not None)


async def history(request: Request) -> Response:
    """All versions, newest first."""
    rows = await context(request).database.scan(
        "script_reads_history", workspace=workspace(request), path=path(request)
    )
    return as_json([script_documents.version(row) for row in rows])


async def latest_version(request: Request) -> Response:
    """The newest version, or null."""
    row = context(request).database.one("script_reads_history", workspace=workspace(request), path=path(request))
    return as_json(row and script_documents.version(row))


async def update_message(request: Request) -> Response:
    """Change a version's deployment message."""
    new, where, name = await body(request, Message), workspace(request), path(request)
    hashed = parse_hash(request.path_params["hash"])
    await context(request).database.write(
        lambda transaction: transaction.run(
            "script_reads_set_message", workspace=where, path=name, hash=hashed, message=new.deployment_msg
        )
    )
    return empty()


async def deployment_status(request: Request) -> Response:
    """Whether the lock of the version was found, or why not; on this engine it can be run in any case."""
    row = version(request, request.path_params["hash"], "DeploymentStatus")
    return as_json({"lock": row["lock"], "lock_error_logs": row["lock_error_logs"], "job_id": row["lock_job"]})


SCRIPTS = "/w/{workspace}/scripts"
routes = [
    Route(f"{SCRIPTS}/get/p/{{path:path}}", by_path, methods=["GET"]),
    Route(f"{SCRIPTS}/get/h/{{hash}}", by_hash, methods=["GET"]),
    Route(f"{SCRIPTS}/exists/p/{{path:path}}", exists, methods=["GET"]),
    Route(f"{SCRIPTS}/history/p/{{path:path}}", history, methods=["GET"]),
    Route(f"{SCRIPTS}/get_latest_version/{{path:path}}", latest_version, methods=["GET"]),
    Route(f"{SCRIPTS}/deployment_status/h/{{hash}}", deployment_status, methods=["GET"]),
    Route(f"{SCRIPTS}/raw/p/{{path:path}}", raw_by_path, methods=["GET"]),
    Route(f"{SCRIPTS}/raw_unpinned/p/{{path:path}}", unpinned_by_path, methods=["GET"]),
    Route(f"{SCRIPTS}/raw/h/{{path:path}}", raw_by_hash, methods=["GET"]),
    Route(f"{SCRIPTS}/history_update/h/{{hash}}/p/{{path:path}}", update_message, methods=["POST"]),
]
