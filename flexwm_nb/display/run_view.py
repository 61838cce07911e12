"""One run as a person looks at it: state, times, arguments, result or error, log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.live import log_html
from flexwm_nb.display.tables import CELL
from flexwm_nb.display.wording import PRE, Face, Headline, clean, escape

if TYPE_CHECKING:
    from datetime import datetime

    from flexwm_nb.display.graph import Graph
    from flexwm_nb.models.jobs import Job

LONGEST = 2_000  # characters of a value that are shown
TIMES = frozenset({"created", "started", "ended"})

Moment = tuple["datetime", str]  # and by whom, or where


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as it stood when it was asked for."""

    job: Job
    headline: Headline
    logs: str  # whole
    lines: Sequence[str] = ()  # the log's newest
    hidden: int = 0  # how many lines came before those
    result: Any = None  # as a notebook shows it; None before its end and without one
    value: Any = None  # the same as the engine gave it
    failure: Sequence[str] = ()  # the lines of its traceback
    face: Face = "rich"
    graph: Graph | None = None  # of a flow's run
    display: Callable[[RunView], None] | None = None  # how a notebook shows it, where that is more than HTML

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    @property
    def state(self) -> str:
        """Where it stood: queued, running, success, failure or canceled."""
        return self.job.state

    @property
    def arguments(self) -> dict[str, Any]:
        """What it was started with."""
        return dict(self.job.arguments) if isinstance(self.job.arguments, dict) else {}

    def facts(self) -> list[tuple[str, str]]:
        """Names and texts of what is known of it."""
        given = [(name, _shown(value)) for name, value in self.arguments.items()]
        told = ", ".join(f"{name}={value}" for name, value in given)
        known = [(name, _written(what)) for name, what in moments(self.job)]
        if self.face == "plain":
            known = [(name, text) for name, text in known if name == "cancelled"]
        times = [fact for fact in known if fact[0] in TIMES]
        rest = [fact for fact in known if fact[0] not in TIMES]
        return [*times, *([("arguments", told)] if told else []), *rest]

    def __str__(self) -> str:
        """As text."""
        drawn = [str(self.graph)] if self.graph is not None else []
        parts = [self.headline.text(self.face), *drawn, *(f"  {name:<10}{text}" for name, text in self.facts())]
        if self.lines:
            more = f" ({self.hidden} lines before: %windmill_logs)" if self.hidden > 0 else ""
            parts += [f"  log{more}", *(f"    {line}" for line in self.lines)]
        parts += self.failure
        if self.state == "success":
            parts.append(f"  {'result':<10}{_indented(_shown(self.result))}")
        return "\n".join(parts)

    def _ipython_display_(self) -> None:
        if self.display is None:
            raise NotImplementedError  # IPython goes on with the other ways to show it
        self.display(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        facts = "".join(
            f'<tr><th style="{CELL}">{name}</th><td style="{CELL}">{escape(text)}</td></tr>'
            for name, text in self.facts()
        )
        failure = escape("\n".join(clean(line) for line in self.failure))
        error = f'<pre style="{PRE};color:#c62828">{failure}</pre>' if failure else ""
        result = _result_html(self.result) if self.state == "success" else ""
        drawn = "" if self.graph is None else self.graph.svg()
        head = f"{self.headline.html(self.face)}{drawn}<table>{facts}</table>"
        return f"{head}{log_html(self.lines, self.hidden)}{error}{result}"


def moments(job: Job) -> list[tuple[str, Moment | str]]:
    """What is known of a job's way: when what happened, and by whom; its memory; who cancelled it."""
    times = (
        ("created", job.created_at, f"by {job.created_by}" if job.created_by else ""),
        ("started", job.started_at, f"on {job.worker}" if job.worker else ""),
        ("ended", job.completed_at, ""),
    )
    found: list[tuple[str, Moment | str]] = [(name, (at, by)) for name, at, by in times if at is not None]
    if job.mem_peak:
        found.append(("memory", f"{job.mem_peak / 1024:.0f} MiB"))
    if job.isolation:
        found.append(("isolation", job.isolation))
    if job.canceled:
        by = f"by {job.canceled_by}" if job.canceled_by else ""
        found.append(("cancelled", f"{by} {job.canceled_reason or ''}".strip()))
    return found


def _written(what: Moment | str) -> str:
    if isinstance(what, str):
        return what
    moment, by = what
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC {by}".rstrip()


def _shown(value: Any) -> str:
    text = str(value) if type(value).__name__ == "DataFrame" else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _indented(text: str) -> str:
    return f"\n{text}" if "\n" in text else text


def _result_html(value: Any) -> str:
    """A value's own HTML where it has some."""
    own = getattr(value, "_repr_html_", None)
    return str(own()) if callable(own) else f'<pre style="{PRE}">{escape(_shown(value))}</pre>'
