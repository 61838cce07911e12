"""TypeScript made one file of JavaScript, for node: by bun, its packages apart; kept in the cache by its sources."""

from __future__ import annotations

import json
from pathlib import Path

from flexwm_nb.server.environments.cache import Cache, key_of
from flexwm_nb.server.runners.imports import ENTRY, Sources
from flexwm_nb.server.runners.stages import Stage

KIND = "bundle"
BUNDLE = "main.mjs"
OPTIONS = ("--target=node", "--format=esm", "--packages=external", f"--outfile=../{BUNDLE}")


def key(sources: Sources) -> str:
    """What a bundle is kept under."""
    return key_of(json.dumps(sources.files, sort_keys=True))


def find(cache: Cache, sources: Sources) -> str | None:
    """The bundle's text, when it has been made."""
    folder = cache.find(KIND, key(sources))
    return None if folder is None else (folder / BUNDLE).read_text()


async def build(cache: Cache, bun: str, sources: Sources, environment: dict[str, str], stage: Stage) -> str:
    """The bundle's text, made where it is not there. Raises ToolFailed."""

    async def make(folder: Path, lock: int) -> None:
        """Bundle in that folder."""
        for name, text in sources.files.items():
            file = folder / "sources" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        await stage.run("bun build", [bun, "build", ENTRY, *OPTIONS], folder / "sources", environment, inherit=[lock])

    return (await cache.get(KIND, key(sources), make, about="TypeScript for node") / BUNDLE).read_text()
