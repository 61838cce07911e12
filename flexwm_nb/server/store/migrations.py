"""The store's version, and the steps from one to the next."""

from __future__ import annotations

import apsw

from flexwm_nb.errors import StoreTooNew
from flexwm_nb.server.store.queries import FOLDER, schema

VERSION = 1


def migrate(connection: apsw.Connection) -> None:
    """Bring the store to VERSION, in one transaction: afterwards it is old or new, never between.

    A step from version n is the file `sql/migration_{n + 1}.sql`. Raises StoreTooNew, without a write, for a store of
    a later version.
    """
    with connection:
        refuse_newer(connection)
        found = connection.pragma("user_version")
        for version in range(found, VERSION):
            connection.execute(_step(version))
        if found != VERSION:
            connection.pragma("user_version", VERSION)


def refuse_newer(connection: apsw.Connection) -> None:
    """Raise StoreTooNew, without a write, for a store of a later version."""
    found = connection.pragma("user_version")
    if found > VERSION:
        raise StoreTooNew(why=f"it has version {found}, this server knows {VERSION}")


def _step(version: int) -> str:
    """The statements that lead from `version` to the next."""
    return schema() if version == 0 else (FOLDER / f"migration_{version + 1}.sql").read_text("utf-8")
