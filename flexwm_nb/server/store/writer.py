"""The writer: gathers changes into durable commits.

Changes that wait at the same time share one commit, which is where bursts win their speed; each stands in its own
savepoint, so a change that fails undoes only itself.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import apsw

from flexwm_nb.server.store.connections import Transaction, store_error

BATCH = 256  # changes in one commit at most
QUICK = 0.002  # seconds that a commit may take in the event loop's thread
REST = 1.0  # seconds after a slower commit in which the writer's own thread commits


class Change:
    """One change that waits for the writer."""

    __slots__ = ("durable", "error", "function", "future", "value")

    def __init__(self, function: Callable[[Transaction], Any], future: asyncio.Future[Any], durable: bool) -> None:
        """Wait; `future` gets what `function` gives or raises."""
        self.function, self.future, self.durable = function, future, durable
        self.value: Any = None
        self.error: BaseException | None = None

    def answer(self) -> None:
        """Tell who waits, unless nobody does any more."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Commits in the event loop's thread while the disk is quick, in a thread of its own while it is slow.

    A quick commit takes less time than waking a thread; a slow one would hold up everybody else.
    """

    def __init__(self, connection: apsw.Connection, path: Path, *, quick: float = QUICK) -> None:
        """Write through this connection, alone; `quick` is what a commit may take, in seconds."""
        self._connection, self._path, self._quick = connection, path, quick
        self._transaction = Transaction(connection)
        self._synchronous = "FULL"
        self._pending: list[Change] = []
        self._slow_until = 0.0
        self._handed_over = 0  # changes that the thread has
        self._changes: SimpleQueue[Change | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def add(self, change: Change) -> None:
        """Have a change committed, after those that were added before."""
        self._loop = asyncio.get_running_loop()
        if self._handed_over or time.monotonic() < self._slow_until:
            self._handed_over += 1
            self._changes.put(change)
            return
        self._pending.append(change)
        if len(self._pending) == 1:
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Finish what waits."""
        while self._pending:
            self._flush()
        self._changes.put(None)
        self._thread.join()

    def _flush(self) -> None:
        """Commit what waits, here."""
        batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
        if self._pending and self._loop is not None:
            self._loop.call_soon(self._flush)
        if batch:
            self._note(self._commit(batch))
            for change in batch:
                change.answer()

    def _serve(self) -> None:
        """Commit in the writer's thread until told to stop."""
        going = True
        while going:
            batch, going = self._batch()
            if not batch:
                continue
            seconds = self._commit(batch)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._take_back, batch, seconds)

    def _take_back(self, batch: list[Change], seconds: float) -> None:
        """The thread has committed these."""
        self._handed_over -= len(batch)
        self._note(seconds)
        for change in batch:
            change.answer()

    def _note(self, seconds: float) -> None:
        """Heed how long a commit took."""
        if seconds > self._quick:
            self._slow_until = time.monotonic() + REST

    def _batch(self) -> tuple[list[Change], bool]:
        """The changes that the thread has now, at least one; and whether to go on afterwards."""
        item = self._changes.get()
        batch: list[Change] = []
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH:
                return batch, True
            try:
                item = self._changes.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: list[Change]) -> float:
        """Run a batch in one transaction, and give the seconds it took; a failure to commit is every change's."""
        began = time.monotonic()
        wanted = "FULL" if any(change.durable for change in batch) else "NORMAL"
        if wanted != self._synchronous:
            self._connection.pragma("synchronous", wanted)
            self._synchronous = wanted
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for change in batch:
                self._apply(change)
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for change in batch:
                change.error = change.error or store_error(error, self._path)
        return time.monotonic() - began

    def _apply(self, change: Change) -> None:
        """Run one change in its savepoint."""
        self._connection.execute("SAVEPOINT change")
        try:
            change.value = change.function(self._transaction)
        except (apsw.FullError, apsw.IOError, apsw.CorruptError):
            raise
        except Exception as error:
            change.error = error
            self._connection.execute("ROLLBACK TO change")
        self._connection.execute("RELEASE change")
