"""Versions that were found for requirements, kept for a while so that a preview does not look for them again."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from flexwm_nb.server.environments import folders

FRESH = 24 * 3600.0  # seconds that a resolution counts; afterwards only where nothing newer can be had


class Resolutions:
    """Small files in a directory, each a list of pinned requirements."""

    def __init__(self, directory: Path) -> None:
        """Nothing is made before the first one is kept."""
        self._directory = directory
        self._read: dict[str, tuple[float, list[str]]] = {}

    def find(self, key: str, *, stale: bool = False) -> list[str] | None:
        """What was found, unless it is too old; with `stale` in any case."""
        kept = self._read.get(key) or self._load(key)
        if kept is None or (time.time() - kept[0] > FRESH and not stale):
            return None
        return kept[1]

    def keep(self, key: str, lines: list[str]) -> None:
        """Keep what was found; where it cannot be written, for this process."""
        self._read[key] = (time.time(), lines)
        draft = self._directory / f"{key}.{os.getpid()}"
        with suppress(OSError):
            folders.make(self._directory)
            draft.write_text("".join(f"{line}\n" for line in lines))
            draft.replace(self._directory / f"{key}.txt")

    def prune(self, *, unused_for: float = 0.0) -> None:
        """Remove those that are that old, and what crashes left."""
        for path in self._directory.glob("*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime >= unused_for:
                    path.unlink()

    def _load(self, key: str) -> tuple[float, list[str]] | None:
        path = self._directory / f"{key}.txt"
        try:
            kept = (path.stat().st_mtime, path.read_text().splitlines())
        except OSError:
            return None
        if not kept[1]:
            return None
        self._read[key] = kept
        return kept
