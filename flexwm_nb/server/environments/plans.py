"""From what a script needs and what its interpreter has to what has to be got; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from flexwm_nb.server.environments.installed import Installed
from flexwm_nb.signatures.python3_requirements import Import, Needs

PYTHON = re.compile(r"^#\s*py:\s*(?P<version>\d+\.\d+)(?:\.\w+)?\s*$")
HASH = re.compile(r"\s+--hash[= ]\S+")


class BadLock(Exception):
    """A lock cannot be read; the text is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock as Windmill stores it: requirements, one a line, after the version of Python that they are for."""

    python: str | None  # such as 3.12
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a script has to get before it runs."""

    python: tuple[str, ...] = ()  # specifiers of the Python that it needs in place of its interpreter
    wanted: tuple[str, ...] = ()  # requirements for which versions have to be found
    pinned: tuple[str, ...] = ()  # requirements to install as they stand
    isolated: bool = False  # it sees these packages alone, not its interpreter's
    imports: tuple[Import, ...] = ()  # that led to some of `wanted`
    no_cache: bool = False

    def __bool__(self) -> bool:
        """Whether anything has to be got."""
        return bool(self.python or self.wanted or self.pinned or self.isolated)


def read_lock(text: str) -> Lock:
    """The lock's parts. Comments and options are passed over, as Windmill does. Raises BadLock."""
    python = None
    lines: list[str] = []
    for number, line in enumerate(text.replace("\\\n", " ").split("\n"), 1):
        stripped = line.strip()
        if (found := PYTHON.match(stripped)) is not None and python is None:
            python = found["version"]
        if not stripped or stripped.startswith(("#", "-")):
            continue
        wanted = re.sub(r"\s+#.*$", "", re.sub(r"\s+", " ", stripped))
        try:
            requirement_of(wanted)
        except InvalidRequirement:
            raise BadLock(f"line {number} of the lock is no requirement: {wanted!r}. Update the lock") from None
        lines.append(wanted)
    return Lock(python=python, lines=tuple(lines))


def requirement_of(line: str) -> Requirement:
    """A line of a lock without its hashes."""
    return Requirement(without_hashes(line))


def without_hashes(line: str) -> str:
    """A line of a lock as people write it."""
    return HASH.sub("", line)


def missing_of(lines: Iterable[str], installed: Installed) -> tuple[str, ...]:
    """The lines that the interpreter's own packages do not fulfil already."""
    return tuple(line for line in lines if not is_there(requirement_of(line), installed))


def is_there(requirement: Requirement, installed: Installed) -> bool:
    """Whether nothing has to be got for a requirement."""
    if not applies(requirement, installed):
        return True
    return installed.satisfies(requirement)


def applies(requirement: Requirement, installed: Installed) -> bool:
    """Whether a requirement is meant for this Python."""
    if requirement.marker is None:
        return True
    return requirement.marker.evaluate(
        {"python_version": installed.minor, "python_full_version": installed.full_version, "extra": ""}
    )


def for_lock(lock: Lock, installed: Installed, *, is_kernel: bool) -> Plan:
    """What a lock asks for.

    With the interpreter of a kernel, what it has in the same version counts and the rest comes before it; without one,
    the script sees exactly what the lock lists.
    """
    other = lock.python is not None and lock.python != installed.minor
    missing = lock.lines if other else missing_of(lock.lines, installed)
    if not missing:
        return Plan()
    if is_kernel and not other:
        return Plan(pinned=missing)
    return Plan(python=(f"=={lock.python}.*",) if other else (), pinned=lock.lines, isolated=True)


def differs(lock: Lock, installed: Installed) -> bool:
    """Whether an interpreter has a package of the lock in another version, or is another Python."""
    if lock.python not in (None, installed.minor):
        return True
    missing = (canonicalize_name(requirement_of(line).name) for line in missing_of(lock.lines, installed))
    return any(name in installed.versions for name in missing)


def for_needs(needs: Needs, installed: Installed) -> Plan:
    """What a source without a lock asks for: what its interpreter does not have."""
    python = tuple(wanted for wanted in needs.python if not SpecifierSet(wanted).contains(installed.full_version))
    if python:
        wanted = (*needs.requirements, *(found.package for found in needs.imports))
        return Plan(
            python=tuple(needs.python),
            wanted=tuple(dict.fromkeys(wanted)),
            isolated=True,
            imports=needs.imports,
            no_cache=needs.no_cache,
        )
    named = {canonicalize_name(Requirement(text).name) for text in needs.requirements}
    imports = tuple(
        found
        for found in needs.imports
        if not installed.has(found.module) and canonicalize_name(Requirement(found.package).name) not in named
    )
    wanted = (*missing_of(needs.requirements, installed), *(found.package for found in imports))
    return Plan(wanted=tuple(dict.fromkeys(wanted)), imports=imports, no_cache=needs.no_cache)
