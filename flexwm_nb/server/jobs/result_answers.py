"""The HTTP answer that a waited-for result becomes, its special fields heeded."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.responses import Response

from flexwm_nb.server.web import http
from flexwm_nb.server.web.failures import Failure, internal

STATUS, CONTENT_TYPE, HEADERS = "status_code", "content_type", "headers"
STATUSES = range(200, 1000)
U16 = range(1 << 16)
FAILED = 422
BODYLESS = frozenset({204, 205, 304})
OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "date"})  # the server's business
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def answer(result: str, *, success: bool) -> Response:
    """The answer. Raises Failure 500 for a status or header that HTTP does not know."""
    special = _special(result)
    if special is None:
        return http.raw_json(result, 200 if success else FAILED)
    value, given = special
    return _shaped(value, given, success)


def _special(result: str) -> tuple[Any, dict[str, Any]] | None:
    """The field `result` and the special ones, None when there are none or one has the wrong type."""
    if not result.startswith("{") or not ("windmill_" in result or "wm_" in result):
        return None
    fields = json.loads(result)
    given = {name: fields.get(f"windmill_{name}", fields.get(f"wm_{name}")) for name in (STATUS, CONTENT_TYPE, HEADERS)}
    if all(value is None for value in given.values()) or not _well_typed(given):
        return None
    return fields.get("result"), given


def _well_typed(given: dict[str, Any]) -> bool:
    status, content_type, headers = given[STATUS], given[CONTENT_TYPE], given[HEADERS]
    return (
        (status is None or (type(status) is int and status in U16))
        and (content_type is None or isinstance(content_type, str))
        and (
            headers is None or (isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values()))
        )
    )


def _shaped(value: Any, given: dict[str, Any], success: bool) -> Response:
    """The answer that the special fields describe."""
    status = given[STATUS]
    if status is None:
        status = FAILED if not success else 204 if value is None else 200
    elif status not in STATUSES:
        raise Failure(500, "Invalid status code")
    content_type = given[CONTENT_TYPE]
    body = b"" if value is None or status in BODYLESS else _body(value, content_type is not None)
    if content_type is None and body:
        content_type = "application/json"
    headers = _headers(given[HEADERS] or {})
    if content_type is not None:
        _check("content type", content_type, VALUE, "failed to parse header value")
        headers["content-type"] = content_type
    return Response(body, status, headers=headers)


def _body(value: Any, bare: bool) -> bytes:
    """The result as JSON; a text for another content type as it is."""
    text = value if bare and isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _headers(given: dict[str, str]) -> dict[str, str]:
    for name, value in given.items():
        _check("header name", name, NAME, "invalid HTTP header name")
        _check("header value", value, VALUE, "failed to parse header value")
    return {name.lower(): value for name, value in given.items() if name.lower() not in OWN_HEADERS}


def _check(what: str, text: str, pattern: re.Pattern[str], why: str) -> None:
    if not pattern.fullmatch(text):
        raise internal(f"Invalid {what} {text}: {why}")
