"""Checks of this side: the settings, the folders and programs that an engine on this machine uses."""

from __future__ import annotations

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path

from flexwm_nb.config import ENVIRONMENT, FILE_VARIABLE, Config, default_file
from flexwm_nb.models.workspace import HealthCheck

OURS = "FLEXWM_"
OTHER_VARIABLES = frozenset(  # that are no settings of an engine
    {FILE_VARIABLE, "FLEXWM_STATE", "FLEXWM_DISPLAY", "FLEXWM_NONINTERACTIVE", "FLEXWM_SERVER_TOKEN"}
)
OTHERS = stat.S_IRWXG | stat.S_IRWXO  # permissions of everybody but the owner
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
OLDEST = (1, 500, 0)  # of Windmill
TRIED = (1, 743)  # against which this package is tested
NUMBERS = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


def configuration(config: Config) -> HealthCheck:
    """Which engine is meant, where that comes from, and variables that nobody reads."""
    file = default_file()
    origin = f", file {file}" if file.is_file() else ""
    message = f"engine {config.target}, workspace {config.workspace}{origin}"
    known = {name for names in ENVIRONMENT.values() for name in names} | OTHER_VARIABLES
    unread = sorted(name for name in os.environ if name.startswith(OURS) and name not in known)
    if not unread:
        return HealthCheck(name="configuration", status="ok", message=message)
    meant = get_close_matches(unread[0], sorted(known), n=1)
    remedy = f"Did you mean {meant[0]}?" if meant else f"Remove it; there are {', '.join(sorted(known))[:200]} …"
    message = f"{message}; nobody reads {', '.join(unread)}"
    return HealthCheck(name="configuration", status="warn", message=message, remedy=remedy)


def permissions(store: Path) -> HealthCheck:
    """Whether the local engine's store is its owner's alone, and can be written."""
    if not store.is_dir():
        return HealthCheck(name="permissions", status="ok", message=f"{store} is made when it is needed")
    if not os.access(store, os.W_OK | os.X_OK):
        remedy = f"chmod u+rwx {store}, or choose another store with FLEXWM_STORE"
        return HealthCheck(name="permissions", status="fail", message=f"{store} cannot be written", remedy=remedy)
    open_ones = [path for path in (store, *store.iterdir()) if _is_open(path)]
    if open_ones:
        message = f"others can read {', '.join(str(path) for path in open_ones[:3])}"
        return HealthCheck(name="permissions", status="warn", message=message, remedy=f"chmod -R go= {store}")
    return HealthCheck(name="permissions", status="ok", message=f"{store} is yours alone")


def _is_open(path: Path) -> bool:
    try:
        return bool(path.lstat().st_mode & OTHERS) and not path.is_symlink()
    except OSError:  # it went away meanwhile
        return False


def binary(path: Path) -> HealthCheck:
    """Whether the configured Windmill can be run, and by nobody else replaced."""
    found = path.expanduser()
    remedy = None
    if not found.is_file():
        message, remedy = f"there is no file {found}", "Correct WINDMILL_BINARY_PATH"
    elif not os.access(found, os.X_OK):
        message, remedy = f"{found} cannot be executed", f"chmod u+x {found}"
    elif (found.stat().st_mode | found.parent.stat().st_mode) & WRITABLE_BY_OTHERS:
        message, remedy = f"others can replace {found}", f"chmod go-w {found} {found.parent}"
    else:
        message = str(found)
    return HealthCheck(name="binary", status="fail" if remedy else "ok", message=message, remedy=remedy)


def version(text: str) -> HealthCheck | None:
    """Whether a Windmill is of a version that this package knows; None where it does not say."""
    found = NUMBERS.search(text)
    if found is None:
        return None
    numbers = tuple(map(int, found.groups()))
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        message = f"{text}, the oldest that is supported is {oldest}"
        return HealthCheck(name="version", status="fail", message=message, remedy="Upgrade the engine")
    note = "" if numbers[:2] <= TRIED else f", newer than the {TRIED[0]}.{TRIED[1]} that this package was tested with"
    return HealthCheck(name="version", status="ok", message=f"{text}{note}")
