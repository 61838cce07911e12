"""One run as a person looks at it: state, times, arguments, result or error, log."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as it stood when it was asked for."""

    job: Job
    headline: Headline
    logs: str  # whole
    lines: Sequence[str] = ()  # the log's newest
    hidden: int = 0  # how many lines came before those
    result: Any = None  # as a notebook shows it; None before its end and without one
    failure: Sequence[str] = ()  # the lines of its traceback
    face: Face = "rich"
    graph: Graph | None = None  # of a flow's run

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
        found = [("arguments", ", ".join(f"{name}={value}" for name, value in given))]
        if self.face != "plain":
            found = [
                ("created", _time(self.job.created_at, self.job.created_by)),
                ("started", _time(self.job.started_at, self.job.worker, "on")),
                ("ended", _time(self.job.completed_at)),
                *found,
                ("memory", f"{self.job.mem_peak / 1024:.0f} MiB" if self.job.mem_peak else ""),
                ("isolation", self.job.isolation or ""),
            ]
        if self.job.canceled:
            by = f"by {self.job.canceled_by}" if self.job.canceled_by else ""
            found.append(("cancelled", f"{by} {self.job.canceled_reason or ''}".strip()))
        return [(name, text) for name, text in found if text]

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


def _time(moment: datetime | None, by: str | None = None, word: str = "by") -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" + (f" {word} {by}" if by else "")


def _shown(value: Any) -> str:
    text = str(value) if type(value).__name__ == "DataFrame" else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _indented(text: str) -> str:
    return f"\n{text}" if "\n" in text else text


def _result_html(value: Any) -> str:
    """A value's own HTML where it has some."""
    own = getattr(value, "_repr_html_", None)
    return str(own()) if callable(own) else f'<pre style="{PRE}">{escape(_shown(value))}</pre>'
