"""Stored schedules as the REST interface shows them."""

from __future__ import annotations

import json
from typing import Any

from flexwm_nb.server.clock import render_time
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.http import fragment

AS_STORED = (
    "workspace_id", "path", "edited_by", "schedule", "timezone", "script_path", "email", "permissioned_as",
)  # fmt: skip
LISTED = ("workspace_id", "path", "edited_by", "schedule", "timezone", "script_path", "summary")


def schedule(row: Row) -> dict[str, Any]:
    """One schedule with everything."""
    found = {
        **{name: row[name] for name in AS_STORED},
        "edited_at": render_time(row["edited_at"]),
        "enabled": bool(row["enabled"]),
        "is_flow": bool(row["is_flow"]),
        "args": fragment(row["args"]),
        "extra_perms": fragment(row["extra_perms"]),
        "ws_error_handler_muted": bool(row["ws_error_handler_muted"]),
        "no_flow_overlap": bool(row["no_flow_overlap"]),
        "is_draft": False,
    }
    more = {
        **{name: row[name] for name in ("error", "summary", "description", "tag", "cron_version")},
        "paused_until": render_time(row["paused_until"]),
        **json.loads(row["settings"]),
    }
    return found | {name: value for name, value in more.items() if value is not None}


def listed(row: Row) -> dict[str, Any]:
    """One schedule in a list."""
    return {
        **{name: row[name] for name in LISTED},
        "edited_at": render_time(row["edited_at"]),
        "enabled": bool(row["enabled"]),
        "is_flow": bool(row["is_flow"]),
        "extra_perms": fragment(row["extra_perms"]),
        "is_draft": False,
    }
