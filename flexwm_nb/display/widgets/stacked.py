"""A widget with a run shown below it, in the same output."""

from __future__ import annotations

from typing import Any

from flexwm_nb.display.widgets.base import Widget


class Stacked(Widget):
    """A widget that starts or opens runs: each takes the place of the one before, below it."""

    _below: Widget | None = None

    def begin(self, run: Widget) -> None:
        """Show a run below."""
        self._below = run
        run.stand_in(_Below(self))
        self.settle()

    def bundle(self) -> dict[str, str]:
        """Both twins, each marked as the place of its view."""
        own = super().bundle()
        if self._below is None:
            return own
        run = self._below.bundle()
        return {kind: f"{own[kind]}\n{run[kind]}" for kind in ("text/plain", "text/html")}


class _Below:
    """Stands for the display of a run that has none of its own."""

    def __init__(self, above: Stacked) -> None:
        self._above = above

    def update(self, bundle: Any, **_: Any) -> None:
        """The run has another twin: the output has it too."""
        self._above.settle()
