"""How handlers run: awaited where a notebook's cell can await, to the end at once everywhere else.

A handler is one coroutine. It waits only through a `Pace`: in an awaited cell that gives the event loop back, so
clicks are handled and an interrupt arrives as a cancellation; otherwise it blocks, and the coroutine never suspends.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)
NESTING = frozenset({"run_cell_magic", "run_line_magic", "run_code"})  # IPython's, on the stack inside a cell
CALLS = frozenset({"run_cell_magic", "run_line_magic"})
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
END = object()  # after a feed's last item


class Pace(Protocol):
    """How a handler waits."""

    awaited: bool

    async def call(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
        """Do blocking work."""

    async def take(self, feed: Feed, seconds: float) -> Any:
        """The next item of a feed; None after so many seconds without one, END after the last."""


class Blocking:
    """Waits by blocking."""

    awaited = False

    async def call(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
        """Do it here."""
        return work(*arguments, **named)

    async def take(self, feed: Feed, seconds: float) -> Any:
        """Block for it."""
        return feed.take(seconds)


class Awaiting:
    """Waits by giving the event loop back."""

    awaited = True

    async def call(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
        """Do it in a thread."""
        return await asyncio.to_thread(partial(work, *arguments, **named))

    async def take(self, feed: Feed, seconds: float) -> Any:
        """Wait for it."""
        return await feed.arriving(seconds)


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends (see Blocking) and give its value."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("a handler suspended on something else than its Pace")


@dataclass(slots=True)
class Failure:
    """What stopped a feed's source."""

    error: BaseException


class Feed:
    """Items of a blocking source, read by a thread of its own and taken by the cell's; that thread shows nothing."""

    def __init__(self, source: Iterable[Any], *, abort: Callable[[], None] | None = None) -> None:
        """Start to read. `abort` ends the source's blocking read when the feed is closed early."""
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._abort = abort
        self._closed = False
        self._arrival: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._thread = threading.Thread(target=self._read, args=(source,), name="flexwm-feed", daemon=True)
        self._thread.start()

    def _read(self, source: Iterable[Any]) -> None:
        try:
            for item in source:
                if self._closed:
                    return
                self._put(item)
            self._put(END)
        except BaseException as error:  # handed over to who takes
            self._put(Failure(error))

    def _put(self, item: Any) -> None:
        self._items.put(item)
        arrival = self._arrival
        if arrival is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                arrival[0].call_soon_threadsafe(_wake, arrival[1])

    def take(self, seconds: float) -> Any:
        """The next item, waited for at most so many seconds; None without one. Raises what the source raised."""
        try:
            return self._opened(self._items.get(timeout=seconds))
        except queue.Empty:
            return None

    async def arriving(self, seconds: float) -> Any:
        """`take` without blocking the event loop.

        `asyncio.wait_for` would lose an interrupt that comes together with an item, on Pythons before 3.12.
        """
        loop = asyncio.get_running_loop()
        arrived = loop.create_future()
        self._arrival = loop, arrived
        with contextlib.suppress(queue.Empty):
            return self._opened(self._items.get_nowait())
        await asyncio.wait({arrived}, timeout=seconds)
        with contextlib.suppress(queue.Empty):
            return self._opened(self._items.get_nowait())
        return None

    @staticmethod
    def _opened(item: Any) -> Any:
        if isinstance(item, Failure):
            raise item.error
        return item

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        if self._abort is not None:
            self._abort()


def _wake(arrived: asyncio.Future[None]) -> None:
    """Tell who waits that an item has come."""
    if not arrived.done():
        arrived.set_result(None)


class AwaitTransform:
    """An input transformer: a cell's calls of our magics are awaited where the cell may await."""

    def __init__(self, shell: Any, names: Collection[str]) -> None:
        """For these magics of a shell."""
        self._shell, self._names = shell, frozenset(names)

    def __call__(self, lines: list[str]) -> list[str]:
        """The lines of a cell, after IPython's own transformations."""
        if not any("_magic(" in line and "windmill" in line for line in lines):
            return lines
        source = "".join(lines)
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return lines
        prefix = "await " if self._may_await() else ""
        calls = sorted(_calls(tree, self._names), key=lambda call: (call.lineno, call.col_offset), reverse=True)
        for call in calls:
            if prefix or _is_empty_cell(call):
                source = _replaced(source, call, prefix)
        return source.splitlines(keepends=True)

    def _may_await(self) -> bool:
        """Whether this cell is run by a kernel's event loop, and not by a magic such as %%time."""
        shell = self._shell
        if not getattr(shell, "kernel", None) or not shell.autoawait:
            return False
        if str(shell.loop_runner) != "asyncio":
            return False
        return not _nested()


def _nested() -> bool:
    """Whether a cell is being executed on this stack already."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in NESTING and "IPython" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _calls(node: ast.AST, names: frozenset[str]) -> Iterable[ast.Call]:
    """The calls of our magics outside of functions and classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, SCOPES):
            continue
        if isinstance(child, ast.Call) and _is_ours(child, names):
            yield child
        else:
            yield from _calls(child, names)


def _is_ours(call: ast.Call, names: frozenset[str]) -> bool:
    """Whether it is `get_ipython().run_…_magic('one of ours', …)`."""
    method = call.func
    if not isinstance(method, ast.Attribute) or method.attr not in CALLS or not isinstance(method.value, ast.Call):
        return False
    getter, first = method.value.func, call.args[0] if call.args else None
    known = isinstance(getter, ast.Name) and getter.id == "get_ipython"
    return known and isinstance(first, ast.Constant) and first.value in names


def _is_empty_cell(call: ast.Call) -> bool:
    """A cell magic without a cell, which IPython would refuse without an error output."""
    return len(call.args) == 3 and isinstance(call.args[2], ast.Constant) and call.args[2].value == ""


def _replaced(source: str, call: ast.Call, prefix: str) -> str:
    """The source with the magic called directly: `await get_ipython().find_line_magic(NAME).awaited(LINE)`."""
    assert isinstance(call.func, ast.Attribute)
    name, *rest = (ast.get_source_segment(source, argument) for argument in call.args)
    find = call.func.attr.replace("run_", "find_")
    entry = ".awaited" if prefix else ""
    made = f"{prefix}get_ipython().{find}({name}){entry}({', '.join(str(part) for part in rest)})"
    lines = source.split("\n")
    start = _position(lines, call.lineno, call.col_offset)
    end = _position(lines, call.end_lineno or call.lineno, call.end_col_offset or 0)
    return source[:start] + made + source[end:]


def _position(lines: list[str], line: int, column: int) -> int:
    """A place in the tree, whose columns are bytes, as a place in the text."""
    before = sum(len(text) + 1 for text in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode())
