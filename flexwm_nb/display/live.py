"""One line that lives while a run does, then a separate line that stays.

Nothing here is printed from a thread of its own; updates go to one display id.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

from flexwm_nb.display.graph import Graph, bundle
from flexwm_nb.display.wording import MUTED, PRE, Face, Headline, clean, escape

PATIENCE = 0.3  # seconds before a run shows a living line; most are over by then
BETWEEN = 0.1  # seconds between two updates
ERASE = "\r\x1b[K"  # a terminal's line
COLUMNS = 100  # characters of it that are used


class LiveRun:
    """The living line of one run: HTML in a notebook, the last line of a terminal, nothing elsewhere."""

    def __init__(self, face: Face, *, patience: float = PATIENCE) -> None:
        """Show it only when the run takes longer than `patience` seconds."""
        self._face = face
        self._due = time.monotonic() + patience
        self._line: LivingLine | TerminalLine | None = None

    @property
    def is_due(self) -> bool:
        """Whether it is time to show it, or to show it again."""
        return time.monotonic() >= self._due

    def update(
        self, headline: Headline, lines: Sequence[str] = (), hidden: int = 0, graph: Graph | None = None
    ) -> None:
        """Show how it stands; at most every so often."""
        now = time.monotonic()
        if self._face == "plain" or now < self._due:
            return
        self._due = now + BETWEEN
        if self._line is not None:
            self._line.update(headline, lines, hidden, graph)
        elif self._face == "rich":
            self._line = LivingLine(headline, lines, hidden, graph)
        elif sys.stdout.isatty():
            self._line = TerminalLine(headline, lines, hidden, graph)

    def close(self) -> None:
        """Make room for the line that stays."""
        if self._line is not None:
            self._line.clear()


class LivingLine:
    """A line of HTML under a display id of its own."""

    def __init__(
        self, headline: Headline, lines: Sequence[str] = (), hidden: int = 0, graph: Graph | None = None
    ) -> None:
        """Show it."""
        self._shown = _bundle(headline, lines, hidden, graph)
        self._handle = put(self._shown, display_id=True)

    def update(
        self, headline: Headline, lines: Sequence[str] = (), hidden: int = 0, graph: Graph | None = None
    ) -> None:
        """Show it as it stands now."""
        self._put(_bundle(headline, lines, hidden, graph))

    def clear(self) -> None:
        """Leave nothing."""
        self._put({"text/html": "", "text/plain": ""})

    def _put(self, bundle: dict[str, str]) -> None:
        if bundle != self._shown and self._handle is not None:
            self._shown = bundle
            self._handle.update(bundle, raw=True)


class TerminalLine:
    """The last line of a terminal, written over itself."""

    def __init__(
        self, headline: Headline, lines: Sequence[str] = (), hidden: int = 0, graph: Graph | None = None
    ) -> None:
        """Show it."""
        self.update(headline, lines, hidden, graph)

    def update(
        self, headline: Headline, lines: Sequence[str] = (), hidden: int = 0, graph: Graph | None = None
    ) -> None:
        """Show it as it stands now, with the newest log line."""
        drawn = [" ".join(str(graph).split())] if graph is not None else []
        text = " · ".join([headline.text("text"), *drawn, *lines[-1:]])
        wide = min(COLUMNS, shutil.get_terminal_size().columns - 1)  # a line that wraps could not be erased
        self._write(ERASE + clean(text)[:wide])

    def clear(self) -> None:
        """Leave nothing."""
        self._write(ERASE)

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _bundle(headline: Headline, lines: Sequence[str], hidden: int, graph: Graph | None) -> dict[str, str]:
    drawn = "" if graph is None else f'<div style="overflow-x:auto">{graph.svg()}</div>'
    return {"text/html": drawn + headline.html() + log_html(lines, hidden), "text/plain": headline.text("rich")}


def show_graph(graph: Graph) -> None:
    """Show a graph that stays: an image in a notebook, text elsewhere."""
    if graph.face == "text":
        print(graph)
    else:
        put(bundle(graph))


def show_final(headline: Headline, face: Face, lines: Sequence[str] = (), hidden: int = 0) -> None:
    """Show the line that stays, with the newest log lines."""
    show(final_text(headline, face, lines, hidden), headline.html(face) + log_html(lines, hidden), face)


def carried(work: Callable[[], None]) -> Callable[[], None]:
    """Work for another thread that may tell a page something.

    ipykernel 7.0 knows what a message answers in the context of a request alone, and fails elsewhere.
    """
    if getattr(sys.modules.get("ipykernel"), "version_info", ())[:2] != (7, 0):
        return work
    context = copy_context()
    return lambda: context.run(work)


def put(bundle: dict[str, str], *, display_id: bool = False) -> Any:
    """Display texts by their MIME types; the handle for updates where it is asked for."""
    from IPython.display import display

    return display(bundle, raw=True, display_id=display_id or None)  # type: ignore[no-untyped-call]


def show(text: str, html: str, face: Face) -> None:
    """Show one thing: with HTML in a notebook, printed elsewhere."""
    if face == "rich":
        put({"text/plain": text, "text/html": html})
    else:
        print(text)


def final_text(headline: Headline, face: Face, lines: Sequence[str], hidden: int) -> str:
    """The staying line as text."""
    more = [f"  … {hidden} lines before: %windmill_logs"] if hidden > 0 and lines else []
    return "\n".join([headline.text(face), *more, *(f"  {line}" for line in lines)])


def log_html(lines: Sequence[str], hidden: int = 0) -> str:
    """Log lines as HTML."""
    if not lines:
        return ""
    more = f"… {hidden} lines before: %windmill_logs\n" if hidden > 0 else ""
    text = escape(more + "\n".join(lines))
    return f'<pre style="{PRE};margin-left:1.2em;{MUTED};font-size:.9em">{text}</pre>'
