"""Who imports a script of the workspace, and what is imported."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.scripts.importing import Source, importers
from flexwm_nb.server.web import serde
from flexwm_nb.server.web.http import as_json, context, json_bytes, path, workspace

Found = dict[tuple[str, str], list[str]]  # path and kind -> steps


async def _sources(request: Request, *, path: str | None = None, text: str | None = None) -> list[Source]:
    rows = await context(request).database.scan("uses_sources", workspace=workspace(request), path=path, text=text)
    return [Source(**row) for row in rows]


async def _importers(request: Request, imported: str) -> Found:
    """Only sources in which the last part of the path occurs can import it."""
    sources = await _sources(request, text=imported.rpartition("/")[2])
    return await asyncio.to_thread(importers, sources, imported)


async def dependents(request: Request) -> Response:
    """Who imports a script, and in which steps."""
    found = await _importers(request, path(request))
    shown = ("importer_path", "importer_kind", "importer_node_ids")
    return as_json([dict(zip(shown, (*who, steps))) for who, steps in found.items()])


async def dependent_paths(request: Request) -> Response:
    """The paths of scripts, and once for each of its steps of flows, that import a script."""
    found = await _importers(request, path(request))
    return as_json([who for (who, _), steps in found.items() for _ in steps])


async def amounts(request: Request) -> Response:
    """How many scripts and flows import each of these, where any does."""
    counts = []
    for imported in serde.decode_texts(await json_bytes(request)):
        if found := await _importers(request, imported):
            counts.append({"imported_path": imported, "count": len(found)})
    return as_json(counts)


async def imported(request: Request) -> Response:
    """The scripts that a script or flow imports itself."""
    parts, where = context(request), workspace(request)
    meant = {name for source in await _sources(request, path=path(request)) for name in source.imported()}
    known = [name for name in sorted(meant) if parts.database.one("script_reads_source", workspace=where, path=name)]
    return as_json(known)


W = "/w/{workspace}"
routes = [
    Route(f"{W}/scripts/list_paths_from_workspace_runnable/{{path:path}}", dependent_paths, methods=["GET"]),
    Route(f"{W}/workspaces/get_dependents/{{path:path}}", dependents, methods=["GET"]),
    Route(f"{W}/workspaces/get_imports/{{path:path}}", imported, methods=["GET"]),
    Route(f"{W}/workspaces/get_dependents_amounts", amounts, methods=["POST"]),
]
