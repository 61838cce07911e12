"""Packages of php scripts: resolved and installed by composer, kept in the cache, and pinned as Windmill pins them.

A script asks for them in comments `// NAME` or `// NAME@VERSION` below a line `// require:`. A lock is composer.json, a
line `LOCK` and composer's own lock.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path

from flexwm_nb.server.environments.cache import Cache, about, key_of
from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.stages import Stage, tool_environment

KIND = "composer"
MANIFEST, LOCK, VENDOR = "composer.json", "composer.lock", "vendor"
SEPARATOR = "\nLOCK\n"
HEADS = ("//require:", "// require:")
WANTED = re.compile(r"//\s?(\S+)\s*")
INSTALL = "\n\n--- COMPOSER INSTALL ---\n"
COMMAND = ("install", "--no-dev", "--no-progress", "--no-interaction")


def manifest_of(content: str) -> str | None:
    """The composer.json of what a source asks for; None where it asks for nothing."""
    lines = content.splitlines()
    head = next((number for number, line in enumerate(lines) if line.startswith(HEADS)), None)
    if head is None:
        return None
    wanted: dict[str, str] = {}
    for line in lines[head + 1 :]:
        found = WANTED.fullmatch(line)
        if found is None:
            break
        name, *versions = found[1].split("@")
        wanted[name] = versions[0] if len(versions) == 1 else "*"
    return json.dumps({"require": wanted}, indent=2)


def split(lock: str) -> tuple[str, str]:
    """The composer.json and the lock's text. Raises RunnerError."""
    manifest, separator, text = lock.partition(SEPARATOR)
    if not separator:
        raise RunnerError(
            "Invalid requirements, expected to find LOCK split pattern in reqs. "
            "Register the script again, so that it is locked anew"
        )
    return manifest, text


def find(cache: Cache, manifest: str, text: str | None) -> Path | None:
    """The folder with these packages, when it is there."""
    return cache.find(KIND, _key(manifest, text))


def _key(manifest: str, text: str | None) -> str:
    """What is pinned stays; what is not is resolved anew each day."""
    return key_of(manifest, text or "", datetime.now(timezone.utc).date().isoformat() if text is None else "")


async def install(cache: Cache, composer: str, manifest: str, text: str | None, stage: Stage) -> Path:
    """The folder with these packages, installed where it is not there. Raises ToolFailed."""

    async def make(folder: Path, lock: int) -> None:
        """Install in that folder."""
        (folder / MANIFEST).write_text(manifest)
        if text is not None:
            (folder / LOCK).write_text(text)
        await stage.run("composer install", [composer, *COMMAND], folder, tool_environment(), inherit=[lock])

    return await cache.get(KIND, _key(manifest, text), make, about=describe(manifest))


def lock_in(folder: Path) -> str:
    """The lock of what a folder holds."""
    return f"{(folder / MANIFEST).read_text()}{SEPARATOR}{(folder / LOCK).read_text()}"


def describe(manifest: str) -> str:
    """What an entry holds, for people."""
    names = [f"{name}@{version}" for name, version in json.loads(manifest).get("require", {}).items()]
    return about("composer", names)
