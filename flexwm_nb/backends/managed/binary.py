"""The Windmill program: trusted only if nobody else can change it, and it says that it is a Windmill of this age."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from flexwm_nb.errors import BinaryNotFound, BinaryUnusable

OLDEST = (1, 500, 0)
SAYS = re.compile(r"^Windmill\s+(\S+)\s*$", re.MULTILINE)  # a release its version, a build from source its commit
NUMBERS = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)")
PATIENCE = 30.0  # seconds until it has said its version: a large program is read from the disk first
SHOWN = 60  # characters of a foreign answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A Windmill program that was tried."""

    path: Path
    version: str  # v1.743.0, or the commit of a build from source
    origin: str  # configured, built, PATH or downloaded

    def __str__(self) -> str:
        """In a few words."""
        return f"{self.origin} {self.version.removeprefix('v')}"


def verify(path: Path, origin: str) -> Binary:
    """The program at a path, tried. Raises BinaryNotFound and BinaryUnusable."""
    path = path.expanduser().absolute()
    if not path.is_file():
        raise BinaryNotFound(f"There is no program at {path}", path=str(path))
    _check_writers(path)
    if not os.access(path, os.X_OK):
        raise BinaryUnusable(f"{path} is not executable", remedy=f"chmod u+x {path}", path=str(path))
    return Binary(path=path, version=_version(path), origin=origin)


def _check_writers(path: Path) -> None:
    """Raise BinaryUnusable where somebody else may change the program, or put another in its place."""
    for part in (path.resolve(), path.resolve().parent):
        facts = part.stat()
        everybody = facts.st_mode & stat.S_IWOTH and not facts.st_mode & stat.S_ISVTX
        if everybody or facts.st_uid not in (0, os.getuid()):
            who = "everybody" if everybody else f"user {facts.st_uid}, who is neither you nor root,"
            raise BinaryUnusable(
                f"{path} is not safe to run",
                why=f"{who} can change {part}",
                remedy=f"chmod o-w {part}" if everybody else f"Copy the program to a directory of yours: {path}",
                path=str(path),
            )


def _version(path: Path) -> str:
    """What the program says that it is. Raises BinaryUnusable."""
    try:
        ran = subprocess.run(
            [str(path), "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise _no_windmill(path, f"it has not said its version after {PATIENCE:g} s") from None
    except OSError as error:
        raise _no_windmill(path, f"it does not start: {error.strerror}") from None
    said = ran.stdout.decode(errors="replace").strip()
    found = SAYS.search(said)
    if found is None:
        words = said or ran.stderr.decode(errors="replace").strip() or "nothing"
        raise _no_windmill(path, f"asked for its version it says {words[:SHOWN]!r}")
    version = found.group(1)
    numbers = NUMBERS.match(version)
    if numbers and tuple(map(int, numbers.groups())) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise BinaryUnusable(
            f"The Windmill at {path} is too old", why=f"it is {version}, the oldest that is supported is v{oldest}"
        )
    return version


def _no_windmill(path: Path, why: str) -> BinaryUnusable:
    return BinaryUnusable(f"{path} is no Windmill", why=why, path=str(path))
