"""The database: one writer, and readers. Made and used in the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from flexwm_nb.server.store.connections import Row, Transaction, connect, store_error
from flexwm_nb.server.store.migrations import migrate
from flexwm_nb.server.store.writer import Change, Writer

T = TypeVar("T")


class Database:
    """The store's file, open. Made and used in the event loop's thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the store.

        Raises StoreUnwritable, StoreCorrupt, StoreFull or StoreTooNew.
        """
        self.path = path
        try:
            self._written = connect(path)
            migrate(self._written)
            self._reader = Transaction(connect(path))
            self._scanner = Transaction(connect(path))
        except (apsw.Error, OSError) as error:
            raise store_error(error, path) from error
        self._scans = ThreadPoolExecutor(1, "store-reader")
        self._writer = Writer(self._written, path)

    def read(self, name: str, /, **parameters: Any) -> list[Row]:
        """The rows of a quick look-up, in this thread."""
        return self._reader.run(name, **parameters)

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        """The first row of a quick look-up, or None."""
        return self._reader.one(name, **parameters)

    async def scan(self, name: str, /, **parameters: Any) -> list[Row]:
        """The rows of a list, found in the reader's thread so that nothing else waits."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._scans, lambda: self._scanner.run(name, **parameters))

    async def write(self, change: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Have `change` run by the writer and committed.

        With `durable` the answer comes when the commit is on the disk; otherwise when it survives the end of this
        process. What `change` raises comes back here, and nothing of it stays. Raises StoreError.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.add(Change(change, future, durable))
        return await future

    def close(self) -> None:
        """Finish what waits, then close the file."""
        self._writer.close()
        self._scans.shutdown()
        for transaction in (self._reader, self._scanner):
            transaction.close()
        self._written.close()
