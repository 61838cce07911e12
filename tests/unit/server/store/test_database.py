"""The store: changes are committed together, fail alone, and are there afterwards."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from flexwm_nb.errors import StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable
from flexwm_nb.server.store.connections import Transaction, journal_mode
from flexwm_nb.server.store.database import Database


def put(name: str, value: str = "1") -> Callable[[Transaction], None]:
    """A change that makes a workspace."""

    def change(transaction: Transaction) -> None:
        transaction.run("access_make_workspace", id=name, email=value, now=1)

    return change


def on_database(path: Path, action: Callable[[Database], Awaitable[Any]]) -> Any:
    """Open the store, act, close it."""

    async def run() -> Any:
        database = Database(path)
        try:
            return await action(database)
        finally:
            database.close()

    return asyncio.run(run())


def names(path: Path) -> list[str]:
    """The workspaces in the file."""
    with apsw.Connection(str(path)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM workspace ORDER BY id")]


def test_a_hundred_changes_at_once_are_all_there(tmp_path: Path) -> None:
    """Changes that wait together share commits and lose nothing."""
    path = tmp_path / "store.db"

    async def action(database: Database) -> None:
        await asyncio.gather(*(database.write(put(f"w{number:03}")) for number in range(100)))

    on_database(path, action)
    assert names(path) == [f"w{number:03}" for number in range(100)]


def test_a_failing_change_undoes_only_itself(tmp_path: Path) -> None:
    """What one change raises comes back to its caller; its neighbours in the commit stay."""
    path = tmp_path / "store.db"

    def bad(transaction: Transaction) -> None:
        put("bad")(transaction)
        raise ValueError("no")

    async def action(database: Database) -> list[Any]:
        changes = (put("a"), bad, put("b"))
        return await asyncio.gather(*map(database.write, changes), return_exceptions=True)

    outcomes = on_database(path, action)
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    assert names(path) == ["a", "b"]


def test_the_file_is_private(tmp_path: Path) -> None:
    """The store and its write-ahead log can be read by their owner alone, whatever the umask."""
    path = tmp_path / "store.db"
    before = os.umask(0)
    try:

        async def action(database: Database) -> list[int]:
            await database.write(put("a"))
            return [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("store.db*")]

        assert set(on_database(path, action)) == {0o600}
    finally:
        os.umask(before)


def test_a_newer_store_is_refused_without_a_write(tmp_path: Path) -> None:
    """A store of a later version is left as it is."""
    path = tmp_path / "store.db"
    with apsw.Connection(str(path)) as connection:
        connection.pragma("user_version", 99)
    with pytest.raises(StoreTooNew, match="99"):
        Database(path)
    with apsw.Connection(str(path)) as connection:
        assert connection.pragma("user_version") == 99


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda path: path.write_bytes(b"not a database" * 100), StoreCorrupt, id="other file"),
        pytest.param(lambda path: path.mkdir(), StoreUnwritable, id="directory"),
    ],
)
def test_an_unusable_file_is_a_typed_error(
    tmp_path: Path, make: Callable[[Path], Any], expected: type[StoreError]
) -> None:
    """What cannot be a store is named as such and not overwritten."""
    path = tmp_path / "store.db"
    make(path)
    with pytest.raises(expected):
        Database(path)


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "delete"),
        ((3, 44, 6), "wal"),
        ((3, 50, 6), "delete"),
        ((3, 50, 7), "wal"),
        ((3, 51, 2), "delete"),
        ((3, 51, 3), "wal"),
        ((3, 54, 0), "wal"),
    ],
)
def test_wal_is_used_only_where_sqlite_keeps_it_safe(version: tuple[int, ...], mode: str) -> None:
    """Versions with the log-reset fault get the rollback journal."""
    assert journal_mode(version) == mode
