"""Modules of deno scripts, from npm, JSR or any address: loaded by deno, kept in the cache by what imports them.

Each entry is a directory of deno's own (DENO_DIR), so what a script runs with does not change with other scripts.
"""

from __future__ import annotations

from pathlib import Path

from flexwm_nb.server.environments.cache import Cache, about, key_of
from flexwm_nb.server.runners.imports import ENTRY, Sources
from flexwm_nb.server.runners.stages import Stage, tool_environment

KIND = "deno"
SOURCES, MODULES, LOCK = "sources", "modules", "deno.lock"
VARIABLES = {"DENO_NO_UPDATE_CHECK": "1", "DENO_NO_PROMPT": "1", "DENO_TLS_CA_STORE": "mozilla,system"}


def key(sources: Sources, lock: str | None) -> str:
    """What an entry is kept under: what is imported from elsewhere."""
    return key_of(lock or "", *sorted(sources.remote))


def find(cache: Cache, sources: Sources, lock: str | None) -> Path | None:
    """The folder with what the sources import, when it is there."""
    return cache.find(KIND, key(sources, lock))


async def load(cache: Cache, deno: str, sources: Sources, lock: str | None, stage: Stage) -> Path:
    """The folder with what the sources import, loaded where it is not there. Raises ToolFailed."""

    async def make(folder: Path, descriptor: int) -> None:
        """Load into that folder."""
        for name, text in sources.files.items():
            file = folder / SOURCES / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        if lock:
            (folder / LOCK).write_text(lock)
        frozen = ["--frozen"] if lock else []
        environment = {**tool_environment(), **VARIABLES, "DENO_DIR": str(folder / MODULES)}
        command = [deno, "cache", "--no-check", "--no-config", f"--lock=../{LOCK}", *frozen, ENTRY]
        await stage.run("deno run", command, folder / SOURCES, environment, inherit=[descriptor])
        for left in (folder / MODULES).iterdir():
            if left.is_file():  # what deno remembers of sources changes with every run
                left.unlink()

    return await cache.get(KIND, key(sources, lock), make, about=about("deno", sorted(sources.remote)))


def lock_in(folder: Path) -> str:
    """The lock of what a folder holds."""
    file = folder / LOCK
    return file.read_text() if file.exists() else ""
