"""The writer: in order, together and alone, on quick disks and on slow ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from flexwm_nb.server.store.connections import Transaction, connect
from flexwm_nb.server.store.migrations import migrate
from flexwm_nb.server.store.writer import Change, Writer

QUICK, SLOW = 60.0, 0.0  # seconds that a commit may take here: every disk is quick, every disk is slow


def put(name: str) -> Callable[[Transaction], None]:
    """A change that makes a workspace."""

    def change(transaction: Transaction) -> None:
        transaction.run("access_make_workspace", id=name, email="e", now=1)

    return change


def fail(transaction: Transaction) -> None:
    """A change that writes, then fails."""
    put("never")(transaction)
    raise ValueError("on purpose")


def with_writer(path: Path, quick: float, action: Callable[[Callable[..., Awaitable[Any]]], Awaitable[Any]]) -> None:
    """Open a writer, act through its `write`, close it."""

    async def run() -> None:
        connection = connect(path)
        migrate(connection)
        writer = Writer(connection, path, quick=quick)

        async def write(function: Callable[[Transaction], Any], *, durable: bool = True) -> Any:
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            writer.add(Change(function, future, durable))
            return await future

        try:
            await action(write)
        finally:
            writer.close()
            connection.close()

    asyncio.run(run())


def names(path: Path) -> list[str]:
    """The workspaces in the order in which they were made."""
    with apsw.Connection(str(path)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM workspace ORDER BY id")]


@pytest.mark.parametrize("quick", [QUICK, SLOW], ids=["quick disk", "slow disk"])
def test_changes_at_once_are_all_there_and_fail_alone(tmp_path: Path, quick: float) -> None:
    """A failing change undoes itself and nothing of its neighbours."""

    async def action(write: Callable[..., Awaitable[Any]]) -> None:
        await write(put("first"))
        changes = [put(f"w{number:03}") for number in range(300)]
        done = await asyncio.gather(
            *(write(change) for change in [*changes[:150], fail, *changes[150:]]), return_exceptions=True
        )
        assert [type(found) for found in done if found is not None] == [ValueError]

    with_writer(tmp_path / "store.db", quick, action)
    assert names(tmp_path / "store.db") == ["first", *(f"w{number:03}" for number in range(300))]


def test_the_order_holds_while_the_disk_turns_slow(tmp_path: Path) -> None:
    """What was added first is seen by what was added later, whichever thread commits."""
    seen: list[int] = []

    def note(number: int) -> Callable[[Transaction], None]:
        def change(transaction: Transaction) -> None:
            seen.append(number)

        return change

    async def action(write: Callable[..., Awaitable[Any]]) -> None:
        waiting = []
        for number in range(200):
            waiting.append(asyncio.ensure_future(write(note(number), durable=number % 3 == 0)))
            if number % 7 == 0:
                await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    with_writer(tmp_path / "store.db", 0.0003, action)
    assert seen == sorted(seen)


def test_nobody_waits_any_more(tmp_path: Path) -> None:
    """A change whose caller has gone is committed all the same, and the writer goes on."""

    async def action(write: Callable[..., Awaitable[Any]]) -> None:
        gone = asyncio.ensure_future(write(put("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await write(put("next"))

    with_writer(tmp_path / "store.db", QUICK, action)
    assert names(tmp_path / "store.db") == ["gone", "next"]
