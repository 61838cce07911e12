"""How magics are awaited where a cell can await, and finished at once everywhere else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from flexwm_nb.magics.awaiting import END, Awaiting, AwaitTransform, Blocking, Feed, finish

NAMES = ("windmill_run", "windmill_script")
RUN = "get_ipython().run_line_magic('windmill_run', 'f/a/b')\n"
AWAITED = "await get_ipython().find_line_magic('windmill_run').awaited('f/a/b')\n"


def transformed(source: str, *, kernel: bool = True, autoawait: bool = True) -> str:
    """A cell after IPython's own transformations and ours."""
    shell = SimpleNamespace(kernel=object() if kernel else None, autoawait=autoawait, loop_runner="asyncio")
    return "".join(AwaitTransform(shell, NAMES)(source.splitlines(keepends=True)))


CELLS = {
    "a line": (RUN, AWAITED),
    "an assignment": (f"x = {RUN}", f"x = {AWAITED}"),
    "a loop": (f"for i in range(3):\n    y = {RUN}", f"for i in range(3):\n    y = {AWAITED}"),
    "behind wide characters": (f"s = 'Åß'; z = {RUN}", f"s = 'Åß'; z = {AWAITED}"),
    "two": (RUN + RUN, AWAITED + AWAITED),
    "a cell": (
        "get_ipython().run_cell_magic('windmill_script', 'bash f/a/b', 'echo {x}\\n$y\\n')\n",
        "await get_ipython().find_cell_magic('windmill_script').awaited('bash f/a/b', 'echo {x}\\n$y\\n')\n",
    ),
    "in a function": (f"def f():\n    return {RUN}", None),
    "in a lambda": (f"f = lambda: {RUN}", None),
    "another magic": ("get_ipython().run_line_magic('time', 'windmill_run')\n", None),
    "no Python": ("get_ipython().run_line_magic('windmill_run', 'x') ***\n", None),
}


@pytest.mark.parametrize(("before", "after"), CELLS.values(), ids=CELLS)
def test_calls_of_our_magics_are_awaited_where_the_cell_may_await(before: str, after: str | None) -> None:
    """Outside of functions, in a kernel; everything else stays as it is."""
    assert transformed(before) == (before if after is None else after)


@pytest.mark.parametrize("surroundings", [{"kernel": False}, {"autoawait": False}], ids=["a terminal", "autoawait off"])
def test_elsewhere_nothing_is_awaited(surroundings: dict[str, bool]) -> None:
    """A terminal and a kernel that does not await run the magic to its end."""
    assert transformed(RUN, **surroundings) == RUN


def test_a_cell_magic_without_a_cell_is_called_so_that_it_can_refuse() -> None:
    """IPython itself would refuse it without an error output."""
    before = "get_ipython().run_cell_magic('windmill_script', 'bash f/a/b', '')\n"
    after = "get_ipython().find_cell_magic('windmill_script')('bash f/a/b', '')\n"
    assert transformed(before, kernel=False) == after


def test_a_blocking_handler_never_suspends() -> None:
    """Its coroutine runs to the end without an event loop; one that suspends is a mistake of ours."""

    async def handler() -> int:
        return await Blocking().call(lambda: 3)

    async def wrong() -> None:
        await asyncio.sleep(0)

    assert finish(handler()) == 3
    with pytest.raises(RuntimeError, match="suspended"):
        finish(wrong())


def source(*items: Any, error: Exception | None = None) -> Iterator[Any]:
    """Items with a little time between them, then perhaps an error."""
    for item in items:
        time.sleep(0.01)
        yield item
    if error is not None:
        raise error


@pytest.mark.parametrize("pace", [Blocking(), Awaiting()], ids=["blocking", "awaited"])
def test_a_feed_gives_items_as_they_come_and_its_sources_error(pace: Any) -> None:
    """Nothing in time is None, after the last comes END, an error of the source is raised here."""

    async def read() -> list[Any]:
        feed, found = Feed(source(1, 2)), []
        while (item := await pace.take(feed, 1)) is not END:
            found.append(item)
        found.append(await pace.take(feed, 0.01))
        with pytest.raises(ValueError, match="broken"):
            await pace.take(Feed(source(error=ValueError("broken"))), 5)
        return found

    assert (asyncio.run(read()) if pace.awaited else finish(read())) == [1, 2, None]


def test_awaiting_gives_the_loop_back() -> None:
    """Other tasks go on while a feed is waited for."""

    async def read() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        task = asyncio.create_task(tick())
        stop = threading.Event()
        feed = Feed((stop.wait(5) for _ in range(1)), abort=stop.set)
        await Awaiting().take(feed, 0.2)
        feed.close()
        task.cancel()
        return ticks

    assert asyncio.run(read()) > 5


def test_loading_brings_nothing_heavy() -> None:
    """`%load_ext` is quick because pandas, pydantic and the client's HTTP are loaded when they are used."""
    code = (
        "import flexwm_nb.magics, sys; print([name for name in ('pandas', 'pydantic', 'httpx') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
