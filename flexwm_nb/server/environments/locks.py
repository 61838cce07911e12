"""Locks: the versions that a script was tried with, so that another engine runs it with the same; pure.

A lock is Windmill's: `# py: 3.12`, then one pinned requirement a line. It lists the packages of the kernel that the
script imports with all that they need, as they are installed, and what was found for those that the kernel lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from flexwm_nb.server.environments.installed import Installed

Extras = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Packages of an interpreter, pinned."""

    lines: tuple[str, ...]
    local: tuple[str, ...] = ()  # that nobody else can install, and why


def render(python: str, lines: Iterable[str], local: Iterable[str] = ()) -> str:
    """The text of a lock."""
    return "\n".join([f"# py: {python}", *sorted(set(lines), key=str.lower), *(f"# {text}" for text in local)])


def closure(roots: Iterable[Requirement], packages: Mapping[str, Any], installed: Installed) -> Pins:
    """These packages and all that they need, as they are installed."""
    lines: dict[str, str] = {}
    local: dict[str, str] = {}
    waiting: list[tuple[str, Extras]] = [(canonicalize_name(root.name), frozenset(root.extras)) for root in roots]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        package = packages.get(name)
        if package is None:
            continue
        line = pin(name, package)
        if line is None:
            local[name] = f"{name} {package['version']} is installed from a folder of this machine: not pinned"
        else:
            lines[name] = line
        for needed in needs(package["requires"], extras, installed):
            if needed not in seen:
                seen.add(needed)
                waiting.append(needed)
    return Pins(lines=tuple(lines.values()), local=tuple(local.values()))


def needs(requires: Iterable[str], extras: Extras, installed: Installed) -> Iterable[tuple[str, Extras]]:
    """What a package needs on this Python, with these of its extras."""
    environment = {"python_version": installed.minor, "python_full_version": installed.full_version}
    for text in requires:
        try:
            found = Requirement(text)
        except InvalidRequirement:
            continue
        marker = found.marker
        if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in (*extras, "")):
            yield canonicalize_name(found.name), frozenset(found.extras)


def pin(name: str, package: Mapping[str, Any]) -> str | None:
    """A package as others can install it; None where they cannot."""
    origin = package["origin"]
    if origin is None or is_built_elsewhere(origin):
        return f"{name}=={public(package['version'])}"
    versioned = origin.get("vcs_info")
    if versioned:
        return f"{name} @ {versioned['vcs']}+{origin['url']}@{versioned['commit_id']}"
    return None if origin["url"].startswith("file:") else f"{name} @ {origin['url']}"


def is_built_elsewhere(origin: Mapping[str, Any]) -> bool:
    """Whether the folder it came from was that of whoever built it, as conda's packages say."""
    place = urlsplit(origin["url"])
    editable = (origin.get("dir_info") or {}).get("editable")
    return place.scheme == "file" and not editable and not Path(unquote(place.path)).exists()


def public(version: str) -> str:
    """A version as an index has it: without what a builder added."""
    try:
        return Version(version).public
    except InvalidVersion:
        return version
