"""One line that lives while a run does, then a separate line that stays.

Nothing here is printed from a thread of its own; updates go to one display id.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from flexwm_nb.display.wording import MUTED, Face, Headline, escape

PATIENCE = 0.3  # seconds before a run shows a living line; most are over by then
BETWEEN = 0.1  # seconds between two updates


class LiveRun:
    """The living line of one run."""

    def __init__(self, face: Face, *, patience: float = PATIENCE) -> None:
        """Show it only with a rich face, and only when the run takes longer than `patience` seconds."""
        self._face = face
        self._due = time.monotonic() + patience
        self._handle: Any = None
        self._shown = ""

    def update(self, headline: Headline, lines: Sequence[str] = (), hidden: int = 0) -> None:
        """Show how it stands; at most every so often."""
        now = time.monotonic()
        if self._face != "rich" or now < self._due:
            return
        self._due = now + BETWEEN
        self._show(headline.html() + log_html(lines, hidden), headline.text(self._face))

    def close(self) -> None:
        """Make room for the line that stays."""
        if self._handle is not None:
            self._show("", "")

    def _show(self, html: str, text: str) -> None:
        from IPython.display import display

        if html == self._shown and self._handle is not None:
            return
        self._shown = html
        bundle = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def show_final(headline: Headline, face: Face, lines: Sequence[str] = (), hidden: int = 0) -> None:
    """Show the line that stays, with the newest log lines."""
    show(final_text(headline, face, lines, hidden), headline.html(face) + log_html(lines, hidden), face)


def show(text: str, html: str, face: Face) -> None:
    """Show one thing: with HTML in a notebook, printed elsewhere."""
    if face == "rich":
        from IPython.display import display

        display({"text/plain": text, "text/html": html}, raw=True)
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
    return f'<pre style="margin:.2em 0 .2em 1.2em;{MUTED};white-space:pre-wrap;font-size:.9em">{text}</pre>'
