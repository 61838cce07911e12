"""Files for jobs and clients, where a real Windmill has object storage: the routes that `wmill`'s S3 helpers call."""

from __future__ import annotations

import asyncio
import hmac
import os
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.jobs.files import CHUNK, check_key, passing_key
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import Failure, bad_request, permission_denied
from flexwm_nb.server.web.http import as_json, body, context, empty, identity, query, workspace

BYTES = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;\s*[\w-]+=[\w.+-]+)*")
TEXT = re.compile(r"[\t\x20-\x7e]*")
SECOND = 1_000_000  # microseconds
SIGNED_FOR = 43_200  # seconds that a signature holds unless asked otherwise
SHORTEST, LONGEST = 60, 604_800  # seconds
SIGNING_KEY = os.urandom(32)  # of this process: links end with it


class FileQuery(msgspec.Struct):
    """Which file, and what to note of it."""

    file_key: str | None = None
    file_extension: str | None = None
    storage: str | None = None
    s3_resource_path: str | None = None
    content_type: str | None = None
    content_disposition: str | None = None


class ListQuery(msgspec.Struct):
    """Which files to list."""

    max_keys: int
    marker: str = ""
    prefix: str = ""
    storage: str | None = None


class ToSign(msgspec.Struct):
    """Files whose links are to work without a token."""

    s3_objects: list[dict[str, Any]]
    expiry_secs: int | None = None


def _wanted(request: Request) -> FileQuery:
    """The query. Raises Failure 400 for a storage that the local engine has not."""
    wanted = query(request, FileQuery)
    if wanted.storage not in (None, "", "_default_") or wanted.s3_resource_path:
        raise bad_request("the local engine has one storage: leave out storage and s3_resource_path")
    return wanted


def _key(wanted: FileQuery) -> str:
    if wanted.file_key is None:
        raise Failure(400, "Failed to deserialize query string: missing field `file_key`")
    return check_key(wanted.file_key)


async def upload(request: Request) -> Response:
    """Store the body under its key, or a new one."""
    wanted, who = _wanted(request), identity(request)
    given = wanted.file_key or passing_key(wanted.file_extension)
    kind, disposition = wanted.content_type, wanted.content_disposition
    if kind is not None and not MEDIA_TYPE.fullmatch(kind):
        raise bad_request(f"{kind!r} is not a content type")
    if disposition is not None and not TEXT.fullmatch(disposition):
        raise bad_request(f"{disposition!r} is not a content disposition")
    try:
        await context(request).files.put(
            workspace(request),
            check_key(given),
            request.stream(),
            content_type=kind,
            content_disposition=disposition,
            created_by=who.username,
        )
    except ClientDisconnect:
        return empty(499)
    return as_json({"file_key": given})


async def download(request: Request) -> Response:
    """A file's content."""
    return await _content(request, _key(_wanted(request)))


async def _content(request: Request, key: str) -> Response:
    row, file = await context(request).files.open(workspace(request), key)
    headers = {
        "content-length": str(row["size"]),
        "content-disposition": row["content_disposition"] or "attachment",
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(_pieces(file), media_type=row["content_type"] or BYTES, headers=headers)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """A file's content, then its end."""
    with file:
        while data := await asyncio.to_thread(file.read, CHUNK):
            yield data


async def delete(request: Request) -> Response:
    """Delete a file."""
    await context(request).files.delete(workspace(request), _key(_wanted(request)))
    return as_json(None)


async def metadata(request: Request) -> Response:
    """A file's size, type and time."""
    row: Row = context(request).files.find(workspace(request), _key(_wanted(request)))
    return as_json(
        {
            "mime_type": row["content_type"],
            "size_in_bytes": row["size"],
            "last_modified": render_time(row["created_at"]),
            "expires": None,
            "version_id": None,
        }
    )


async def list_files(request: Request) -> Response:
    """A page of keys."""
    wanted = query(request, ListQuery)
    limit = max(wanted.max_keys, 1)
    rows = await context(request).files.list(
        workspace(request), prefix=wanted.prefix, marker=wanted.marker, limit=limit
    )
    page: dict[str, Any] = {"windmill_large_files": [{"s3": row["key"]} for row in rows], "restricted_access": False}
    if len(rows) == limit:
        page["next_marker"] = rows[-1]["key"]
    return as_json(page)


async def sign(request: Request) -> Response:
    """The files with what lets their links work without a token for a while."""
    wanted = await body(request, ToSign)
    seconds = min(max(wanted.expiry_secs or SIGNED_FOR, SHORTEST), LONGEST)
    expires = now() // SECOND + seconds
    return as_json([_signed(workspace(request), found, expires) for found in wanted.s3_objects])


def _signed(workspace: str, found: dict[str, Any], expires: int) -> dict[str, Any]:
    key = check_key(str(found.get("s3") or ""))
    fields = {"exp": expires, "sig": _signature(workspace, key, str(expires))}
    return {**found, "presigned": urlencode(fields)}


def _signature(workspace: str, key: str, expires: str) -> str:
    return hmac.new(SIGNING_KEY, f"{workspace}\n{key}\n{expires}".encode(), sha256).hexdigest()


async def proxy(request: Request) -> Response:
    """A signed link's file. Raises Failure 403 for a signature that does not hold."""
    key = check_key(request.path_params["key"])
    fields = parse_qs(request.scope["query_string"].decode("latin-1"))
    expires, given = fields.get("exp", [""])[0], fields.get("sig", [""])[0]
    holds = hmac.compare_digest(_signature(workspace(request), key, expires).encode(), given.encode())
    if not holds or not expires.isdigit() or int(expires) < now() // SECOND:
        raise permission_denied("this link's signature is wrong or has expired")
    return await _content(request, key)


routes = [
    Route("/w/{workspace}/job_helpers/upload_s3_file", upload, methods=["POST"]),
    Route("/w/{workspace}/job_helpers/download_s3_file", download, methods=["GET"]),
    Route("/w/{workspace}/job_helpers/delete_s3_file", delete, methods=["DELETE"]),
    Route("/w/{workspace}/job_helpers/load_file_metadata", metadata, methods=["GET"]),
    Route("/w/{workspace}/job_helpers/list_stored_files", list_files, methods=["GET"]),
    Route("/w/{workspace}/apps/sign_s3_objects", sign, methods=["POST"]),
    Route("/w/{workspace}/s3_proxy/{storage}/{key:path}", proxy, methods=["GET"]),
]
