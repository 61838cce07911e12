"""What a member may do in a workspace: groups, folders, owners of paths."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from flexwm_nb.server.store.database import Database

EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class Rights:
    """A member's groups, and the folders that it may read, write and owns."""

    groups: list[str]
    readable: list[str]
    writable: list[str]
    owned: list[str]


def find(database: Database, workspace: str, username: str) -> Rights:
    """A member's rights, those of an administrator not counted."""
    teams = database.read("rights_teams", workspace=workspace)
    groups = [team["name"] for team in teams if username in json.loads(team["members"])]
    names = {f"u/{username}", *(f"g/{group}" for group in groups)}
    readable, writable, owned = [], [], []
    for folder in database.read("rights_folders", workspace=workspace):
        granted = [write for name, write in json.loads(folder["extra_perms"]).items() if name in names]
        owns = not names.isdisjoint(json.loads(folder["owners"]))
        if granted or owns:
            readable.append(folder["name"])
        if any(granted) or owns:
            writable.append(folder["name"])
        if owns:
            owned.append(folder["name"])
    return Rights(groups, readable, writable, owned)


def owns(path: str, username: str, groups: Iterable[str], folders: Iterable[str]) -> bool:
    """Whether a path belongs to a member, through a group or folder too."""
    kind, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    return {"u": name == username, "g": name in groups, "f": name in folders}.get(kind, False)
