"""The owner of the server's own token, made at the start."""

from __future__ import annotations

from flexwm_nb.server.clock import now
from flexwm_nb.server.people.access import hash_token
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.store.database import Database

EMAIL = "admin@windmill.dev"
USERNAME = "admin"
LABEL = "flexwm server"
PREFIX = 10  # characters of a token that are kept to recognise it by


async def ensure(database: Database, *, workspace: str, token: str) -> None:
    """Make the workspace, the administrator and the token where they are missing; the last run's token ends."""

    def change(transaction: Transaction) -> None:
        moment = now()
        hashed = hash_token(token)
        transaction.run("access_make_account", email=EMAIL, now=moment)
        transaction.run("access_make_workspace", id=workspace, email=EMAIL, now=moment)
        transaction.run("access_make_member", workspace=workspace, username=USERNAME, email=EMAIL, now=moment)
        transaction.run("access_make_team", workspace=workspace, username=USERNAME)
        transaction.run("access_drop_own_tokens", label=LABEL, hash=hashed)
        transaction.run("access_make_token", hash=hashed, prefix=token[:PREFIX], label=LABEL, email=EMAIL, now=moment)

    await database.write(change)
