"""What a stage needs of whoever shows it: a kernel's session, or the Jupyter server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flexwm_nb.stages.watcher import Watcher

if TYPE_CHECKING:
    from flexwm_nb.display.wording import Headline
    from flexwm_nb.engine import Engine


class Host(Protocol):
    """Where stages stand."""

    @property
    def watcher(self) -> Watcher:
        """Follows their runs."""

    @property
    def is_seen(self) -> bool:
        """Whether a page draws widgets, and is wanted to."""

    @property
    def tail_lines(self) -> int:
        """How many log lines a picture of a run has."""

    def remember(self, headline: Headline) -> None:
        """Keep how a run stands."""

    def started(self, engine: Engine, headline: Headline) -> None:
        """A stage has started another run in the place of its own."""
