"""A flow's graph, living: it can be zoomed, moved and folded; of a run each step can be opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flexwm_nb.display.graph import Graph
from flexwm_nb.display.widgets.base import Action, Message, Widget
from flexwm_nb.display.widgets.pictures import Folds, looks, twin_of

LARGEST = 48_000  # characters of a twin


class GraphWidget(Widget):
    """The graph of a flow, or of a run of it as it stood."""

    view: ClassVar[tuple[str, str]] = ("graph", "pictureView")

    def __init__(self, graph: Graph, *, job: str = "", actions: Mapping[str, Action] | None = None) -> None:
        """Open it. `job` names the run of which it is."""
        self._graph, self._folds = graph, Folds(graph.document)
        steps = {"steps": looks(graph.steps)} if graph.steps else {}
        super().__init__(
            {"graph": self._folds.picture(), "job": job, **steps}, actions={"fold": self._fold, **(actions or {})}
        )

    def _fold(self, message: Message) -> None:
        with self._change:
            self.set(graph=self._folds.turned(str(message.get("step"))))

    def twin(self) -> dict[str, str]:
        """The picture."""
        return twin_of(self._graph, LARGEST)
