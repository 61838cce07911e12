"""How the package's live objects look when a cell ends with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flexwm_nb.flows.builder import Flow

# by name, so that they are not imported for this
EXECUTION = ("flexwm_nb.execution", "Execution")
FLOW = ("flexwm_nb.flows.builder", "Flow")
LARGEST = 48_000  # characters of a flow's picture


def install(shell: Any, show_execution: Callable[[Any], None]) -> None:
    """Let an Execution at the end of a cell be shown by this callback, and a Flow with its picture."""
    shell.display_formatter.ipython_display_formatter.for_type_by_name(*EXECUTION, show_execution)
    shell.display_formatter.mimebundle_formatter.for_type_by_name(*FLOW, drawn)


def remove(shell: Any) -> None:
    """Let them look as in any other program again."""
    _pop(shell.display_formatter.ipython_display_formatter, EXECUTION)
    _pop(shell.display_formatter.mimebundle_formatter, FLOW)


def drawn(flow: Flow) -> dict[str, Any]:
    """A flow by MIME types: its own, and a picture for pages that know none of them."""
    from flexwm_nb.display.graph import Graph
    from flexwm_nb.display.widgets.pictures import drawing

    bundle = flow._repr_mimebundle_()
    graph = Graph(document=flow.document)
    svg = drawing(graph, LARGEST)
    return {**bundle, "text/plain": f"{flow!r}\n{graph}", **({"image/svg+xml": svg} if svg else {})}


def _pop(formatter: Any, name: tuple[str, str]) -> None:
    formatter.deferred_printers.pop(name, None)
    for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) == name]:
        formatter.pop(kind)
