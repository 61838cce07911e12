"""A job's log: the lines of the script itself, without the engine's banner."""

from __future__ import annotations

import re
from collections import deque

from flexwm_nb.display.wording import clean

BANNER = re.compile(r"^--- [A-Z0-9 ().]+ EXECUTION ---$")


class LogTail:
    """The newest lines of a growing log."""

    def __init__(self, size: int) -> None:
        """Keep at most so many lines."""
        self.size = size
        self.count = 0  # of the script's lines so far
        self._lines: deque[str] = deque(maxlen=max(size, 0))
        self._partial = ""
        self._begun = False

    def feed(self, text: str) -> None:
        """Take more of the log."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._take(line)

    def finish(self) -> None:
        """There is no more."""
        if self._partial:
            self._take(self._partial)
            self._partial = ""

    def _take(self, line: str) -> None:
        if not self._begun:
            self._begun = BANNER.match(line) is not None
            return
        if line:
            self._lines.append(clean(line))
            self.count += 1

    @property
    def lines(self) -> list[str]:
        """The newest lines, with the one that is not ended yet."""
        partial = [clean(self._partial)] if self._begun and self._partial.strip() else []
        return [*self._lines, *partial][-(self._lines.maxlen or 0) :] if self._lines.maxlen else []

    @property
    def hidden(self) -> int:
        """How many lines came before those."""
        return self.count - len(self._lines)


def own_lines(log: str) -> list[str]:
    """All lines of the script itself."""
    tail = LogTail(len(log) + 1)
    tail.feed(log)
    tail.finish()
    return tail.lines
