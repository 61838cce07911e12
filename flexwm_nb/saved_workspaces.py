"""The workspaces that the Windmill command line (`wmill workspace add`) has saved for this user."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER, PROFILES, ACTIVE = "windmill", "remotes.ndjson", "activeWorkspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWorkspace:
    """A workspace of a Windmill, by the name under which it was saved. The token is never shown."""

    name: str
    remote: str  # base URL
    workspace: str
    token: str | None = field(default=None, repr=False)


def folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where the command line keeps them."""
    home = Path(environment.get("HOME") or Path.home())
    usual = home / "Library/Preferences" if platform == "darwin" else home / ".config"
    xdg = None if platform == "darwin" else environment.get("XDG_CONFIG_HOME")
    return Path(environment.get("WMILL_CONFIG_DIR") or xdg or usual) / FOLDER


def read() -> list[SavedWorkspace]:
    """The saved workspaces, the active one first; none where there is no file that can be read."""
    try:
        text = (folder() / PROFILES).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    active = _active()
    return sorted(_profiles(text), key=lambda saved: saved.name != active)


def find(saved: Sequence[SavedWorkspace], engine: str, workspace: str | None = None) -> SavedWorkspace | None:
    """The one that is meant by its name or by its address (and workspace, where that is named)."""
    named = next((one for one in saved if one.name == engine), None)
    if named is not None:
        return named
    there = [one for one in saved if _same(one.remote, engine) and workspace in (None, one.workspace)]
    return there[0] if there else None


def _profiles(text: str) -> Iterator[SavedWorkspace]:
    """Those of the lines that say enough; a line that the command line could not read either is left out."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
            yield SavedWorkspace(
                name=str(found["name"]),
                remote=str(found["remote"]),
                workspace=str(found["workspaceId"]),
                token=str(found.get("token") or "") or None,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def _active() -> str:
    try:
        return (folder() / ACTIVE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _same(remote: str, address: str) -> bool:
    """Whether two addresses are one; the command line saves them with a slash at the end."""
    return remote.strip().rstrip("/") == address.strip().rstrip("/").removesuffix("/api")
