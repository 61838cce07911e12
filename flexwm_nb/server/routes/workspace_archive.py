"""A workspace as an archive, and what else `wmill sync` asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server import archive
from flexwm_nb.server.archive import File
from flexwm_nb.server.jobs.interpolation import decrypted
from flexwm_nb.server.schedules import schedule_documents
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.http import as_json, context, identity, query, workspace

TABLES = ("scripts", "flows", "variables", "resources", "resource_types", "schedules", "folders", "users", "groups")


class ArchiveQuery(msgspec.Struct, kw_only=True):
    """What the archive is to hold."""

    archive_type: str | None = None  # tar, zip
    plain_secret: bool | None = None
    plain_secrets: bool | None = None
    skip_secrets: bool | None = None
    skip_variables: bool | None = None
    skip_resources: bool | None = None
    skip_resource_types: bool | None = None
    include_schedules: bool | None = None
    include_users: bool | None = None
    include_groups: bool | None = None
    default_ts: str | None = None

    def wants(self, table: str) -> bool:
        """Whether rows of that kind are asked for."""
        if table in ("variables", "resources", "resource_types"):
            return not getattr(self, f"skip_{table}")
        return bool(getattr(self, f"include_{table}", True))


async def archived(request: Request) -> Response:
    """The workspace's scripts, flows and the rest as one archive."""
    wanted, parts, where = query(request, ArchiveQuery), context(request), workspace(request)
    hidden = f"u/{identity(request).username}/secret_arg/"
    rows = {
        table: await parts.database.scan(f"archive_{table}", workspace=where, hidden=hidden)
        for table in TABLES
        if wanted.wants(table)
    }
    if wanted.skip_secrets and "variables" in rows:
        rows["variables"] = [row for row in rows["variables"] if not row["is_secret"]]
    files = list(_files(request, wanted, rows))
    pack = archive.pack_zip if wanted.archive_type == "zip" else archive.pack_tar
    return Response(await asyncio.to_thread(pack, files), media_type="application/x-tar")


def _files(request: Request, wanted: ArchiveQuery, rows: dict[str, list[Row]]) -> Iterator[File]:
    parts = context(request)
    open_secrets = wanted.plain_secret or wanted.plain_secrets

    def plain(row: Row) -> str:
        stored: str = row["value"]
        return decrypted(parts, row["path"], stored) if row["is_secret"] and open_secrets else stored

    yield from archive.scripts(rows.get("scripts", ()), wanted.default_ts or "bun")
    yield from archive.flows(rows.get("flows", ()))
    yield from archive.variables(rows.get("variables", ()), plain)
    yield from archive.schedules(rows.get("schedules", ()), schedule_documents.schedule)
    for name in ("resources", "resource_types", "folders", "users", "groups"):
        make = getattr(archive, name)
        yield from make(rows.get(name, ()))


async def shared_ui(request: Request) -> Response:
    """The parts that apps share: none."""
    return as_json({"files": {}, "version": 0})


routes = [
    Route("/w/{workspace}/workspaces/tarball", archived, methods=["GET"]),
    Route("/w/{workspace}/shared_ui/get", shared_ui, methods=["GET"]),
]
