"""What the cache does with files: it measures and locks them, and writes them so that they stay."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

PRIVATE = 0o700
PRIVATE_FILE = 0o600


def make(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(mode=PRIVATE, exist_ok=True)


def measure(folder: Path) -> dict[str, int]:
    """The size of every file below a folder, links included, by its path in it."""
    sizes: dict[str, int] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(folder / below) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{below}{entry.name}/")
                else:
                    sizes[f"{below}{entry.name}"] = entry.stat(follow_symlinks=False).st_size
    return sizes


def size(path: str) -> int:
    """The size of a file, or of the link that it is. Raises OSError."""
    return os.lstat(path).st_size


def lock(path: Path, how: int) -> int | None:
    """A descriptor that holds the lock of a file, or None where another process does."""
    make(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):  # else it was removed meanwhile
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def write_durably(path: Path, text: str) -> None:
    """Write a file that is on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
