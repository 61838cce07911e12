"""A job's output, line by line, as Windmill's log has it."""

from __future__ import annotations

import codecs
from collections.abc import Callable

STREAM = "WM_STREAM: "
LONGEST_LINE = 1024 * 1024  # characters; a longer one is cut in pieces
TAIL = 4_000  # characters of the log's end that are kept for errors


class Output:
    """Turns the bytes of merged stdout and stderr to log text: empty lines and NULs dropped, streamed lines apart."""

    def __init__(self, append: Callable[[str], None], *, limit: int, tail: str = "") -> None:
        """Give log text to `append`, an empty one when only the stream has grown; `tail` stands in the log already.

        `full` is set once more than `limit` bytes have come.
        """
        self.last_line = ""
        self.tail = tail
        self.size = 0
        self._append, self._limit = append, limit
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._partial = ""
        self._stream: list[str] = []

    @property
    def full(self) -> bool:
        """Whether the limit is passed."""
        return self.size > self._limit

    @property
    def stream(self) -> str:
        """What was streamed so far."""
        return "".join(self._stream)

    def note(self, text: str) -> None:
        """Put text of the worker's own in the log."""
        self.tail = (self.tail + text)[-TAIL:]
        self._append(text)

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Take more output; with `final`, an unfinished line too."""
        self.size += len(data)
        text = self._partial + self._decoder.decode(data, final)
        *lines, self._partial = text.split("\n")
        if self._partial and (final or len(self._partial) > LONGEST_LINE):
            lines.append(self._partial)
            self._partial = ""
        streamed = len(self._stream)
        logged = [found for line in lines if (found := self._line(line))]
        if logged:
            self.note("\n" + "\n".join(logged))
        elif len(self._stream) > streamed:
            self._append("")

    def _line(self, line: str) -> str:
        """One line for the log, empty when there is nothing to log."""
        line = line.replace("\0", "").removesuffix("\r")
        if line.startswith(STREAM) and len(line) > len(STREAM):
            self._stream.append(line[len(STREAM) :].replace("\\n", "\n"))
            self.last_line = line
            return ""
        self.last_line = line
        return line
