"""What every route uses: reading bodies and queries as Windmill's server does, answering, and who asks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from flexwm_nb.server.web import serde
from flexwm_nb.server.web.failures import Failure, invalid_url, require_admin, unauthorized

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

T = TypeVar("T", bound=msgspec.Struct)

PER_PAGE = 1_000  # rows of a page unless asked otherwise
LONGEST_PAGE = 10_000  # rows
NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
LARGEST = {"i64": (-(2**63), 2**63 - 1), "u32": (0, 2**32 - 1)}

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who asks, in the workspace of the request."""

    email: str
    username: str
    is_admin: bool = False
    super_admin: bool = False
    workspace: str | None = None
    job_id: str | None = None  # the job whose token this is
    role: str | None = None
    is_member: bool = True
    read_only: bool = False
    expires_at: int | None = None  # microseconds

    @property
    def owner(self) -> str:
        """The name that stands in `permissioned_as`."""
        return f"u/{self.username}"


def context(request: Request) -> Context:
    """The parts of the running server."""
    found: Context = request.scope["context"]
    return found


def optional_identity(request: Request) -> Identity | None:
    """Who asks, or None without a valid token (only where a route allows that)."""
    found: Identity | None = request.scope.get("identity")
    return found


def identity(request: Request) -> Identity:
    """Who asks. Raises Failure 401 without a valid token."""
    found = optional_identity(request)
    if found is None:
        raise unauthorized()
    return found


def workspace(request: Request) -> str:
    """The workspace of the request's path."""
    found: str = request.path_params["workspace"]
    return found


def admin(request: Request) -> Identity:
    """Who asks, an administrator of the workspace. Raises Failure 403 otherwise."""
    found = identity(request)
    if not found.is_admin:
        raise require_admin(found.username)
    return found


def super_admin(request: Request) -> Identity:
    """Who asks, an administrator of the server. Raises Failure 403 otherwise."""
    found = identity(request)
    if not found.super_admin:
        raise require_admin(found.email)
    return found


def path(request: Request, name: str = "path") -> str:
    """A path parameter that takes the rest of the URL; one leading slash is dropped."""
    return str(request.path_params[name]).removeprefix("/")


def number(request: Request, name: str, kind: str = "i64") -> int:
    """A whole number in the path. Raises Failure 400."""
    text: str = request.path_params[name]
    if not NUMBER.fullmatch(text) or not (LARGEST[kind][0] <= int(text) <= LARGEST[kind][1]):
        raise invalid_url(f"Cannot parse `{name}` with value `{text}` to a `{kind}`")
    return int(text)


async def json_bytes(request: Request) -> bytes:
    """The body, that says it is JSON. Raises Failure 415."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise Failure(415, "Expected request with `Content-Type: application/json`")
    return await request.body()


async def body(request: Request, kind: type[T]) -> T:
    """The JSON body as a `kind`. Raises Failure 415, 400 or 422 in the words of Windmill's deserialiser."""
    return serde.decode(await json_bytes(request), kind)


def query(request: Request, kind: type[T]) -> T:
    """The query string as a `kind`. Raises Failure 400 in the words of Windmill's deserialiser."""
    return serde.decode_query(request.query_params.multi_items(), kind)


def plain(text: str, status: int = 200) -> Response:
    """A text answer."""
    return Response(text, status, media_type="text/plain")


def empty(status: int = 200) -> Response:
    """An answer without a body."""
    return Response(b"", status)


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON answer. `msgspec.Raw` values are put in as they stand."""
    return Response(_encoder.encode(value), status, media_type="application/json")


def raw_json(text: str | bytes, status: int = 200) -> Response:
    """A JSON answer from text that is JSON already."""
    return Response(text, status, media_type="application/json")


def fragment(text: str | None) -> msgspec.Raw | None:
    """Stored JSON text to be put in an answer as it stands."""
    return None if text is None else msgspec.Raw(text.encode())


def without_nulls(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The row less those of the named keys whose value is None: Windmill leaves them out."""
    names = frozenset(names)
    return {key: value for key, value in row.items() if value is not None or key not in names}


def paging(page: int | None, per_page: int | None, *, clamp: bool = True) -> dict[str, int]:
    """`limit` and `offset` of a 1-based page, as Windmill's `paginate` (and its variant without clamp)."""
    size = (PER_PAGE if clamp else LONGEST_PAGE) if per_page is None else max(per_page, 0)
    size = min(max(size, 1), LONGEST_PAGE) if clamp else size
    return {"limit": size, "offset": (max(page or 1, 1) - 1) * size}
