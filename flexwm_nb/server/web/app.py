"""The application: finds the route, checks who asks, answers. Assembly only."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Message, Receive, Scope, Send

from flexwm_nb.errors import FlexwmError
from flexwm_nb.server.context import Context
from flexwm_nb.server.people import access
from flexwm_nb.server.routes import all_routes
from flexwm_nb.server.web import surface
from flexwm_nb.server.web.failures import Failure
from flexwm_nb.server.web.http import empty, plain

PREFIX = "/api"
PAGES = "/approve/"  # for people, at Windmill's own place
LARGEST_BODY = 200 * 1024 * 1024  # bytes, Windmill's default request_size_limit_mb
UPLOAD = "upload_s3_file"  # the route that streams its body to the disk under a limit of its own

log = logging.getLogger(__name__)


class Application:
    """An ASGI application over the context."""

    def __init__(self, context: Context) -> None:
        """Serve all routes with these parts."""
        self.context = context
        by_area: dict[str, list[Route]] = {}
        for route in all_routes():
            by_area.setdefault(area(route.path), []).append(route)
        self._areas = {name: by_verb(routes) for name, routes in by_area.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        with self.context.lifecycle.request():
            began = time.perf_counter()
            response = await self._answer(scope, receive, send)
            seconds, status = time.perf_counter() - began, 499 if response is None else response.status_code
            self.context.metrics.answered(scope["method"], self._known_area(scope["path"]), status, seconds)
            if response is not None:
                await response(scope, receive, send)

    def _known_area(self, path: str) -> str:
        """The area of a request, for counting: whatever strangers ask for is one."""
        found = area(path.removeprefix(PREFIX)) if path.startswith(f"{PREFIX}/") else ""
        return found if found in self._areas else "other"

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """The response; failures as Windmill words them."""
        try:
            access.check_origin(scope)
            return await self._route(scope, receive, send)
        except Failure as failure:
            return plain(failure.text, failure.status)
        except FlexwmError as error:
            return plain(f"Internal: {error}", 500)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            return plain("Internal: the local engine failed to answer; its log (server.log) tells more", 500)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """Find the route and have it answer."""
        full = scope["path"]
        if not full.startswith((PREFIX + "/", PAGES)):
            return empty(404)
        relative = full.removeprefix(PREFIX)
        inner = dict(scope, path=relative, root_path="", context=self.context)
        route = None
        verbs = self._areas.get(area(relative), {})
        for candidate in verbs.get(verb(relative)) or verbs.get("", []):
            match, child = candidate.matches(inner)
            if match is Match.FULL:
                inner.update(child)
                return await self._handle(candidate, inner, receive, send)
            route = route or (candidate if match is Match.PARTIAL else None)
        if (text := surface.elsewhere(scope["method"], relative)) is not None:
            access.authorize(self.context, scope, relative, None)
            return plain(text, 501)
        return empty(404) if route is None else self._wrong_method(route)

    async def _handle(self, route: Route, scope: dict[str, Any], receive: Receive, send: Send) -> Response:
        """Check who asks, then run the handler."""
        workspace = scope["path_params"].get("workspace")
        scope["identity"] = access.authorize(self.context, scope, route.path, workspace)
        limited = receive if UPLOAD in route.path else _limit_body(scope, receive)
        response: Response = await route.endpoint(Request(scope, limited, send))
        return response

    @staticmethod
    def _wrong_method(route: Route) -> Response:
        return Response(b"", 405, headers={"allow": ",".join(sorted(route.methods or ()))})


def area(path: str) -> str:
    """The part of a path by which routes are grouped: `w/scripts`, `users`."""
    parts = path.split("/", 4)
    return f"w/{parts[3]}" if parts[1] == "w" and len(parts) > 3 else parts[1]


def verb(path: str) -> str:
    """The part after the area, such as `run` of `/w/W/jobs/run/p/PATH`; empty where there is none, or a parameter."""
    parts = path.split("/", 5)
    found = parts[4:5] if parts[1] == "w" else parts[2:3]
    return "" if not found or found[0].startswith("{") else found[0]


def by_verb(routes: Sequence[Route]) -> dict[str, list[Route]]:
    """An area's routes by the verb after it; those with a parameter there stand under every verb."""
    verbs = {verb(route.path) for route in routes} | {""}
    return {found: [route for route in routes if verb(route.path) in (found, "")] for found in verbs}


def _limit_body(scope: Scope, receive: Receive) -> Receive:
    """`receive` that refuses more than LARGEST_BODY. Raises Failure 413."""
    declared = access.header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > LARGEST_BODY:
        raise Failure(413, "length limit exceeded")
    if declared is not None:
        return receive
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise Failure(413, "length limit exceeded")
        return message

    return limited
