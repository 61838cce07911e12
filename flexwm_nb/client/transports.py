"""How requests reach an engine: a Unix socket, the loopback, or the network."""

from __future__ import annotations

from typing import Any

from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.client.http import httpx

CONNECT_TIMEOUT = 5.0  # seconds
ANSWER_TIMEOUT = 60.0  # seconds between bytes of an answer
KEEP_ALIVE = 60.0  # seconds that an idle connection is kept
IDLE_CONNECTIONS = 50
PREFIX = "/api"


def connect(endpoint: Endpoint) -> httpx.Client:
    """A connection pool to the endpoint; nothing is sent yet. Raises httpx errors for an address that is none."""
    headers = dict(endpoint.headers)
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    return httpx.Client(
        base_url=endpoint.url.rstrip("/") + PREFIX,
        headers=headers,
        timeout=httpx.Timeout(ANSWER_TIMEOUT, connect=CONNECT_TIMEOUT),
        **_route(endpoint),
    )


def _route(endpoint: Endpoint) -> dict[str, Any]:
    """A transport of our own on this machine, where no proxy may come between; httpx's choice elsewhere."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
    if not endpoint.is_loopback:
        return {"limits": limits, "verify": endpoint.verify}
    socket = str(endpoint.socket) if endpoint.socket else None
    plain = not endpoint.url.startswith("https:")
    verify = False if plain else endpoint.verify  # building a TLS context costs 20 ms
    return {"transport": httpx.HTTPTransport(uds=socket, limits=limits, verify=verify)}
