"""The newest lines of a growing log, for a page that is told them in batches."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any

KEPT = 2_000  # lines
BATCH = 400  # lines that a page is told at once
FIRST = 100  # of a page that has not answered yet
SIZE = 64_000  # characters of a batch
LONGEST = 4_000  # characters of a line
WHOLE = 20_000  # lines when a page asks for all


class LogBuffer:
    """A ring of lines. However fast they come, a batch is small; the page shows where some were left out."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.count = 0  # of ended lines so far
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._partial = ""
        self._told = 0
        self._is_changed = False

    def feed(self, text: str) -> None:
        """Take more of the log."""
        if not text:
            return
        *lines, self._partial = (self._partial + text).split("\n")
        self.count += len(lines)
        self._lines.extend(line[:LONGEST] for line in lines[-KEPT:])
        self._is_changed = True

    def take(self) -> dict[str, Any] | None:
        """What the page has not been told yet, the newest of it; None for nothing."""
        if not self._is_changed:
            return None
        new = min(self.count - self._told, BATCH)
        self._told, self._is_changed = self.count, False
        return self._part(new)

    def newest(self, *, few: bool = False) -> dict[str, Any]:
        """What a page begins with."""
        return self._part(FIRST if few else KEPT, size=SIZE if few else 4 * SIZE)

    def _part(self, most: int, size: int = SIZE) -> dict[str, Any]:
        most = min(most, len(self._lines))
        lines = list(islice(self._lines, len(self._lines) - most, None))
        kept, left = len(lines), size
        for line in reversed(lines):
            left -= len(line)
            if left < 0:
                break
            kept -= 1
        lines = lines[kept:]
        return _told(self.count - len(lines), lines, self._partial)


def _told(first: int, lines: list[str], partial: str = "") -> dict[str, Any]:
    return {"first": first, "lines": lines, "total": first + len(lines), "partial": partial[-LONGEST:]}


def whole(log: str) -> dict[str, Any]:
    """All of a log, or the end of a very long one."""
    lines = log.removesuffix("\n").split("\n") if log else []
    kept = [line[:LONGEST] for line in lines[-WHOLE:]]
    return {**_told(len(lines) - len(kept), kept), "whole": True}
