"""What only the local engine has: a description of itself, and its own stop."""

from __future__ import annotations

import os
import platform

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.handshake import PROTOCOL, VERSION
from flexwm_nb.server.clock import render_time
from flexwm_nb.server.failures import require_admin
from flexwm_nb.server.http import as_json, context, identity, plain
from flexwm_nb.server.store.database import journal_mode, sqlite_version


async def describe(request: Request) -> Response:
    """What this engine is; no secrets."""
    parts = context(request)
    sqlite = sqlite_version()
    return as_json(
        {
            "version": VERSION,
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "started_at": render_time(parts.started_at),
            "store": str(parts.settings.store),
            "workspace": parts.settings.workspace,
            "workers": parts.settings.workers,
            "python": parts.settings.python,
            "python_version": platform.python_version(),
            "languages": sorted(parts.runners.languages),
            "sqlite": ".".join(map(str, sqlite)),
            "journal_mode": journal_mode(sqlite),
            "isolation": "none",
            "unfinished": parts.database.one("access_unfinished") is not None,
        }
    )


async def stop(request: Request) -> Response:
    """Finish what runs, then leave."""
    found = identity(request)
    if not found.super_admin or found.job_id is not None:
        raise require_admin(found.username)
    context(request).lifecycle.stop()
    return plain("stopping")


routes = [
    Route("/flexwm/engine", describe, methods=["GET"]),
    Route("/flexwm/stop", stop, methods=["POST"]),
]
