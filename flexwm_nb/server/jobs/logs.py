"""The logs of jobs: in memory and a file while a job runs, short ones in the store when it has ended.

Positions are counted in characters, as Windmill does; a file's bytes are UTF-8.
"""

from __future__ import annotations

import asyncio
import logging
import os
from bisect import bisect_right
from codecs import getincrementaldecoder
from contextlib import suppress
from pathlib import Path

from flexwm_nb.server.jobs.signals import Signals
from flexwm_nb.server.store.database import Database

SHORT = 64 * 1024  # characters; a longer log stays a file
FLUSH_AFTER = 0.5  # seconds
CHUNK = 1024 * 1024  # bytes read at once
LONGEST_CHARACTER = 4  # bytes in UTF-8
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

log = logging.getLogger(__name__)


class LiveLog:
    """The log of a running job."""

    def __init__(self, job_id: str, path: Path, signals: Signals, *, taken_up: bool) -> None:
        """Begin; one that is `taken_up` goes on from what an earlier attempt left in the file."""
        self.job_id, self.length = job_id, 0
        self._path, self._signals = path, signals
        self._chunks: list[str] = []  # what memory holds, from position `_start` on
        self._start = 0
        self._flushed = 0  # characters in the file
        self._marks = [(0, 0)]  # (characters, bytes) of the file after each flush
        self._file: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        if taken_up:
            with suppress(FileNotFoundError):
                self._take_over(path.read_bytes())

    def _take_over(self, data: bytes) -> None:
        """Begin with an earlier attempt's log."""
        text = data.decode("utf-8", "replace")
        self._chunks, self.length, self._flushed = [text], len(text), len(text)
        self._marks.append((len(text), len(data)))
        self._forget_flushed()

    def append(self, text: str) -> None:
        """Add text, and wake those who follow; an empty text does only that."""
        if self._closed:
            return
        if text:
            self._chunks.append(text)
            self.length += len(text)
        if self.length - self._flushed >= SHORT:
            self.flush()
        elif text and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER, self.flush)
        self._signals.notify(self.job_id)

    def flush(self) -> None:
        """Write to the file what it lacks."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.length == self._flushed:
            return
        data = self._from_memory(self._flushed).encode("utf-8", "replace")
        try:
            self._write(data)
        except OSError as error:
            log.warning("the log of job %s stays in memory: %s", self.job_id, error)
            return
        self._flushed = self.length
        self._marks.append((self.length, self._marks[-1][1] + len(data)))
        self._forget_flushed()

    def _write(self, data: bytes) -> None:
        """Put bytes at the file's end. Raises OSError."""
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self._path, flags, PRIVATE_FILE)
        while data:
            data = data[os.write(self._file, data) :]

    def _forget_flushed(self) -> None:
        """Free the memory of a long log's part that is in the file."""
        if self.length > SHORT:
            self._chunks, self._start = [], self._flushed

    def _from_memory(self, offset: int) -> str:
        """The end of the log, from a position that memory holds."""
        if len(self._chunks) > 1:
            self._chunks = ["".join(self._chunks)]
        return self._chunks[0][offset - self._start :] if self._chunks else ""

    def read(self, offset: int = 0) -> str:
        """The log from a position on."""
        if offset >= self.length:
            return ""
        if offset >= self._start:
            return self._from_memory(offset)
        characters, position = self._marks[bisect_right(self._marks, (offset, 1 << 62)) - 1]
        with self._path.open("rb") as file:
            file.seek(position)
            data = file.read(self._marks[-1][1] - position)
        return data.decode("utf-8", "replace")[offset - characters :] + self._from_memory(self._start)

    def short(self) -> str | None:
        """The whole log for the store; None when it is long and stays a file, which is complete then."""
        if self.length <= SHORT:
            return self._from_memory(0)
        self.flush()
        return None

    def close(self, *, stored: bool) -> None:
        """Let go of the file; it is removed when the log is in the store."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if stored and self._flushed:
            self._path.unlink(missing_ok=True)


class Logs:
    """The logs of all jobs of a store."""

    def __init__(self, directory: Path, database: Database) -> None:
        """Keep files in `directory`."""
        directory.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.signals = Signals()
        self._directory, self._database = directory, database
        self._live: dict[str, LiveLog] = {}

    def open(self, job_id: str, *, taken_up: bool) -> LiveLog:
        """The log of a job that starts, or is `taken_up` again after an earlier attempt."""
        log = self._live[job_id] = LiveLog(job_id, self._path(job_id), self.signals, taken_up=taken_up)
        return log

    def close(self, job_id: str, *, stored: bool) -> None:
        """The job has ended; `stored` tells that its log is in the store now."""
        log = self._live.pop(job_id, None)
        if log is not None:
            log.close(stored=stored)

    def live(self, job_id: str) -> LiveLog | None:
        """The log of a running job."""
        return self._live.get(job_id)

    def leave_note(self, job_id: str, text: str) -> None:
        """Add to the file of a job that does not run now."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with os.fdopen(os.open(self._path(job_id), flags, PRIVATE_FILE), "a", encoding="utf-8") as file:
            file.write(text)

    async def read(self, job_id: str, offset: int = 0) -> str | None:
        """A job's log from a position on (negative: that many characters of its end); None when it has none."""
        live = self._live.get(job_id)
        if live is not None:
            return live.read(offset if offset >= 0 else max(live.length + offset, 0))
        row = self._database.one("job_log_read", id=job_id)
        return row["log"][offset:] if row else await asyncio.to_thread(_read_file, self._path(job_id), offset)

    def remove(self, job_id: str) -> None:
        """Remove a completed job's file, if it has one."""
        self._path(job_id).unlink(missing_ok=True)

    def _path(self, job_id: str) -> Path:
        return self._directory / f"{job_id}.log"


def _read_file(path: Path, offset: int) -> str | None:
    """A file's text from a position on, or its end; None when there is no file. Holds no more than that in memory."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        if offset < 0:
            file.seek(max(file.seek(0, os.SEEK_END) + offset * LONGEST_CHARACTER, 0))
            return file.read().decode("utf-8", "replace")[offset:]
        decoder = getincrementaldecoder("utf-8")("replace")
        while offset and (data := file.read(CHUNK)):
            text = decoder.decode(data)
            if len(text) > offset:
                return text[offset:] + decoder.decode(file.read(), True)
            offset -= len(text)
        return decoder.decode(file.read(), True)
