"""The one watcher of a kernel: it reads what happens to the runs that are shown, and tells what shows them.

Each run's events are read by a thread that only waits for them; one thread takes them all, and lets each view say at
most every so often what is new. Nothing is asked for twice, and nothing is printed.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from flexwm_nb.display.live import carried

if TYPE_CHECKING:
    from flexwm_nb.models.jobs import JobUpdate

BETWEEN = 0.1  # seconds between two flushes of a view
AT_ONCE = 4  # actions of people, such as a cancel, that wait for the engine
BEGIN, END = object(), object()


class Watched(Protocol):
    """What shows a run."""

    ticks: bool  # whether it is flushed even when nothing has happened

    def see(self, update: JobUpdate) -> None:
        """Take an update in."""

    def flush(self) -> None:
        """Show what is new."""

    def ended(self, error: BaseException | None) -> None:
        """There is no more; `error` is what kept the rest from being read."""


class Watcher:
    """Follows many runs."""

    def __init__(self) -> None:
        """Follows none yet."""
        self._items: queue.SimpleQueue[tuple[Watched, Any]] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="flexwm-action")
        self._change = threading.Lock()
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Do something that waits for the engine, soon, elsewhere."""
        self._pool.submit(carried(work))

    def follow(self, watched: Watched, events: Iterable[JobUpdate]) -> None:
        """Follow a run to its end."""
        with self._change:
            if self._thread is None:
                self._thread = threading.Thread(target=carried(self._watch), name="flexwm-watch", daemon=True)
                self._thread.start()
        self._items.put((watched, BEGIN))
        threading.Thread(target=self._read, args=(watched, events), name="flexwm-events", daemon=True).start()

    def _read(self, watched: Watched, events: Iterable[JobUpdate]) -> None:
        try:
            for update in events:
                self._items.put((watched, update))
            self._items.put((watched, END))
        except BaseException as error:
            self._items.put((watched, error))

    def _watch(self) -> None:
        going: set[Watched] = set()
        new: set[Watched] = set()
        due = 0.0
        while True:
            try:
                is_quiet = not new and not any(watched.ticks for watched in going)
                watched, item = self._items.get(timeout=None if is_quiet else max(due - time.monotonic(), 0.0))
                if item is END or isinstance(item, BaseException):
                    going.discard(watched)
                    new.discard(watched)
                    _safely(watched.flush)
                    _safely(watched.ended, None if item is END else item)
                else:
                    going.add(watched)
                    if item is not BEGIN:
                        new.add(watched)
                        _safely(watched.see, item)
                if time.monotonic() < due:
                    continue
            except queue.Empty:
                pass
            for watched in {*new, *(one for one in going if one.ticks)}:
                _safely(watched.flush)
            new.clear()
            due = time.monotonic() + BETWEEN


def _safely(work: Callable[..., None], *arguments: Any) -> None:
    """One view's trouble is not that of the others."""
    import logging

    try:
        work(*arguments)
    except Exception:
        logging.getLogger(__name__).debug("a view could not be told", exc_info=True)
