"""The routes below `flexwm/`: who asks is checked by Jupyter, as for every other route of its server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from flexwm_nb.errors import Conflict, EngineError, FlexwmError, InvalidInput, NotFound, PermissionDenied
from flexwm_nb.handshake import PROTOCOL, VERSION
from flexwm_nb.labserver.allowed import is_allowed
from flexwm_nb.labserver.engines import Engines, describe
from flexwm_nb.labserver.proxy import PASSED_BACK, Proxy

ENGINES, PROXY, FEEDS = "flexwm_engines", "flexwm_proxy", "flexwm_feeds"  # in the server's settings
NAME = r"([a-z0-9]+)"
STATUSES: tuple[tuple[type[FlexwmError], int], ...] = (
    (NotFound, 404),
    (PermissionDenied, 403),
    (InvalidInput, 400),
    (Conflict, 409),
    (EngineError, 503),
)


class FlexwmHandler(APIHandler):
    """What the routes share: errors as JSON."""

    auth_resource = "flexwm"

    def answer(self, document: Any, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.finish(json.dumps(document))

    def refuse(self, error: FlexwmError) -> None:
        """Answer with an error: what, why and what to do."""
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 502)
        self.answer({"problem": describe(error)}, status)


class EnginesHandler(FlexwmHandler):
    """The engines that there are."""

    @web.authenticated
    async def get(self) -> None:
        """List them, with this package's version and protocol."""
        engines: Engines = self.settings[ENGINES]
        found = [engine.document() for engine in await engines.known()]
        self.answer({"version": VERSION, "protocol": PROTOCOL, "engines": found})


class StartHandler(FlexwmHandler):
    """Starting the local engine."""

    @web.authenticated
    async def post(self) -> None:
        """Start it, unless it runs."""
        engines: Engines = self.settings[ENGINES]
        try:
            endpoint = await engines.start()
        except FlexwmError as error:
            self.refuse(error)
        else:
            self.answer({"version": endpoint.version, "workspace": endpoint.workspace})


class ProxyHandler(FlexwmHandler):
    """An engine's own interface."""

    @web.authenticated
    async def get(self, name: str, path: str) -> None:
        """Hand on a GET."""
        await self._hand_on(name, path)

    @web.authenticated
    async def post(self, name: str, path: str) -> None:
        """Hand on a POST."""
        await self._hand_on(name, path)

    @web.authenticated
    async def delete(self, name: str, path: str) -> None:
        """Hand on a DELETE."""
        await self._hand_on(name, path)

    _handing_on: asyncio.Task[Any] | None = None

    async def _hand_on(self, name: str, path: str) -> None:
        proxy: Proxy = self.settings[PROXY]
        method = self.request.method or "GET"
        self._handing_on = asyncio.current_task()
        if not is_allowed(method, path):
            self.refuse(PermissionDenied(f"{method} {path} is not open to the browser"))
            return
        headers, query, body = dict(self.request.headers), self.request.query, self.request.body
        try:
            async with proxy.request(name, method, path, query=query, headers=headers, body=body) as answer:
                self.set_status(answer.status_code)
                for header, value in answer.headers.items():
                    if header in PASSED_BACK:
                        self.set_header(header, value)
                async for part in answer.aiter_raw():
                    self.write(part)
                    await self.flush()
        except FlexwmError as error:
            self.refuse(error)
        except (StreamClosedError, asyncio.CancelledError):  # the browser went away
            return
        except httpx.HTTPError:  # the engine went away in the middle: the browser sees an answer that is cut off
            self.request.connection.close()  # type: ignore[union-attr]
            return
        if not self._finished:
            self.finish()

    def on_connection_close(self) -> None:
        """Let go of the engine's stream when the browser does."""
        super().on_connection_close()
        if self._handing_on is not None:
            self._handing_on.cancel()

    def set_default_headers(self) -> None:
        """No script of an answer runs, whatever an engine sends."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
