"""Stored flows as the REST interface shows them."""

from __future__ import annotations

import json
from typing import Any

from flexwm_nb.server.clock import render_time
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.http import fragment, without_nulls

OMITTED = ("tag", "timeout", "dedicated_worker")


def flow(row: Row, *, version_id: int | None = None, starred: bool | None = None) -> dict[str, Any]:
    """One flow with its value."""
    found = {
        **{name: row[name] for name in ("workspace_id", "path", "summary", "description", "edited_by")},
        "value": fragment(row["value"]),
        "edited_at": render_time(row["edited_at"]),
        "archived": bool(row["archived"]),
        "schema": fragment(row["schema"]),
        "extra_perms": fragment(row["extra_perms"]),
    }
    worker = row["dedicated_worker"]
    options = {
        "tag": row["tag"],
        "timeout": row["timeout"],
        "dedicated_worker": None if worker is None else bool(worker),
    }
    found |= without_nulls(options, OMITTED)
    found |= json.loads(row["settings"])
    if version_id is not None:
        found["version_id"] = version_id
    return found if starred is None else {**found, "starred": starred}


def listed(row: Row) -> dict[str, Any]:
    """One flow in a list: no value, no schema."""
    settings = json.loads(row["settings"])
    found = {
        **{name: row[name] for name in ("workspace_id", "path", "summary", "description", "edited_by")},
        "edited_at": render_time(row["edited_at"]),
        "archived": bool(row["archived"]),
        "extra_perms": fragment(row["extra_perms"]),
        "starred": bool(row["starred"]),
        "ws_error_handler_muted": False,
        "deployment_msg": row["deployment_msg"],
        "labels": settings.get("labels"),
        "is_draft": False,
    }
    return without_nulls(found, ("description", "deployment_msg", "labels"))


def version(row: Row) -> dict[str, Any]:
    """One version in a history."""
    found = {
        "id": row["id"],
        "created_at": render_time(row["created_at"]),
        "deployment_msg": row["deployment_message"],
    }
    return without_nulls(found, ("deployment_msg",))
