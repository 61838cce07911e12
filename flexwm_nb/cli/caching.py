"""`flexwm cache`: what scripts need and share, such as packages, and clearing it away."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flexwm_nb.errors import InvalidInput

if TYPE_CHECKING:
    from flexwm_nb.server.environments.cache import Cache, Entry

FINE = 0  # exit status
UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}  # seconds
AGE = re.compile(r"(\d+)([mhdw])")
OLD = "30d"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    shown = commands.add_parser("cache", help="show the packages that are kept for scripts, or prune them")
    shown.set_defaults(command=show)
    shown.add_argument("--cache", metavar="DIR", help="directory of the cache (FLEXWM_CACHE, else the user's)")
    inner = shown.add_subparsers(title="commands", metavar="COMMAND")
    pruned = inner.add_parser("prune", help="remove what was not used for long; it is made again when it is needed")
    pruned.set_defaults(command=prune)
    which = pruned.add_mutually_exclusive_group()
    which.add_argument("--older-than", metavar="AGE", default=OLD, help=f"such as 12h, 30d or 8w ({OLD})")
    which.add_argument("--all", action="store_true", help="everything that no running engine uses")


def show(options: argparse.Namespace) -> int:
    """List what there is, the one used last first."""
    cache = _cache(options)
    entries = cache.entries()
    for line in table(entries):
        print(line)
    print(f"{total(entries)} in {cache.directory}")
    return FINE


def prune(options: argparse.Namespace) -> int:
    """Remove what is old."""
    from flexwm_nb.server.environments.resolutions import Resolutions

    cache, seconds = _cache(options), 0.0 if options.all else seconds_of(options.older_than)
    pruned = cache.prune(unused_for=seconds)
    Resolutions(cache.directory / "resolved").prune(unused_for=seconds)
    print(f"removed {total(pruned.removed)} from {cache.directory}")
    if pruned.in_use:
        print(f"kept {total(pruned.in_use)}: a running engine uses them. End it first: flexwm stop")
    return FINE


def table(entries: Sequence[Entry]) -> list[str]:
    """A line an entry: size, last use, what it is."""
    if not entries:
        return []
    rows = [("SIZE", "LAST USE", "WHAT")]
    rows += [(size(entry.size), ago(time.time() - entry.used_at), f"{entry.kind}: {entry.about}") for entry in entries]
    return [f"{left:>9}  {middle:<9}  {right}" for left, middle, right in rows]


def total(entries: Sequence[Entry]) -> str:
    """How many there are, and how large together."""
    word = "entry" if len(entries) == 1 else "entries"
    return f"{len(entries)} {word}, {size(sum(entry.size for entry in entries))}"


def size(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def ago(seconds: float) -> str:
    """How long ago something was, roughly."""
    for unit, name in (("w", "weeks"), ("d", "days"), ("h", "h"), ("m", "min")):
        if seconds >= 2 * UNITS[unit]:
            return f"{seconds / UNITS[unit]:.0f} {name}"
    return "just now"


def seconds_of(text: str) -> float:
    """An age such as `30d`. Raises InvalidInput."""
    found = AGE.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text!r} is no age", remedy="Write a number and m, h, d or w, such as 30d")
    return int(found[1]) * UNITS[found[2]]


def _cache(options: argparse.Namespace) -> Cache:
    """The cache that is configured. Raises InvalidConfig."""
    from flexwm_nb.config import Config
    from flexwm_nb.server.environments.cache import Cache

    directory = Path(options.cache) if options.cache else Config().cache
    return Cache(directory.expanduser().absolute())
