"""The rows of a map as a living table: how far it is, which failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flexwm_nb.display.tables import Table
from flexwm_nb.display.widgets.base import Action, Message
from flexwm_nb.display.widgets.stacked import Stacked
from flexwm_nb.display.wording import VERBS, escape

SHOWN = 200  # rows
IN_TWIN = 20
LONGEST = 200  # characters of a value


class RowsWidget(Stacked):
    """One run a row."""

    view: ClassVar[tuple[str, str]] = ("rows", "rowsView")

    def __init__(self, subject: str, total: int, *, actions: Mapping[str, Action]) -> None:
        """Open it before the first run."""
        first = {"subject": subject, "total": total, "ended": 0, "failed": 0, "going": True, "rows": []}
        super().__init__(first, actions=actions)

    @property
    def is_over(self) -> bool:
        """Whether no row runs."""
        return not self._shown["going"]

    def see(self, rows: Sequence[Message], **changes: Any) -> None:
        """Show these rows, at most so many."""
        self.set(rows=list(rows[:SHOWN]), **changes)

    def twin(self) -> dict[str, str]:
        """Its line, and the rows that did not succeed."""
        state = self.whole()
        failed = f" · {state['failed']:,} failed" if state["failed"] else ""
        line = f"{state['subject']} · {state['ended']:,} of {state['total']:,} rows{failed}"
        bad = [row for row in state["rows"] if row["state"] in ("failure", "canceled")][:IN_TWIN]
        if not bad:
            return {"text/plain": line, "text/html": f"<div>{escape(line)}</div>"}
        rows = tuple((str(row["number"]), VERBS[row["state"]], row["given"], row["gave"]) for row in bad)
        table = Table(("row", "state", "arguments", "error"), rows)
        return {"text/plain": f"{line}\n{table}", "text/html": f"<div>{escape(line)}</div>{table._repr_html_()}"}


def row(number: int, state: str, given: str, gave: str, seconds: float | None, job: str | None) -> Message:
    """A row as the page shows it."""
    return {
        "number": number,
        "state": state,
        "given": given[:LONGEST],
        "gave": gave[:LONGEST],
        "seconds": seconds,
        "job": job,
    }
