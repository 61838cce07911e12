"""The living table of %windmill_map: rows as they end, and the failed ones once more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from flexwm_nb.display.widgets.rows import SHOWN, RowsWidget, row
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics import row_frames
from flexwm_nb.magics.awaiting import Blocking
from flexwm_nb.magics.jobs_table import open_below
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine

BETWEEN = 0.2  # seconds between two pictures of many rows
FIRST = ("failure", "canceled", "running", "queued")  # states that are worth a look before others
BAD = ("failure", "canceled")


class Work(Protocol):
    """Runs of rows."""

    def done(self) -> Iterator[row_frames.Row]:
        """Each row when its run has ended."""

    def stop(self) -> None:
        """Start no more, and cancel what runs."""


class MapBoard:
    """A table of a map's rows; once it has ended, its failed rows can be run again, into the same frame."""

    def __init__(
        self,
        call: Call,
        engine: Engine,
        subject: str,
        rows: list[row_frames.Row],
        work: Callable[[list[row_frames.Row]], Work],
    ) -> None:
        """Show it. `work` runs rows."""
        self._call, self._engine = replace(call, pace=Blocking()), engine
        self._rows, self._work = rows, work
        self._stop: Callable[[], None] = lambda: None
        self._due = 0.0
        self._made: Any = None
        actions = {"cancel": lambda _: self._later(self._stop), "retry": lambda _: self._retry(), "open": self._open}
        self._widget = RowsWidget(subject, len(rows), actions=actions)
        self._widget.show()

    def see(self, ended: int, stop: Callable[[], None]) -> None:
        """So many rows have ended; not more often than people can look."""
        self._stop = stop
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + BETWEEN
            self._show(ended, going=True)

    def end(self, made: Any) -> None:
        """All rows have ended: `made` is the frame with what came of them."""
        self._made = made
        self._show(len(self._rows), going=False)
        self._widget.settle()

    def _show(self, ended: int, *, going: bool) -> None:
        failed = sum(one.state in BAD for one in self._rows)
        order = {state: place for place, state in enumerate(FIRST)}
        chosen = sorted(self._rows, key=lambda one: order.get(one.state, len(order)))[:SHOWN]
        self._widget.see([_shown(one) for one in chosen], ended=ended, failed=failed, going=going)

    def _later(self, work: Callable[[], None]) -> None:
        """Do it on a thread that may wait; say what went wrong."""

        def told() -> None:
            try:
                work()
            except FlexwmError as error:
                self._widget.set(notice=str(error))

        self._call.session.desk.watcher.do(told)

    def _open(self, message: Mapping[str, Any]) -> None:
        """Show a row's run below."""
        self._later(lambda: open_below(self._call, self._engine, self._widget, str(message.get("job"))))

    def _retry(self) -> None:
        """Run the failed rows once more."""
        todo = [one for one in self._rows if one.state in BAD]
        if todo and self._made is not None and self._widget.is_over:
            self._widget.set(going=True)
            self._later(lambda: self._again(todo))

    def _again(self, todo: list[row_frames.Row]) -> None:
        work = self._work(todo)
        ended = len(self._rows) - len(todo)
        for one in todo:
            one.state = "queued"
        self._show(ended, going=True)
        for _ in work.done():
            ended += 1
            self.see(ended, work.stop)
        row_frames.fill(self._made, self._rows)
        self._made.attrs["windmill"]["failed"] = sum(one.state != "success" for one in self._rows)
        self.end(self._made)


def _shown(one: row_frames.Row) -> dict[str, Any]:
    given = ", ".join(f"{name}={_text(value)}" for name, value in one.arguments.items())
    gave = one.error if one.error else "" if one.state != "success" else _text(one.result)
    seconds = None if one.duration is None else round(one.duration.total_seconds(), 2)
    return row(one.number, one.state, given, gave, seconds, one.job_id)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
