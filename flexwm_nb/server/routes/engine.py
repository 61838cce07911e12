"""What only the local engine has: a description of itself, and its own stop."""

from __future__ import annotations

import asyncio
import os
import platform
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.handshake import PROTOCOL, VERSION
from flexwm_nb.server.clock import parse_hash, render_time
from flexwm_nb.server.runners import runtimes
from flexwm_nb.server.scripts import interpreters
from flexwm_nb.server.store.connections import Transaction, journal_mode, sqlite_version
from flexwm_nb.server.web.failures import require_admin
from flexwm_nb.server.web.http import as_json, context, identity, plain, workspace


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
            **parts.runners.confinement.describe(),
            "unfinished": parts.database.one("access_unfinished") is not None,
        }
    )


async def list_runtimes(request: Request) -> Response:
    """The programs that run languages: where each is and its version, or what to install."""
    found = await asyncio.to_thread(runtimes.listing)
    return as_json([asdict(runtime) for runtime in found])


async def stop(request: Request) -> Response:
    """Finish what runs, then leave."""
    found = identity(request)
    if not found.super_admin or found.job_id is not None:
        raise require_admin(found.username)
    context(request).lifecycle.stop()
    return plain("stopping")


async def set_interpreter(request: Request) -> Response:
    """Have a python3 script run with the Python that the header names: another kernel registers the same source."""
    where, script = workspace(request), parse_hash(request.path_params["hash"])
    identity(request)
    interpreter = interpreters.requested(request)

    def change(transaction: Transaction) -> None:
        transaction.run("engine_set_interpreter", workspace=where, hash=script, interpreter=interpreter)

    await context(request).database.write(change)
    return plain("")


routes = [
    Route("/w/{workspace}/flexwm/interpreter/h/{hash}", set_interpreter, methods=["POST"]),
    Route("/flexwm/engine", describe, methods=["GET"]),
    Route("/flexwm/runtimes", list_runtimes, methods=["GET"]),
    Route("/flexwm/stop", stop, methods=["POST"]),
]
