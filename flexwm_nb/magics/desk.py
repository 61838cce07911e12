"""What is shown alive in a session: whether a page draws widgets, the one watcher, and the runs on their stages."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.live import carried
from flexwm_nb.stages.watcher import Watcher

if TYPE_CHECKING:
    from flexwm_nb.display.graph import Graph
    from flexwm_nb.display.widgets.base import Presence
    from flexwm_nb.display.wording import Headline
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.magics.session import Session
    from flexwm_nb.stages.stage import Stage


class Desk:
    """The living views of a session."""

    def __init__(self, session: Session) -> None:
        """No page was asked yet."""
        self.session = session
        self.watcher = Watcher()
        self._presence: Presence | None = None

    def ask(self) -> None:
        """Find out whether a page draws widgets; its answer comes when it comes. Takes a thread: the import is slow."""
        if self.session.face == "rich":
            threading.Thread(target=carried(self._ask), name="flexwm-page", daemon=True).start()

    def _ask(self) -> None:
        try:
            from flexwm_nb.display.widgets.base import Presence
        except ImportError:  # an environment without widgets
            return
        presence = Presence()
        presence.ask()
        self._presence = presence

    @property
    def is_asked(self) -> bool:
        """Whether a page may still answer."""
        return self._presence is not None and self.session.face == "rich"

    @property
    def may_be_seen(self) -> bool:
        """Whether a page may still say that it draws widgets."""
        return self.session.face == "rich"

    @property
    def is_seen(self) -> bool:
        """Whether a page draws widgets, and is wanted to."""
        presence = self._presence
        return presence is not None and presence.is_there and self.session.face == "rich"

    @property
    def tail_lines(self) -> int:
        """How many log lines a picture of a run has."""
        return int(self.session.settings.tail_lines)

    def remember(self, headline: Headline) -> None:
        """Keep how a run stands."""
        self.session.remember(headline.job_id, headline)

    def started(self, engine: Engine, headline: Headline) -> None:
        """A stage has started another run in the place of its own."""
        from flexwm_nb.magics.runs import noted

        noted(self.session, engine, headline)

    def drawn(self, graph: Graph) -> Graph:
        """A graph that is shown alive where a page draws widgets."""
        return replace(graph, display=_show) if self.is_seen else graph

    def stage(self, engine: Engine, execution: Execution, headline: Headline, document: Any = None) -> Stage:
        """A stage for a run."""
        from flexwm_nb.stages.stage import Stage

        return Stage(self, engine, execution, headline, document)


def _show(graph: Graph) -> None:
    from flexwm_nb.display.widgets.graph import GraphWidget

    GraphWidget(graph).show()
