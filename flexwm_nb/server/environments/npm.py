"""Packages from npm: resolved and installed by bun, kept in the cache, and pinned as Windmill pins them.

A lock is package.json, a line `//bun.lock` and bun's own lock, or `<empty>` where nothing is needed.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from flexwm_nb.server.environments.cache import Cache, about, key_of
from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.stages import Stage, tool_environment

KIND = "npm"
MANIFEST, LOCK, MODULES = "package.json", "bun.lock", "node_modules"
SEPARATOR = "\n//bun.lock\n"
EMPTY = "<empty>"


def manifest_of(packages: dict[str, str]) -> str:
    """The package.json of packages and their versions."""
    return json.dumps({"dependencies": dict(sorted(packages.items()))}, indent=2)


def split(lock: str) -> tuple[str, str | None]:
    """The package.json and the lock's text, None where it has none. Raises RunnerError."""
    manifest, separator, text = lock.partition(SEPARATOR)
    if not separator:
        raise RunnerError(
            "Error: Invalid requirements, expected to find //bun.lock split pattern in requirements. "
            "Register the script again, so that it is locked anew"
        )
    return manifest, None if text.strip() in ("", EMPTY) else text


def join(manifest: str, text: str | None) -> str:
    """The lock as it is stored."""
    return f"{manifest}{SEPARATOR}{text or EMPTY}"


def needed(manifest: str) -> dict[str, str]:
    """The packages that a package.json wants. Raises RunnerError."""
    try:
        found = json.loads(manifest or "{}").get("dependencies") or {}
    except (ValueError, AttributeError):
        raise RunnerError(f"Error: the lock's package.json is not JSON: {manifest[:80]}") from None
    return {str(name): str(version) for name, version in found.items()}


def find(cache: Cache, manifest: str, text: str | None, npm: str | None = None) -> Path | None:
    """The folder with these packages, when it is there; those that `npm` installed are others."""
    return cache.find(KIND, _key(manifest, text, npm))


def _key(manifest: str, text: str | None, npm: str | None) -> str:
    """What is pinned stays; what is not is resolved anew each day."""
    moment = datetime.now(timezone.utc).date().isoformat() if text is None else ""
    return key_of(manifest, text or "", moment, "npm" if npm else "bun")


async def install(
    cache: Cache, bun: str, manifest: str, text: str | None, stage: Stage, *, npm: str | None = None
) -> Path:
    """The folder with these packages, installed by bun or `npm` where it is not there. Raises ToolFailed."""

    async def make(folder: Path, lock: int) -> None:
        """Install in that folder."""
        (folder / MANIFEST).write_text(manifest)
        if text is not None:
            (folder / LOCK).write_text(text)
        frozen = ["--frozen-lockfile"] if text is not None else []
        command = [bun, "install", "--no-progress", "--no-summary", *frozen]
        if npm:
            command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        name = "npm install" if npm else "bun install"
        await stage.run(name, command, folder, tool_environment(), inherit=[lock])
        (folder / MODULES).mkdir(exist_ok=True)

    return await cache.get(KIND, _key(manifest, text, npm), make, about=describe(manifest))


def lock_in(folder: Path) -> str:
    """The lock of what a folder holds."""
    file = folder / LOCK
    return join((folder / MANIFEST).read_text(), file.read_text() if file.exists() else None)


def describe(manifest: str) -> str:
    """What an entry holds, for people."""
    names = [f"{name}@{version}" for name, version in needed(manifest).items()]
    return about("npm", names)
