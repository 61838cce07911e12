"""Tokens that people make for themselves: their making, and what is shown of them."""

from __future__ import annotations

import secrets
from typing import Any

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.people.access import hash_token
from flexwm_nb.server.people.administrator import PREFIX
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.http import fragment

BYTES = 24


async def make(database: Database, email: str, **more: Any) -> str:
    """A new token of an account; only its hash is stored."""
    token = secrets.token_urlsafe(BYTES)
    row = {"hash": hash_token(token), "prefix": token[:PREFIX], "email": email, "now": now(), "read_only": 0, **more}
    await database.write(lambda transaction: transaction.run("tokens_make", **row))
    return token


def show(row: Row) -> dict[str, Any]:
    """A token in a list."""
    return {
        "label": row["label"],
        "token_prefix": row["prefix"],
        "expiration": render_time(row["expiration"]),
        "created_at": render_time(row["created_at"]),
        "last_used_at": render_time(row["last_used_at"]),
        "scopes": fragment(row["scopes"]),
        "workspace_id": row["workspace_id"],
        "read_only": bool(row["read_only"]),
    }
