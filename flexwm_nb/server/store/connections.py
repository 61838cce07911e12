"""Connections to the store's file, statements run through them, and what goes wrong with either."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import apsw

from flexwm_nb.errors import StoreCorrupt, StoreError, StoreFull, StoreUnwritable
from flexwm_nb.server.store.containment import json_contains
from flexwm_nb.server.store.migrations import refuse_newer
from flexwm_nb.server.store.queries import statement

Row: TypeAlias = dict[str, Any]

BUSY_TIMEOUT = 5_000  # milliseconds that a statement waits for a lock somebody else holds
CACHE = -4_000  # kB of page cache a connection
CHECKPOINT = 2_000  # pages in the write-ahead log before it is copied back
PRIVATE = 0o600

apsw.allow_missing_dict_bindings(True)


def journal_mode(version: tuple[int, ...]) -> str:
    """WAL where this SQLite keeps it safe, else DELETE.

    Versions before 3.51.3 can lose commits when the log is reset while another connection writes; 3.50.7 and 3.44.6
    carry the mend (sqlite.org, release notes of 3.51.3).
    """
    safe = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if safe else "delete"


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library in use."""
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


def connect(path: Path) -> apsw.Connection:
    """Open the file with the house's settings; created with mode 0600.

    An existing file is opened by SQLite alone: closing another descriptor of it would drop this process's locks
    (sqlite.org, "How To Corrupt An SQLite Database File", 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, PRIVATE))
    connection = apsw.Connection(str(path), statementcachesize=200)
    connection.set_busy_timeout(BUSY_TIMEOUT)
    refuse_newer(connection)
    for pragma, value in (
        ("journal_mode", journal_mode(sqlite_version())),
        ("synchronous", "FULL"),
        ("cache_size", CACHE),
        ("wal_autocheckpoint", CHECKPOINT),
        ("trusted_schema", "OFF"),
    ):
        connection.pragma(pragma, value)
    connection.create_scalar_function("json_contains", json_contains, 2, deterministic=True)
    return connection


class Transaction:
    """Statements inside one change."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Work on this connection."""
        self._connection = connection
        self._columns: dict[str, tuple[str, ...]] = {}

    def run(self, name: str, /, **parameters: Any) -> list[Row]:
        """Run the named statement and give its rows. A parameter that is not given is NULL."""
        cursor = self._connection.execute(statement(name), parameters)
        columns = self._columns.get(name)
        rows = []
        for row in cursor:
            if columns is None:
                columns = self._columns[name] = tuple(column[0] for column in cursor.get_description())
            rows.append(dict(zip(columns, row, strict=True)))
        return rows

    def many(self, name: str, /, parameters: Iterable[dict[str, Any]]) -> None:
        """Run the named statement once for each set of parameters."""
        self._connection.executemany(statement(name), parameters)

    def one(self, name: str, /, **parameters: Any) -> Row | None:
        """The first row, or None."""
        rows = self.run(name, **parameters)
        return rows[0] if rows else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def changes(self) -> int:
        """Rows that the last statement changed."""
        return self._connection.changes()


def store_error(error: BaseException, path: Path) -> StoreError:
    """The typed error for what SQLite or the system said."""
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], type[StoreError]], ...] = (
        (apsw.FullError, StoreFull),
        ((apsw.NotADBError, apsw.CorruptError), StoreCorrupt),
        ((apsw.ReadOnlyError, apsw.CantOpenError, PermissionError, IsADirectoryError), StoreUnwritable),
        ((apsw.IOError, OSError), StoreUnwritable),
    )
    for kind, found in kinds:
        if isinstance(error, kind):
            return found(why=str(error), path=str(path))
    return StoreError(why=f"{type(error).__name__}: {error}", path=str(path))
