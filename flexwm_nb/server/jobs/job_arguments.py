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
WEBHOOK = "webhook"  # how a request is called that starts something
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


async def given(request: Request, sources: Sources) -> str:
    """The arguments that a request gives, as a normalised JSON object. Raises Failure 400, 415 or 500."""
    body, text = await _read(request, sources)
    return _extended(_as_object(body, text, sources), request, sources)


async def for_preprocessor(request: Request, sources: Sources, *, by_name: bool) -> str:
    """What a preprocessor is given of a request: as `event`, or (an older kind) by name beside `wm_trigger`.

    All headers and the whole query belong to it, less what lets the sender in.
    """
    body, text = await _read(request, sources)
    headers = {name: value for name, value in request.headers.items() if name not in SECRET_HEADERS}
    query = {name: value for name, value in request.query_params.items() if name != "token"}
    if not by_name:
        found = {"kind": WEBHOOK, "body": parse(body), "raw_string": text, "query": query, "headers": headers}
        return normal(dump({"event": found}))
    raw = {} if text is None else {"raw_string": text}
    fields = parse(_as_object(body, None, sources))
    return normal(dump({**fields, **headers, **query, **raw, "wm_trigger": {"kind": WEBHOOK}}))


async def _read(request: Request, sources: Sources) -> tuple[str, str | None]:
    """The JSON value that a request gives, and the body as it stands where that is wanted or all there is."""
    if request.method == "GET":
        return _payload(sources), None
    kind = request.headers.get("content-type", "").strip().lower()
    if not kind or kind.startswith(("application/json", "application/cloudevents+json")):
        text = _text(await request.body())
        if not text and not kind:
            return "{}", None
        return text, text if sources.raw else None
    if kind.startswith(FORM):
        return dump(dict(parse_qsl(_text(await request.body()), keep_blank_values=True))), None
    if kind.startswith(TEXTS):
        return "{}", _text(await request.body())
    if kind.startswith(MULTIPART):
        return dump(await _parts(request)), None
    raise Failure(415, f"The local engine takes arguments as JSON, form fields or text, not as {kind}")


def _as_object(body: str, text: str | None, sources: Sources) -> str:
    """An object's fields are the arguments, anything else is the argument `body`."""
    if sources.wrap_body or not body.startswith("{"):
        parse(body)
        body = f'{{"body": {body}}}'
    return body if text is None else dump({**parse(body), "raw_string": text})


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


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise bad_request(f"invalid utf8: {error.reason} at byte {error.start}") from None


def _payload(sources: Sources) -> str:
    """The JSON object that a GET gives. Raises Failure 500 for a payload that is not base64 of one."""
    if sources.payload is None:
        return "{}"
    try:
        padded = sources.payload.replace("-", "+").replace("_", "/")
        text = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
        if not isinstance(json.loads(text), dict):
            raise ValueError("invalid type, expected a map")
    except ValueError as error:
        raise internal(f"Impossible to decode query payload: {error}") from None
    return text


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
