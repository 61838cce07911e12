"""What this engine's jobs are to be kept from: what was asked for, and what that means on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from flexwm_nb.server.isolation import hidden
from flexwm_nb.server.isolation.cage import SYSTEM
from flexwm_nb.server.isolation.limits import Limits

Isolation = Literal["auto", "required", "bubblewrap", "landlock", "plain"]
PACKAGE = Path(__file__).parents[2]
PRIVATE = ("/tmp", "/var/tmp", "/dev/shm")  # in a strict cage each job has its own
PRIVATE_BYTES = 1 << 30  # that a job may keep in them, each
PROXY_PORT = 3128  # in a closed network, which has the port to itself
NAME_RESOLUTION = "/etc/resolv.conf"
QUESTION = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]))"
PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for."""

    isolation: Isolation = "plain"
    network: tuple[str, ...] | None = None  # hosts that jobs may reach, perhaps none; None = every one
    paths: tuple[Path, ...] = ()  # that jobs may read and write, whatever is hidden

    @property
    def strict(self) -> bool:
        """Whether jobs see nothing but what they need."""
        return self.isolation == "required"

    @property
    def closed(self) -> bool:
        """Whether the network is closed, but for the hosts named."""
        return self.network is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The engine's own folders."""

    store: Path
    jobs: Path
    shared: Path
    socket: Path | None = None  # of the engine
    caches: tuple[Path, ...] = ()  # that jobs read: environments and packages


def build(level: str, wish: Wish, places: Places, interpreter: str) -> dict[str, Any]:
    """The policy that the zygote of an interpreter applies to its jobs, as `cage` takes it."""
    allowed = [str(path) for path in wish.paths]
    masked = hidden.secrets()
    if level == "bubblewrap" and not wish.strict:
        masked += hidden.sockets()
    if os.geteuid() == 0 and wish.strict:
        masked += hidden.OF_ROOT
    caches = [str(path) for path in places.caches]
    away = [path for path in hidden.real([str(places.store), *caches, *masked]) if not is_below(path, allowed)]
    readable = needed(interpreter, places) if wish.strict else [str(PACKAGE), *caches]
    limits = Limits().as_dict()
    private = [*PRIVATE, str(Path.home())] if wish.strict else []
    return {
        "level": level,
        "strict": wish.strict,
        "closed": wish.closed,
        "root": os.geteuid() == 0,
        "hidden": away,
        "awaited": [path for path in away if not Path(path).exists()],
        "readable": readable,
        "writable": allowed,
        "private": private,
        "private_bytes": PRIVATE_BYTES,
        "exposed": [path for path in (*readable, *allowed) if Path(path).exists() and is_below(path, private)],
        "proxy": f"http://127.0.0.1:{PROXY_PORT}" if wish.network else "",
        "doors": str(places.socket.parent) if wish.closed and places.socket else "",
        "memory_bytes": limits["memory_bytes"],
        "processes": limits["processes"],
        "jobs": str(places.jobs),
        "shared": str(places.shared),
    }


def is_below(path: str, folders: list[str]) -> bool:
    """Whether a path is one of the folders, or in one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def needed(interpreter: str, places: Places) -> list[str]:
    """What a job has to read where nothing is visible by itself: its Python with packages, programs, this package."""
    programs = [path for path in os.environ.get("PATH", "").split(os.pathsep) if path.startswith("/")]
    installed = [str(Path(path).parent) for path in programs if Path(path).name == "bin"]
    home = str(Path.home())
    wanted = [*asked(interpreter), *programs, *installed, str(PACKAGE), os.path.realpath(NAME_RESOLUTION)]
    wanted += [str(path) for path in places.caches]
    roots = {"/", home, *(str(parent) for parent in Path(home).parents)}
    found = {os.path.realpath(path) for path in wanted} | set(wanted)
    return sorted(
        path for path in found if path not in roots and not is_below(path, list(SYSTEM)) and Path(path).exists()
    )


@lru_cache(maxsize=64)
def asked(interpreter: str) -> tuple[str, ...]:
    """Where a Python has itself and its packages; nothing when it does not tell."""
    try:
        told = subprocess.run([interpreter, "-c", QUESTION], capture_output=True, timeout=PATIENCE, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(path for path in json.loads(told) if path.startswith("/"))
