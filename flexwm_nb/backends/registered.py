"""Engines that programs of this user have opened, noted so that the Jupyter server finds them too.

Each note is a file of its own, closed to everybody else as it holds the token, and counts for as long as the process
that wrote it lives.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from flexwm_nb.backends import private_files
from flexwm_nb.backends.process import is_alive
from flexwm_nb.client.endpoint import Endpoint, Route
from flexwm_nb.config import APPLICATION

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def folder() -> Path:
    """Where the notes are."""
    with warnings.catch_warnings():  # where a system has no such folder, a temporary one does
        warnings.simplefilter("ignore", UserWarning)
        return Path(platformdirs.user_runtime_dir(APPLICATION)) / "engines"


@dataclass(frozen=True, slots=True)
class Noted:
    """An engine that a program has opened."""

    endpoint: Endpoint
    store: Path | None = None  # of a local one, by which it is found again after it was started anew


def register(endpoint: Endpoint, store: Path | None = None) -> Path:
    """Note an engine that this process has opened, here or elsewhere; the note's file. Raises OSError."""
    directory = folder()
    directory.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    facts = {
        "pid": os.getpid(),
        "kind": endpoint.kind,
        "url": endpoint.url,
        "workspace": endpoint.workspace,
        "token": endpoint.token,
        "socket": str(endpoint.socket) if endpoint.socket else None,
        "version": endpoint.version,
        "store": str(store) if store else None,
        "route": asdict(endpoint.route),
    }
    key = hashlib.sha256(f"{endpoint.url} {endpoint.workspace}".encode()).hexdigest()[:16]
    path = directory / f"{os.getpid()}-{key}.json"
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, default=str)  # paths
    aside.replace(path)
    return path


def forget(path: Path) -> None:
    """Remove a note."""
    path.unlink(missing_ok=True)


def registered() -> Iterator[Noted]:
    """The engines whose notes can be trusted and whose processes live; what others left behind is removed."""
    directory = folder()
    for path in sorted(directory.glob("*.json")) if directory.is_dir() else ():
        found = _read(path)
        if found is None:
            continue
        pid, noted = found
        if is_alive(pid):
            yield noted
        else:
            forget(path)


def _read(path: Path) -> tuple[int, Noted] | None:
    """What a note says; None where it is not this user's alone, or no note."""
    found = private_files.read(path)
    try:
        return None if found is None else (int(found["pid"]), _noted(found))
    except (ValueError, KeyError, TypeError):
        return None


def _noted(found: Mapping[str, Any]) -> Noted:
    store = found.get("store")
    return Noted(_endpoint(found), Path(store) if store else None)


def _endpoint(found: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        kind=str(found["kind"]),
        url=str(found["url"]),
        workspace=str(found["workspace"]),
        token=found["token"],
        socket=Path(found["socket"]) if found["socket"] else None,
        version=found["version"],
        route=_route(found["route"]),
    )


def _route(found: Mapping[str, Any]) -> Route:
    files = {name: Path(found[name]) if found[name] else None for name in ("ca_bundle", "certificate", "key")}
    return Route(verify=bool(found["verify"]), proxy=found["proxy"], **files)
