"""Starred scripts and flows."""

from __future__ import annotations

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.web.http import body, context, empty, identity, workspace


class Favorite(msgspec.Struct):
    """What is starred."""

    path: str
    favorite_kind: Literal["script", "flow", "app", "raw_app", "asset"]


async def _change(request: Request, statement: str) -> Response:
    item, who, where = await body(request, Favorite), identity(request), workspace(request)
    await context(request).database.write(
        lambda transaction: transaction.run(
            statement, workspace=where, username=who.username, kind=item.favorite_kind, path=item.path
        )
    )
    return empty()


async def star(request: Request) -> Response:
    """Put it first in the asker's lists."""
    return await _change(request, "favorites_star")


async def unstar(request: Request) -> Response:
    """Put it where it belongs again."""
    return await _change(request, "favorites_unstar")


routes = [
    Route("/w/{workspace}/favorites/star", star, methods=["POST"]),
    Route("/w/{workspace}/favorites/unstar", unstar, methods=["POST"]),
]
