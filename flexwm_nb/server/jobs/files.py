"""Files that clients and jobs hand each other by key, in the place of a real Windmill's object storage.

A file's content lies beside the store under a name of its own, complete on the disk before its key leads to it; who
reads an older content meanwhile reads it to the end. All together may take `limit` bytes. Where an upload would pass
that, files that nobody named (their keys begin with PASSING) go, those unused for longest first, but never one that was
used within KEPT seconds or that a waiting or running job is given. Files with a name of somebody's choice stay until
they are deleted.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from flexwm_nb.errors import StoreFull
from flexwm_nb.server.clock import now
from flexwm_nb.server.store.connections import Row, Transaction, store_error
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.failures import Failure, bad_request, not_found

PASSING = "windmill_uploads/"
LAST_CHARACTER = "\U0010ffff"
KEPT = 3_600  # seconds
SECOND = 1_000_000  # microseconds
LONGEST_KEY = 1_024  # bytes
CHUNK = 1024 * 1024  # bytes written or read at once
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def check_key(key: str) -> str:
    """The key without a leading slash. Raises Failure 400 for one that cannot be."""
    key = key.lstrip("/")
    if not key or len(key.encode("utf-8", "replace")) > LONGEST_KEY:
        raise bad_request(f"file_key must have 1 to {LONGEST_KEY} bytes")
    if ".." in key.split("/") or any(ord(character) < 32 for character in key):
        raise bad_request(f"file_key {key!r} must have no part `..` and no control character")
    return key


def passing_key(extension: str | None) -> str:
    """A new key for a file that nobody named."""
    suffix = "".join(character for character in extension or "" if character.isalnum())
    return f"{PASSING}upload_{uuid4()}" + (f".{suffix}" if suffix else "")


class Files:
    """The files of a store."""

    def __init__(self, directory: Path, database: Database, *, limit: int) -> None:
        """Keep contents in `directory`; what an interrupted upload left there goes."""
        directory.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self._directory, self._database, self._limit = directory, database, limit
        self._coming = 0  # bytes of uploads under way
        known = {row["name"] for row in database.read("files_names")}
        for left in directory.iterdir():
            if left.name not in known:
                left.unlink(missing_ok=True)

    def find(self, workspace: str, key: str) -> Row:
        """What is known of a file. Raises Failure 404."""
        row = self._database.one("files_find", workspace=workspace, key=key)
        if row is None:
            raise not_found(f"File {key} not found")
        return row

    async def put(self, workspace: str, key: str, content: AsyncIterator[bytes], **facts: str | None) -> None:
        """Store a content under a key. Raises Failure 400 over the limit, StoreFull or StoreUnwritable."""
        name = uuid4().hex
        path = self._directory / name
        try:
            size = await self._receive(path, content)
            replaced = await self._database.write(
                lambda transaction: _put(transaction, workspace, key, name, size, facts)
            )
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if replaced is not None:
            self._remove(replaced)

    async def _receive(self, path: Path, content: AsyncIterator[bytes]) -> int:
        """Write a content to a new file, down to the disk; its size."""
        size = 0
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                async for data in _gathered(content):
                    size += len(data)
                    self._coming += len(data)
                    await self._make_room()
                    await asyncio.to_thread(file.write, data)
                await asyncio.to_thread(_to_disk, file)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise StoreFull(why=str(error)) if full else store_error(error, path) from error
        finally:
            self._coming -= size
        return size

    async def _make_room(self) -> None:
        """Remove passing files until all that is there and comes fits. Raises Failure 400 where that is not enough."""
        if self._excess() <= 0:
            return
        freed = await self._database.write(lambda transaction: _drop_passing(transaction, self._excess()))
        for name in freed:
            self._remove(name)
        if self._excess() > 0:
            megabytes = self._limit / 1e6
            raise Failure(
                400,
                f"Quota exceeded: files may take {megabytes:.0f} MB together on the local engine. Delete some with "
                "engine.files.delete(key), or start it with a larger --files-limit",
            )

    def _excess(self) -> int:
        """Bytes over the limit."""
        row = self._database.one("files_size")
        return (row["size"] if row else 0) + self._coming - self._limit

    async def open(self, workspace: str, key: str) -> tuple[Row, BinaryIO]:
        """A file's facts and its content, to be read and closed. Raises Failure 404."""
        row = self.find(workspace, key)
        try:
            file = (self._directory / row["name"]).open("rb")
        except FileNotFoundError:  # replaced in this moment
            row = self.find(workspace, key)
            file = (self._directory / row["name"]).open("rb")
        await self._database.write(
            lambda transaction: transaction.run("files_used", workspace=workspace, key=key, now=now()), durable=False
        )
        return row, file

    async def delete(self, workspace: str, key: str) -> None:
        """Delete a file. Raises Failure 404."""
        row = self.find(workspace, key)
        await self._database.write(lambda transaction: transaction.run("files_delete", workspace=workspace, key=key))
        self._remove(row["name"])

    async def list(self, workspace: str, *, prefix: str, marker: str, limit: int) -> list[Row]:
        """A page of the files below a prefix and after a key."""
        return await self._database.scan(
            "files_list",
            workspace=workspace,
            prefix=prefix,
            prefix_end=prefix + LAST_CHARACTER,
            marker=marker,
            limit=limit,
        )

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            (self._directory / name).unlink()


def _put(
    transaction: Transaction, workspace: str, key: str, name: str, size: int, facts: dict[str, str | None]
) -> str | None:
    """Have the key lead to this content; the name of the one that it replaces."""
    before = transaction.one("files_find", workspace=workspace, key=key)
    transaction.run("files_put", workspace=workspace, key=key, name=name, size=size, now=now(), **facts)
    return before["name"] if before else None


def _drop_passing(transaction: Transaction, excess: int) -> list[str]:
    """Forget passing files until that many bytes are free; the names of their contents."""
    dropped: list[str] = []
    rows = transaction.run(
        "files_passing",
        prefix=PASSING,
        prefix_end=PASSING + LAST_CHARACTER,
        used_before=now() - KEPT * SECOND,
    )
    for row in rows:
        if excess <= 0:
            break
        transaction.run("files_delete", workspace=row["workspace_id"], key=row["key"])
        dropped.append(row["name"])
        excess -= row["size"]
    return dropped


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


async def _gathered(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content in pieces of CHUNK bytes at least, but for the last."""
    pieces = bytearray()
    async for data in content:
        pieces += data
        if len(pieces) >= CHUNK:
            yield bytes(pieces)
            pieces.clear()
    if pieces:
        yield bytes(pieces)
