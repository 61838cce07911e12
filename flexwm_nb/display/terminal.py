"""Runs in a terminal: a line that lives, log lines as they come, tables, errors. A pipe gets the same as plain lines.

What a job says is shown with its colours and nothing else that a terminal would obey.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from rich.console import Console, JustifyMethod
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flexwm_nb.display.logs import BANNER
from flexwm_nb.display.results import is_records
from flexwm_nb.display.wording import VERBS, Headline, clean, coloured, seconds, short

if TYPE_CHECKING:
    from flexwm_nb.models.jobs import Job, JobUpdate

STYLES = {"success": "green", "failure": "red", "canceled": "yellow", "running": "blue", "queued": "dim"}
SIGNS = {"success": "✓", "failure": "✗", "canceled": "⊘", "running": "▶", "queued": "…"}
A_SECOND = 8  # pictures of the living line
ROWS = 50  # of a result that is a table


class Terminal:
    """Where a command shows things: what it is about on standard error, its result on standard output."""

    def __init__(self) -> None:
        """Find out what is there."""
        self.told = Console(stderr=True, highlight=False)
        self.out = Console(highlight=False)

    def jobs(self, found: Sequence[Job]) -> None:
        """The runs, newest first."""
        if not found:
            self.told.print("no runs")
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("state", "path", "created", "ran", "job"):
            justify: JustifyMethod = "right" if name == "ran" else "left"
            table.add_column(name, justify=justify, no_wrap=name != "path", overflow="fold")
        for job in found:
            table.add_row(
                state_of(job.state),
                Text(clean(job.path or f"{job.language or job.kind} preview")),
                "" if job.created_at is None else f"{job.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
                "" if job.duration is None else seconds(job.duration),
                short(job.id) if self.out.is_terminal else job.id,
            )
        self.out.print(table)

    def log(self, updates: Iterable[str]) -> None:
        """A log as it comes."""
        for text in updates:
            self.out.file.write(coloured(text) if self.out.is_terminal else "\n".join(map(clean, text.split("\n"))))
            self.out.file.flush()

    def follow(self, headline: Headline, updates: Iterable[JobUpdate]) -> Job | None:
        """Show a run to its end: its line below the log. Its last record, where an update brought one."""
        line, last = _LivingLine(headline), None
        log = _OwnLines()
        with Live(line, console=self.told, refresh_per_second=A_SECOND, transient=True, redirect_stdout=False):
            for update in updates:
                last = update.job or last
                line.see(update)
                for text in log.taken(update.new_logs or ""):
                    self.told.print(Text.from_ansi(coloured(text)))
            for text in log.taken("\n"):  # the last line may not have ended
                self.told.print(Text.from_ansi(coloured(text)))
        if last is not None:
            self.told.print(Text.assemble(sign_of(last.state), " ", headline.ended(last).text("text")))
        return last

    def result(self, value: Any) -> None:
        """What a run gave: a table of records in a terminal, else JSON."""
        if self.out.is_terminal and is_records(value) and len(value[0]) <= 12:
            self.out.print(records(value))
        elif self.out.is_terminal and isinstance(value, str):
            self.out.print(Text.from_ansi(coloured(value)))
        elif self.out.is_terminal:
            self.out.print_json(json.dumps(value, default=str))
        else:
            print(json.dumps(value, ensure_ascii=False, default=str))

    def error(self, job: Job) -> None:
        """Why a run failed: its traceback, then its message."""
        found = job.error or {}
        stack = str(found.get("stack") or "").strip("\n")
        for text in stack.split("\n") if stack else ():
            self.told.print(Text(clean(text), style="dim"))
        message = clean(" ".join(str(found.get("message") or "it gave no message").split("\n")[:5]))
        self.told.print(Text.assemble((f"{clean(str(found.get('name') or 'Error'))}: ", "bold red"), message))


class _OwnLines:
    """The lines of the script itself in a growing log."""

    def __init__(self) -> None:
        self._partial, self._begun = "", False

    def taken(self, text: str) -> Iterable[str]:
        """The lines that have ended."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            if self._begun and line:
                yield line
            self._begun = self._begun or BANNER.match(line) is not None


class _LivingLine:
    """How a run stands now."""

    def __init__(self, headline: Headline) -> None:
        self._headline, self._since, self._spinner = headline.evolve(state="queued"), _now(), Spinner("dots")

    def see(self, update: JobUpdate) -> None:
        """It may have started."""
        if update.running and self._headline.state == "queued":
            self._headline, self._since = self._headline.evolve(state="running"), _now()

    def __rich__(self) -> Spinner:
        """The line with the time so far."""
        span = _now() - self._since
        name = "queued" if self._headline.state == "queued" else "ran"
        self._spinner.update(text=Text(self._headline.evolve(**{name: span}).text("text"), no_wrap=True))
        return self._spinner


def records(found: Sequence[dict[str, Any]]) -> Table:
    """Records as a table."""
    names = list(dict.fromkeys(name for record in found[:ROWS] for name in record))
    more = len(found) - ROWS
    table = Table(box=None, pad_edge=False, header_style="bold", caption=f"… {more:,} more rows" if more > 0 else None)
    for name in names:
        is_number = all(isinstance(record.get(name, 0), int | float) for record in found[:ROWS])
        table.add_column(Text(clean(name)), justify="right" if is_number else "left", overflow="fold")
    for record in found[:ROWS]:
        table.add_row(*(Text(clean(_cell(record.get(name)))) for name in names))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def state_of(state: str) -> Text:
    """A state with its sign, never told by colour alone."""
    return Text(f"{SIGNS.get(state, '?')} {VERBS.get(state, state)}", style=STYLES.get(state, ""))


def sign_of(state: str) -> tuple[str, str]:
    """A state's sign and colour."""
    return SIGNS.get(state, "?"), STYLES.get(state, "")


def _now() -> datetime:
    return datetime.now(timezone.utc)
