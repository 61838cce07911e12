"""The arguments of a run: its body, and the headers and query fields that become arguments, in jsonb's order."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from flexwm_nb.server.jobs.files import passing_key
from flexwm_nb.server.jobs.temporary_scripts import IN_PREVIEW
from flexwm_nb.server.runners.jsonb import Unstorable, normalize
from flexwm_nb.server.web import http
from flexwm_nb.server.web.failures import Failure, bad_request, internal, sql_error
from flexwm_nb.server.web.serde import why_malformed

ENTRYPOINT = "_ENTRYPOINT_OVERRIDE"
SECRET_HEADERS = frozenset({"authorization", "cookie"})
MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
TEXTS = ("text/", "application/xml")


class Sources(msgspec.Struct):
    """The part of a run's query that says where its arguments come from."""

    payload: str | None = None  # base64 of JSON
    include_header: str | None = None  # names, separated by commas
    include_query: str | None = None
    raw: bool | None = None  # the body as text, too
    wrap_body: bool | None = None


async def of_body(request: Request, sources: Sources) -> str:
    """The arguments that a POST gives, as a normalised JSON object. Raises Failure 400 or 415."""
    kind = request.headers.get("content-type", "").strip().lower()
    if not kind or kind.startswith(("application/json", "application/cloudevents+json")):
        return _extended(await _json(request, sources), request, sources)
    if kind.startswith(FORM):
        fields = dict(parse_qsl(_text(await request.body()), keep_blank_values=True))
        return _extended(dump(fields), request, sources)
    if kind.startswith(TEXTS):
        return _extended(dump({"raw_string": _text(await request.body())}), request, sources)
    if kind.startswith(MULTIPART):
        return _extended(dump(await _parts(request)), request, sources)
    raise Failure(415, f"The local engine takes arguments as JSON, form fields or text, not as {kind}")


def event(request: Request, arguments: str) -> str:
    """What a script's preprocessor is given of a request: everything but what lets its sender in."""
    headers = {name: value for name, value in request.headers.items() if name not in SECRET_HEADERS}
    body = json.loads(arguments)
    text = body.pop("raw_string", None)
    query = {name: value for name, value in request.query_params.items() if name != "token"}
    found = {"kind": "webhook", "body": body, "raw_string": text, "query": query, "headers": headers}
    return normal(dump({"event": found}))


async def _parts(request: Request) -> dict[str, Any]:
    """The parts of a form: a text is an argument, a file is stored and its key is one. Raises Failure 400."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + await request.body())
    if not message.is_multipart():
        raise bad_request("Invalid `boundary` for `multipart/form-data` request")
    found: dict[str, Any] = {}
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if name is None or not isinstance(content, bytes):
            continue
        is_file = part.get_filename() is not None
        found[str(name)] = await _stored(request, part, content) if is_file else _text(content)
    return found


async def _stored(request: Request, part: Message, content: bytes) -> dict[str, str]:
    """A file of a form, kept under a key of its own."""
    name = part.get_filename() or ""
    key, content_type = passing_key(name.rpartition(".")[2] if "." in name else None), part.get_content_type()

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    facts = {"content_type": content_type, "content_disposition": None, "created_by": http.identity(request).username}
    await http.context(request).files.put(http.workspace(request), key, pieces(), **facts)
    return {"s3": key, "filename": name}


async def _json(request: Request, sources: Sources) -> str:
    """A JSON body: an object's fields are the arguments, anything else is the argument `body`."""
    text = _text(await request.body())
    if not text and "content-type" not in request.headers:
        return "{}"
    if sources.raw:
        return _with_raw(text, sources)
    if sources.wrap_body or not text.startswith("{"):
        parse(text)
        return f'{{"body": {text}}}'
    return text


def _with_raw(text: str, sources: Sources) -> str:
    value = parse(text)
    fields = value if isinstance(value, dict) and not sources.wrap_body else {"body": value}
    return dump({**fields, "raw_string": text})


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise bad_request(f"invalid utf8: {error.reason} at byte {error.start}") from None


def of_payload(request: Request, sources: Sources) -> str:
    """The arguments that a GET gives. Raises Failure 500 for a payload that is not base64 of a JSON object."""
    if sources.payload is None:
        return _extended("{}", request, sources)
    try:
        padded = sources.payload.replace("-", "+").replace("_", "/")
        text = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
        if not isinstance(json.loads(text), dict):
            raise ValueError("invalid type, expected a map")
    except ValueError as error:
        raise internal(f"Impossible to decode query payload: {error}") from None
    return _extended(text, request, sources)


def of_fields(fields: dict[str, msgspec.Raw] | None, temporary: dict[str, str] | None = None) -> str:
    """The arguments that stand inside a larger document, and which temporary scripts a preview imports."""
    if temporary is not None:
        fields = {**(fields or {}), IN_PREVIEW: msgspec.Raw(msgspec.json.encode(temporary))}
    return normal(msgspec.json.encode(fields).decode()) if fields else "{}"


def _extended(text: str, request: Request, sources: Sources) -> str:
    """The arguments with the chosen headers and query fields."""
    headers = _listed(sources.include_header)
    fields = _listed(sources.include_query)
    if not headers and not fields:
        return normal(text)
    more: dict[str, Any] = {}
    for name in headers:
        if (value := request.headers.get(name)) is not None:
            more[name.lower().replace("-", "_")] = value
    for name in fields:
        if (value := request.query_params.get(name)) is not None:
            more[name] = value
    return normal(dump({**parse(text), **more}))


def _listed(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def parse(text: str) -> Any:
    """The value of a JSON text. Raises Failure 400."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise bad_request(f"invalid json: {why_malformed(text.encode())}") from None


def dump(value: Any) -> str:
    """JSON text, not yet normalised."""
    return json.dumps(value, ensure_ascii=False)


def normal(text: str) -> str:
    """The arguments as the store keeps them. Raises Failure 400 for what is not JSON or what jsonb refuses."""
    if text == "{}":
        return text
    try:
        return normalize(text)
    except Unstorable as error:
        parse(text)
        raise sql_error(f"error returned from database: {error}") from None


def entrypoint(arguments: str) -> str | None:
    """The function that the arguments choose in place of main."""
    if ENTRYPOINT not in arguments:
        return None
    found = json.loads(arguments).get(ENTRYPOINT)
    return found if isinstance(found, str) and found != "main" else None
