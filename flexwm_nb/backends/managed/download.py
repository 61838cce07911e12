"""A released Windmill program, fetched once: resumed where it broke off, checked before it can be run."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flexwm_nb.client.http import httpx
from flexwm_nb.errors import DownloadFailed

PROGRAM = "windmill"
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 20  # bytes
PRIVATE_FOLDER = 0o700
PARTIAL = 206  # status of an answer that goes on where another ended
DONE = 416  # status of one that has nothing more

Progress = Callable[[int, "int | None"], None]  # bytes so far, and of how many where that is known


def download(url: str, sha256: str, folder: Path, progress: Progress) -> Path:
    """Fetch the program unless it is here; where it is. Raises DownloadFailed.

    What comes is kept in a file that cannot be run until its SHA-256 is the one that was meant.
    """
    target = folder / sha256.lower()[:16] / PROGRAM
    if target.is_file() and _digest(target) == sha256.lower():
        return target
    try:
        target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        _fetch(url, part, progress)
        found = _digest(part)
        if found != sha256.lower():
            part.unlink()
            raise DownloadFailed(
                f"What {_shown(url)} gives is not the program that was meant",
                why=f"its SHA-256 is {found}",
                remedy="Check FLEXWM_WINDMILL_URL and FLEXWM_WINDMILL_SHA256",
            )
        part.chmod(PRIVATE_FOLDER)
        part.replace(target)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "Free some space and try again: it goes on from there" if full else f"Check {folder}"
        raise DownloadFailed(why=f"{folder}: {error.strerror}", remedy=remedy) from None
    return target


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """Bring the rest of a file. Raises DownloadFailed and OSError."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as answer:
            if have and answer.status_code == DONE:
                return
            if answer.is_error:
                remedy = "Check FLEXWM_WINDMILL_URL"
                raise DownloadFailed(why=f"{_shown(url)} answers with status {answer.status_code}", remedy=remedy)
            resumed = answer.status_code == PARTIAL
            done = have if resumed else 0
            length = answer.headers.get("content-length")
            total = done + int(length) if length else None
            with part.open("ab" if resumed else "wb") as file:
                for chunk in answer.iter_raw():
                    file.write(chunk)
                    done += len(chunk)
                    progress(done, total)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = "Try again: it goes on where it broke off"
        raise DownloadFailed(why=f"{_shown(url)}: {error or type(error).__name__}", remedy=remedy) from None


def _digest(path: Path) -> str:
    """A file's SHA-256."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
