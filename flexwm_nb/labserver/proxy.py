"""Requests that are handed on to an engine, with its token; answers that are streamed back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.client.transports import tls
from flexwm_nb.errors import EngineUnreachable
from flexwm_nb.labserver.engines import Engines

CONNECT_TIMEOUT = 5.0  # seconds
REFUSED = (400, 401)  # what a token of another run of the engine gets: some routes take it for no token at all
CONNECTIONS = 50  # to one engine, open streams included
PASSED_ON = frozenset(
    {"accept", "accept-encoding", "content-type", "range", "if-none-match"}
)  # of the browser's headers
PASSED_BACK = frozenset(
    {"content-type", "content-length", "content-encoding", "content-disposition", "content-range", "etag"}
)


@dataclass(frozen=True, slots=True, eq=False)
class _Connection:
    """What is open to one run of an engine, and that run's token."""

    client: httpx.AsyncClient
    token: str | None


class Proxy:
    """Keeps a connection pool for each engine."""

    def __init__(self, engines: Engines) -> None:
        """Connect to the engines when they are asked for."""
        self._engines = engines
        self._connections: dict[str, _Connection] = {}

    @asynccontextmanager
    async def request(
        self, name: str, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[httpx.Response]:
        """The engine's answer to a request for a decoded path, its body not yet read.

        The engine is looked for once more where it has moved.

        Raises NotFound for an unknown engine, EngineError for one that does not run and EngineUnreachable.
        """
        for attempt in (1, 2):
            connection = await self._connection(name)
            request = connection.client.build_request(
                method,
                f"/api/{quote(path)}" + (f"?{query}" if query else ""),
                headers={name: value for name, value in headers.items() if name.lower() in PASSED_ON},
                content=body or None,
            )
            try:
                answer = await connection.client.send(request, stream=True)
                if answer.status_code not in REFUSED or attempt == 2 or not await self._is_over(name, connection):
                    break
                await answer.aclose()
                await self._drop(name, connection)
            except httpx.ConnectError as error:
                await self._drop(name, connection)
                if attempt == 2:
                    raise EngineUnreachable("The engine does not answer", why=str(error)) from None
            except httpx.HTTPError as error:
                why = str(error) or type(error).__name__
                raise EngineUnreachable("The engine does not answer", why=why) from None
        try:
            yield answer
        finally:
            await answer.aclose()

    async def _connection(self, name: str) -> _Connection:
        """What is open to an engine, or else is opened. Raises NotFound for one that no kernel has opened any more."""
        found = self._connections.get(name)
        if found is None or await self._engines.is_there(name):
            return found or await self._connect(name)
        await self._drop(name, found)
        return await self._connect(name)

    async def _is_over(self, name: str, connection: _Connection) -> bool:
        """Whether the engine was started anew since, and so has another token, whoever has noticed that before."""
        return (await self._engines.find(name)).token != connection.token

    async def _connect(self, name: str) -> _Connection:
        endpoint = await self._engines.find(name)
        made = self._connections[name] = _Connection(_client(endpoint), endpoint.token)
        return made

    async def _drop(self, name: str, connection: _Connection) -> None:
        """Let go of a connection, unless another request has done so."""
        if self._connections.get(name) is connection:
            del self._connections[name]
            await connection.client.aclose()

    async def close(self) -> None:
        """Close all connections."""
        for name, connection in list(self._connections.items()):
            await self._drop(name, connection)


def _client(endpoint: Endpoint) -> httpx.AsyncClient:
    headers = {"Accept-Encoding": "identity"}
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    limits = httpx.Limits(max_connections=CONNECTIONS)
    more: dict[str, Any] = {"limits": limits, "verify": tls(endpoint.route), "proxy": endpoint.route.proxy}
    if endpoint.is_loopback and endpoint.route.proxy is None:
        socket = str(endpoint.socket) if endpoint.socket else None
        more = {"transport": httpx.AsyncHTTPTransport(uds=socket, limits=limits, verify=more["verify"])}
    timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT)  # a stream is silent for as long as nothing happens
    return httpx.AsyncClient(base_url=endpoint.url, headers=headers, timeout=timeout, **more)
