"""The page that an approval's link leads to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FILE = Path(__file__).parents[1] / "pages" / "approve.html"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@cache
def _text() -> str:
    return FILE.read_text("utf-8")


async def page(request: Request) -> Response:
    """The same page for every flow: it asks the engine itself for what it shows."""
    headers = {"content-security-policy": POLICY, "x-frame-options": "DENY", "cache-control": "no-store"}
    return Response(_text(), media_type="text/html", headers=headers)


routes = [Route("/approve/{workspace}/{flow}", page, methods=["GET"])]
