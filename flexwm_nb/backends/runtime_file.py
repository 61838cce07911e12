"""The file by which the server of a store is found."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

NAME = "runtime.json"
LOCK = "store.lock"  # held by the server for as long as it lives
OTHERS = 0o077  # permissions of everybody but the owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a server says of itself. The token is a secret."""

    pid: int
    version: str
    protocol: int
    url: str
    socket: str
    token: str
    workspace: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"<Runtime {self.pid} {self.url}>"


def read(store: Path) -> Runtime | None:
    """The file's content; None where there is none that can be trusted.

    It has to be this user's, and closed to everybody else.
    """
    try:
        descriptor = os.open(store / NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        facts = os.fstat(descriptor)
        if facts.st_uid != os.getuid() or facts.st_mode & OTHERS:
            return None
        try:
            found = json.load(file)
            return Runtime(
                pid=int(found["pid"]),
                version=str(found["version"]),
                protocol=int(found["protocol"]),
                url=str(found["url"]),
                socket=str(found.get("socket") or ""),
                token=str(found["token"]),
                workspace=str(found["workspace"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def is_owned(store: Path) -> bool:
    """Whether a server has the store: its lock goes with its process, however that ends."""
    try:
        descriptor = os.open(store / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
