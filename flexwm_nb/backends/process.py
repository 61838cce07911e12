"""A child process that outlives its parent, and says when it is ready."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
LARGEST_LOG = 5_000_000  # bytes after which a log is put aside before the next start
TAIL = 2_000  # bytes of a log that an error shows
CHUNK = 65_536  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a start went."""

    said: bytes  # what the process wrote to its ready pipe
    log: str  # what it has logged so far, the end of it
    ended: bool  # it is not there any more


def launch(
    command: Sequence[str],
    *,
    directory: Path,
    log: Path,
    ready_option: str,
    seconds: float,
    meanwhile: Callable[[], None],
) -> Launch:
    """Start a process in a session of its own, and wait until it says something, ends, or the time is over.

    It gets `ready_option` with the descriptor of a pipe to write to, and its output goes to `log`. `meanwhile` is done
    while it starts. Raises OSError.
    """
    output = open_log(log)
    begin = os.fstat(output).st_size
    read, write = os.pipe()
    try:
        process = subprocess.Popen(
            [*command, ready_option, str(write)],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[write],
            start_new_session=True,
        )
    except OSError:
        os.close(read)
        raise
    finally:
        os.close(write)
        os.close(output)
    threading.Thread(target=process.wait, name="flexwm-reaper", daemon=True).start()
    try:
        meanwhile()
        said = _hear(read, time.monotonic() + seconds)
    finally:
        os.close(read)
    return Launch(said=said, log=read_tail(log, begin), ended=process.returncode is not None)


def is_alive(pid: int) -> bool:
    """Whether a process of this user has that id."""
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True


def _hear(pipe: int, deadline: float) -> bytes:
    """What comes through a pipe: up to its first pause after something came, its end, or the deadline."""
    said = b""
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([pipe], [], [], left)
        chunk = os.read(pipe, CHUNK) if ready else b""
        said += chunk
        if not chunk or said == b"1":
            break
    return said


@contextlib.contextmanager
def held(lock: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Be the only process that has this lock file; `waiting` is told where another has it. Raises OSError."""
    lock.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def open_log(path: Path) -> int:
    """A log to append to; a long one is put aside first. Raises OSError."""
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)


def read_tail(path: Path, begin: int) -> str:
    """The end of what a log got since it had `begin` bytes."""
    with path.open("rb") as file:
        file.seek(max(begin, path.stat().st_size - TAIL))
        return file.read().decode(errors="replace").strip()
