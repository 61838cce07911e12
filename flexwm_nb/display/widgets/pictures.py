"""A flow's picture and its times for the page: placed here, so that no page needs a layout of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.display.layout import Node, lanes, lay_out, modules, value_of
from flexwm_nb.display.wording import PRE, escape

MANY = 150  # steps of which loops and forks begin folded
FRAMES = frozenset({"forloopflow", "whileloopflow", "branchone", "branchall"})


def picture(document: Mapping[str, Any], folded: Collection[str] = ()) -> dict[str, Any]:
    """The placed steps, arrows and notes; the loops and forks of these ids are boxes."""
    placed = lay_out(with_folds(document, folded))
    return {
        "width": round(placed.width),
        "height": round(placed.height),
        "nodes": [_node(node) for node in placed.nodes],
        "edges": [
            {"points": [[round(x, 1), round(y, 1)] for x, y in edge.points], "dashed": edge.dashed, "head": edge.head}
            for edge in placed.edges
        ],
        "notes": [{"text": note.text, "x": round(note.x, 1), "y": round(note.y, 1)} for note in placed.notes],
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "label": node.label,
        "shape": node.shape,
        "x": round(node.x, 1),
        "y": round(node.y, 1),
        "width": round(node.width, 1),
        "height": round(node.height, 1),
        "detail": node.detail,
        "marks": list(node.marks),
        "frame": node.is_frame,
        "fold": node.is_frame or node.shape == "folded",
    }


def with_folds(document: Mapping[str, Any], folded: Collection[str]) -> Mapping[str, Any]:
    """The document with some loops and forks as single boxes."""
    if not folded:
        return document
    value = value_of(document)
    return {**value, "modules": [_folded(module, folded) for module in modules(value.get("modules"))]}


def _folded(module: Mapping[str, Any], folded: Collection[str]) -> Mapping[str, Any]:
    value = module.get("value")
    if not isinstance(value, Mapping) or value.get("type") not in FRAMES:
        return module
    if module.get("id") in folded:
        count = len(_inside(module))
        summary = module.get("summary") or f"{count} step{'' if count == 1 else 's'} inside"
        return {**module, "summary": summary, "value": {"type": "folded"}}
    inner = {**value}
    for name in ("modules", "default"):
        if name in value:
            inner[name] = [_folded(step, folded) for step in modules(value[name])]
    if "branches" in value:
        inner["branches"] = [
            {**branch, "modules": [_folded(step, folded) for step in modules(branch.get("modules"))]}
            for branch in modules(value["branches"])
        ]
    return {**module, "value": inner}


def _inside(module: Mapping[str, Any]) -> list[str]:
    """The ids of all steps inside of a loop or fork."""
    found: list[str] = []
    for _, body in lanes(module):
        for step in body:
            found += [str(step.get("id")), *_inside(step)]
    return found


def first_folds(document: Mapping[str, Any]) -> set[str]:
    """What begins folded: of a large flow every loop and fork."""
    top = modules(value_of(document).get("modules"))
    insides = {str(module.get("id")): _inside(module) for module in top}
    return {name for name, inner in insides.items() if inner} if sum(map(len, insides.values())) > MANY else set()


def looks(steps: Mapping[str, StepLook]) -> dict[str, dict[str, Any]]:
    """How steps stand, by their ids."""
    return {name: _look(look) for name, look in steps.items()}


def _look(look: StepLook) -> dict[str, Any]:
    seconds = None if look.duration is None else round(look.duration.total_seconds(), 3)
    return {"state": look.state, "seconds": seconds, "note": look.note}


class Folds:
    """Which loops and forks of a flow are folded, and the picture that follows from it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """As it begins."""
        self._document = document
        self._folded = first_folds(document)

    def picture(self) -> dict[str, Any]:
        """As it is now."""
        return picture(self._document, self._folded)

    def turned(self, name: str) -> dict[str, Any]:
        """With one folded that was not, or the other way round."""
        self._folded ^= {name}
        return self.picture()


def drawing(graph: Graph, limit: int) -> str:
    """A graph for a twin: as SVG, folded where that is too long; empty where that is still too long."""
    drawn = graph.svg()
    if len(drawn) <= limit:
        return drawn
    every = {str(module.get("id")) for module in modules(value_of(graph.document).get("modules"))}
    smaller = Graph(document=with_folds(graph.document, every), steps=graph.steps, face=graph.face).svg()
    return smaller if len(smaller) <= limit else ""


def twin_of(graph: Graph, limit: int) -> dict[str, str]:
    """A graph by MIME types: as SVG, or as text where that is too long."""
    text = str(graph)[: limit // 4]
    drawn = drawing(graph, limit - len(text))
    html = f'<div style="overflow-x:auto">{drawn}</div>' if drawn else f'<pre style="{PRE}">{escape(text)}</pre>'
    pictures = {"image/svg+xml": drawn} if drawn and len(text) + 2 * len(drawn) < limit else {}
    return {"text/plain": text, "text/html": html, **pictures}
