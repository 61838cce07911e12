"""Sources that `wmill` sends before it previews what imports them: kept for a while, compared with what is there."""

from __future__ import annotations

import json
from hashlib import sha256

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.jobs import temporary_scripts
from flexwm_nb.server.scripts.languages import Language
from flexwm_nb.server.scripts.new_script import check_size
from flexwm_nb.server.web import serde
from flexwm_nb.server.web.failures import sql_error
from flexwm_nb.server.web.http import as_json, body, context, json_bytes, workspace
from flexwm_nb.server.web.paths import check_text

NO_WORKSPACE = (
    'error returned from database: insert or update on table "raw_script_temp" '
    'violates foreign key constraint "raw_script_temp_workspace_id_fkey"'
)


class Dependencies(msgspec.Struct):
    """One file of a workspace's dependencies, which this engine keeps none of."""

    path: str
    language: Language
    hash: str
    name: str | None = None


class Compared(msgspec.Struct):
    """The hashes of what is to be compared, by path."""

    scripts: dict[str, str]
    workspace_deps: list[Dependencies] = []


async def store(request: Request) -> Response:
    """Keep a source; its hash."""
    where, content = workspace(request), serde.decode_text(await json_bytes(request))
    check_size("The source", content)
    check_text(content)
    database = context(request).database
    if database.one("workspaces_get", workspace=where) is None:
        raise sql_error(NO_WORKSPACE)
    return as_json(await temporary_scripts.keep(database, where, content))


async def compare(request: Request) -> Response:
    """The paths whose source is another one here, or not there."""
    wanted = await body(request, Compared)
    rows = await context(request).database.scan(
        "temporary_script_deployed", workspace=workspace(request), paths=json.dumps(list(wanted.scripts))
    )
    here = {row["path"]: sha256(row["content"].encode()).hexdigest() for row in rows}
    others = [path for path, found in wanted.scripts.items() if here.get(path) != found]
    return as_json(others + [one.path for one in wanted.workspace_deps])


SCRIPTS = "/w/{workspace}/scripts/raw_temp"
routes = [
    Route(f"{SCRIPTS}/store", store, methods=["POST"]),
    Route(f"{SCRIPTS}/diff", compare, methods=["POST"]),
]
