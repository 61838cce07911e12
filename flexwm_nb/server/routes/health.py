"""Which version this is, and whether it is well."""

from __future__ import annotations

import time
from typing import Any

import apsw
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.jobs.environment import WORKER_GROUP
from flexwm_nb.server.web.http import as_json, context, plain

COMPATIBLE = "v1.743.0"  # the Windmill whose interface this is
OLDEST = "v1.0.0"  # of workers and agents: there are none but our own
POOL = {"size": 3, "idle": 2, "max_connections": 3}  # the store's connections: one writes, two read


async def version(request: Request) -> Response:
    """The version of Windmill that clients may count on."""
    return plain(f"CE {COMPATIBLE}")


async def up_to_date(request: Request) -> Response:
    """Whether a newer one is known: none is looked for."""
    return plain("yes")


async def license_id(request: Request) -> Response:
    """The enterprise licence: none."""
    return plain("")


async def keep_alive(request: Request) -> Response:
    """The oldest versions that may stay."""
    return as_json({"worker": OLDEST, "agent": OLDEST})


def measure(request: Request) -> float | None:
    """Milliseconds that a look into the store takes, None when it fails."""
    parts = context(request)
    began = time.perf_counter()
    try:
        parts.database.one("health_look")
    except apsw.Error:
        return None
    return round((time.perf_counter() - began) * 1_000, 3)


async def status(request: Request) -> Response:
    """Whether the engine is well, in short."""
    healthy = measure(request) is not None
    return as_json(
        {
            "status": "healthy" if healthy else "unhealthy",
            "checked_at": render_time(now()),
            "database_healthy": healthy,
            "workers_alive": len(context(request).worker.names),
        },
        200 if healthy else 503,
    )


async def detailed(request: Request) -> Response:
    """Whether the engine is well, part by part."""
    latency = measure(request)
    healthy = latency is not None
    checks: dict[str, Any] = {
        "database": {"healthy": healthy, "latency_ms": latency, "pool": POOL},
        "workers": {
            "healthy": True,
            "active_count": len(context(request).worker.names),
            "worker_groups": [WORKER_GROUP],
            "min_version": COMPATIBLE,
            "versions": [COMPATIBLE],
        },
        "queue": await context(request).database.scan("health_queue") if healthy else None,
        "readiness": {"healthy": healthy},
    }
    if healthy:
        checks["queue"] = checks["queue"][0]
    return as_json(
        {
            "status": "healthy" if healthy else "unhealthy",
            "checked_at": render_time(now()),
            "version": COMPATIBLE,
            "checks": checks,
        },
        200 if healthy else 503,
    )


routes = [
    Route("/version", version, methods=["GET"]),
    Route("/uptodate", up_to_date, methods=["GET"]),
    Route("/ee_license", license_id, methods=["GET"]),
    Route("/min_keep_alive_version", keep_alive, methods=["GET"]),
    Route("/health/status", status, methods=["GET"]),
    Route("/health/detailed", detailed, methods=["GET"]),
]
