"""One line that tells what is being done, step by step, while an engine starts."""

from __future__ import annotations

import sys
import time
from typing import Any

from flexwm_nb.display.live import COLUMNS, ERASE, put
from flexwm_nb.display.wording import MUTED, PRE, Face, escape

BETWEEN = 0.1  # seconds between two updates


class LivingSteps:
    """The steps so far in one line: HTML in a notebook, the last line of a terminal, nothing elsewhere."""

    def __init__(self, face: Face) -> None:
        """Nothing is shown before the first step."""
        self._face = face
        self._steps: list[str] = []
        self._due = 0.0
        self._handle: Any = None

    def add(self, step: str) -> None:
        """Show one more; one that begins as the last did is how that stands now."""
        if self._steps and self._steps[-1].split()[0] == step.split(maxsplit=1)[0]:
            self._steps.pop()
        self._steps.append(step)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + BETWEEN
            self._show(str(self))

    def close(self) -> None:
        """Make room for the line that stays."""
        if self._steps:
            self._show("")

    def __str__(self) -> str:
        """All of them."""
        return " · ".join(self._steps)

    def _show(self, text: str) -> None:
        if self._face == "rich":
            html = f'<pre style="{PRE};{MUTED}">{escape(text)}</pre>' if text else ""
            shown = {"text/html": html, "text/plain": text}
            if self._handle is None:
                self._handle = put(shown, display_id=True)
            else:
                self._handle.update(shown, raw=True)
        elif self._face == "text" and sys.stdout.isatty():
            sys.stdout.write(ERASE + text[-COLUMNS:])
            sys.stdout.flush()
