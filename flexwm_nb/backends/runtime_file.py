"""The file by which the server of a store is found."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flexwm_nb.backends import private_files

NAME = "runtime.json"
LOCK = "store.lock"  # held by the server for as long as it lives


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
    found = private_files.read(store / NAME)
    try:
        return None if found is None else _runtime(found)
    except (ValueError, KeyError, TypeError):
        return None


def _runtime(found: Mapping[str, Any]) -> Runtime:
    return Runtime(
        pid=int(found["pid"]),
        version=str(found["version"]),
        protocol=int(found["protocol"]),
        url=str(found["url"]),
        socket=str(found.get("socket") or ""),
        token=str(found["token"]),
        workspace=str(found["workspace"]),
    )


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
