"""The database: one writer thread that gathers changes into durable commits, and readers.

Several changes that wait at the same time share one commit, which is where bursts win their speed; each stands in its
own savepoint, so a change that fails undoes only itself.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

import apsw

from flexwm_nb.errors import StoreCorrupt, StoreError, StoreFull, StoreUnwritable
from flexwm_nb.server.store.containment import json_contains
from flexwm_nb.server.store.migrations import migrate
from flexwm_nb.server.store.queries import statement

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]

BUSY_TIMEOUT = 5_000  # milliseconds that a statement waits for a lock somebody else holds
BATCH = 256  # changes in one commit at most
CACHE = -4_000  # kB of page cache a connection
CHECKPOINT = 2_000  # pages in the write-ahead log before it is copied back
PRIVATE = 0o600

apsw.allow_missing_dict_bindings(True)


def journal_mode(version: tuple[int, ...]) -> str:
    """WAL where this SQLite keeps it safe, else DELETE.

    Versions before 3.51.3 can lose commits when the log is reset while another connection writes; 3.50.7 and 3.44.6
    carry the mend (sqlite.org, release notes of 3.51.3).
    """
    safe = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if safe else "delete"


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library in use."""
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


def connect(path: Path) -> apsw.Connection:
    """Open the file with the house's settings; created with mode 0600."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE))
    connection = apsw.Connection(str(path), statementcachesize=200)
    connection.set_busy_timeout(BUSY_TIMEOUT)
    for pragma, value in (
        ("journal_mode", journal_mode(sqlite_version())),
        ("synchronous", "FULL"),
        ("cache_size", CACHE),
        ("wal_autocheckpoint", CHECKPOINT),
        ("trusted_schema", "OFF"),
    ):
        connection.pragma(pragma, value)
    connection.create_scalar_function("json_contains", json_contains, 2, deterministic=True)
    return connection


class Transaction:
    """Statements inside one change."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Work on this connection."""
        self._connection = connection
        self._columns: dict[str, tuple[str, ...]] = {}

    def run(self, name: str, /, **parameters: Any) -> list[Row]:
        """Run the named statement and give its rows. A parameter that is not given is NULL."""
        cursor = self._connection.execute(statement(name), parameters)
        columns = self._columns.get(name)
        rows = []
        for row in cursor:
            if columns is None:
                columns = self._columns[name] = tuple(column[0] for column in cursor.get_description())
            rows.append(dict(zip(columns, row, strict=True)))
        return rows

    def many(self, name: str, /, parameters: Iterable[dict[str, Any]]) -> None:
        """Run the named statement once for each set of parameters."""
        self._connection.executemany(statement(name), parameters)

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        """The first row, or None."""
        rows = self.run(name, **parameters)
        return rows[0] if rows else None

    @property
    def changes(self) -> int:
        """Rows that the last statement changed."""
        return self._connection.changes()


class _Change:
    """One change that waits for the writer."""

    __slots__ = ("durable", "error", "function", "future", "value")

    def __init__(self, function: Callable[[Transaction], Any], future: asyncio.Future[Any], durable: bool) -> None:
        self.function, self.future, self.durable = function, future, durable
        self.value: Any = None
        self.error: BaseException | None = None


class Database:
    """The store's file, open. Made and used in the event loop's thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the store.

        Raises StoreUnwritable, StoreCorrupt, StoreFull or StoreTooNew.
        """
        self.path = path
        try:
            self._writer = connect(path)
            migrate(self._writer)
            self._reader = Transaction(connect(path))
            self._scanner = Transaction(connect(path))
        except (apsw.Error, OSError) as error:
            raise store_error(error, path) from error
        self._changes: SimpleQueue[_Change | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scans = ThreadPoolExecutor(1, "store-reader")
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

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
        """Have `change` run in the writer's thread and committed.

        With `durable` the answer comes when the commit is on the disk; otherwise when it survives the end of this
        process. What `change` raises comes back here, and nothing of it stays. Raises StoreError.
        """
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = self._loop.create_future()
        self._changes.put(_Change(change, future, durable))
        return await future

    def close(self) -> None:
        """Finish what waits, then close the file."""
        self._changes.put(None)
        self._thread.join()
        self._scans.shutdown()
        for transaction in (self._reader, self._scanner):
            transaction._connection.close()
        self._writer.close()

    def _serve(self) -> None:
        """Commit batches until told to stop."""
        transaction = Transaction(self._writer)
        durable = True
        going = True
        while going:
            batch, going = self._batch()
            if not batch:
                continue
            wanted = any(change.durable for change in batch)
            if wanted != durable:
                self._writer.pragma("synchronous", "FULL" if wanted else "NORMAL")
                durable = wanted
            self._commit(transaction, batch)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_deliver, batch)

    def _batch(self) -> tuple[list[_Change], bool]:
        """The changes that wait now, at least one; and whether to go on afterwards."""
        item = self._changes.get()
        batch: list[_Change] = []
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH:
                return batch, True
            try:
                item = self._changes.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _commit(self, transaction: Transaction, batch: list[_Change]) -> None:
        """Run a batch in one transaction; a failure to commit is every change's failure."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for change in batch:
                self._apply(transaction, change)
            self._writer.execute("COMMIT")
        except apsw.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            for change in batch:
                change.error = change.error or store_error(error, self.path)

    def _apply(self, transaction: Transaction, change: _Change) -> None:
        """Run one change in its savepoint."""
        self._writer.execute("SAVEPOINT change")
        try:
            change.value = change.function(transaction)
        except (apsw.FullError, apsw.IOError, apsw.CorruptError):
            raise
        except Exception as error:
            change.error = error
            self._writer.execute("ROLLBACK TO change")
        self._writer.execute("RELEASE change")


def _deliver(batch: list[_Change]) -> None:
    """Answer everybody whose change was committed or failed."""
    for change in batch:
        if change.future.done():
            continue
        if change.error is None:
            change.future.set_result(change.value)
        else:
            change.future.set_exception(change.error)


def store_error(error: BaseException, path: Path) -> StoreError:
    """The typed error for what SQLite or the system said."""
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], type[StoreError]], ...] = (
        (apsw.FullError, StoreFull),
        ((apsw.NotADBError, apsw.CorruptError), StoreCorrupt),
        ((apsw.ReadOnlyError, apsw.CantOpenError, PermissionError, IsADirectoryError), StoreUnwritable),
        ((apsw.IOError, OSError), StoreUnwritable),
    )
    for kind, found in kinds:
        if isinstance(error, kind):
            return found(why=str(error), path=str(path))
    return StoreError(why=f"{type(error).__name__}: {error}", path=str(path))
