"""Stored scripts as the REST interface shows them."""

from __future__ import annotations

import json
from typing import Any

from flexwm_nb.server.clock import render_hash, render_time
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.http import fragment, without_nulls

BOOLEANS = ("is_template", "dedicated_worker", "has_preprocessor")
AS_STORED = (
    "workspace_id", "path", "summary", "description", "content", "created_by", "lock", "lock_error_logs", "language",
    "kind", "tag",
)  # fmt: skip
OMITTED = (
    "is_template", "dedicated_worker", "priority", "timeout", "cache_ttl", "concurrency_key", "concurrent_limit",
    "concurrency_time_window_s", "auto_kind", "has_preprocessor",
)  # fmt: skip
LIST_OMITTED = ("description", "auto_kind", "labels", "deployment_msg")


def script(row: Row, *, starred: bool | None = None) -> dict[str, Any]:
    """One version with everything."""
    found: dict[str, Any] = {name: row[name] for name in AS_STORED}
    found.update(
        hash=render_hash(row["hash"]),
        parent_hashes=fragment(row["parent_hashes"]),
        created_at=render_time(row["created_at"]),
        archived=bool(row["archived"]),
        deleted=bool(row["deleted"]),
        schema=fragment(row["schema"]),
        extra_perms=fragment(row["extra_perms"]),
    )
    found.update(without_nulls({name: _optional(row, name) for name in OMITTED}, OMITTED))
    found.update({"assets": [], **json.loads(row["settings"])})
    if row["interpreter"] is not None:
        found["interpreter"] = row["interpreter"]
    return found if starred is None else {**found, "starred": starred}


def _optional(row: Row, name: str) -> Any:
    value = row[name]
    return bool(value) if name in BOOLEANS and value is not None else value


def listed(row: Row) -> dict[str, Any]:
    """One script in a list: no source, no schema."""
    settings = json.loads(row["settings"])
    found = {
        "hash": render_hash(row["hash"]),
        "path": row["path"],
        "summary": row["summary"],
        "created_at": render_time(row["created_at"]),
        "archived": bool(row["archived"]),
        "extra_perms": fragment(row["extra_perms"]),
        "language": row["language"],
        "starred": bool(row["starred"]),
        "tag": row["tag"],
        "description": row["description"],
        "has_deploy_errors": row["lock_error_logs"] is not None,
        "ws_error_handler_muted": False,
        "auto_kind": row["auto_kind"],
        "kind": row["kind"],
        "labels": settings.get("labels"),
        "deployment_msg": row["deployment_msg"],
    }
    if settings.get("codebase") is not None:
        found["use_codebase"] = True
    return without_nulls(found, LIST_OMITTED)


def version(row: Row) -> dict[str, Any]:
    """One version in a history."""
    found = {
        "script_hash": render_hash(row["hash"]),
        "created_at": render_time(row["created_at"]),
        "deployment_msg": row["deployment_message"],
    }
    return without_nulls(found, ("deployment_msg",))
