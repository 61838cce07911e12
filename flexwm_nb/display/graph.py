"""A flow's picture: SVG that can be read on light and dark ground, and the same as text.

It is one static document without scripts or fonts of its own; every text in it is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flexwm_nb.display.layout import (
    ON_ERROR,
    Edge,
    Node,
    Note,
    detail_of,
    lanes,
    lay_out,
    marks_of,
    modules,
    shortened,
    value_of,
)
from flexwm_nb.display.wording import Face, escape, seconds

NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ARROW = " ──► "
LONGEST_LINE = 100  # characters of a graph in one line
INDENT = "  "
MARGIN = 6  # pixels around the picture
INK, GREY = "#1f2933", "#7b8494"  # of texts in boxes; of texts and lines on whatever ground
FONT = "font-family='ui-monospace,Menlo,Consolas,monospace' font-size='12'"
FILLS: Mapping[str, tuple[str, str]] = {  # state → fill and line
    "": ("#e8ecf1", "#8a94a3"),
    "waiting": ("#e8ecf1", "#8a94a3"),
    "queued": ("#dbe7f5", "#5b84b1"),
    "running": ("#bfdbfe", "#1565c0"),
    "suspended": ("#ffe0b2", "#ef6c00"),
    "success": ("#c8e6c9", "#2e7d32"),
    "failure": ("#ffcdd2", "#c62828"),
    "skipped": ("#eceff1", "#b0b7c1"),
    "canceled": ("#ffe0b2", "#ef6c00"),
}
SIGNS: Mapping[str, str] = {
    "queued": "…",
    "running": "▶",
    "suspended": "‖",
    "success": "✓",
    "failure": "✗",
    "skipped": "↷",
    "canceled": "⊘",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLook:
    """How a step stands in a run."""

    state: str = ""
    duration: timedelta | None = None
    note: str = ""  # such as `12 of 40`

    def words(self, face: Face = "rich") -> str:
        """What stands below its box; nothing that differs from run to run with a plain face."""
        timed = [seconds(self.duration)] if self.duration is not None and face != "plain" else []
        return " · ".join([*timed, *([self.note] if self.note else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A flow's graph, with how a run of it stands where it is of a run."""

    document: Mapping[str, Any]
    steps: Mapping[str, StepLook] = field(default_factory=dict)  # by id
    face: Face = "rich"
    display: Callable[[Graph], None] | None = field(default=None, compare=False)  # where a page draws more than this

    def _ipython_display_(self) -> None:
        if self.display is None:
            raise NotImplementedError  # IPython goes on with the other ways to show it
        self.display(self)

    def __str__(self) -> str:
        """As text: in one line, or a line a step where that is too long."""
        found = top_level(self.document)
        line = _line(found, self.steps, self.face)
        if len(line) <= LONGEST_LINE:
            return line
        return "\n".join(_tree(found, self.steps, self.face, ""))

    def svg(self) -> str:
        """As SVG."""
        return svg(self.document, self.steps, self.face)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Text for terminals, and an image that also a code host and nbconvert show."""
        return {"text/plain": str(self)} if self.face == "text" else bundle(self)


def bundle(graph: Graph) -> dict[str, str]:
    """The graph by its MIME types."""
    return {"text/plain": str(graph), "image/svg+xml": graph.svg()}


def top_level(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The modules of a flow, its handlers first and last."""
    value = value_of(document)
    before = modules([value.get("preprocessor_module")])
    return [*before, *modules(value.get("modules")), *modules([value.get("failure_module")])]


def _line(found: Sequence[Mapping[str, Any]], steps: Mapping[str, StepLook], face: Face) -> str:
    """`load ──► each[clean ──► save] ──► report`."""
    texts: list[str] = []
    for module in found:
        joint = f"  {ON_ERROR}: " if module.get("id") == "failure" else ARROW if texts else ""
        inside = [(name, _line(inner, steps, face)) for name, inner in lanes(module)]
        texts.append(joint + _name(module, steps, face) + _inside(inside))
    return "".join(texts)


def _inside(found: Sequence[tuple[str, str]]) -> str:
    if not found:
        return ""
    if not found[0][0]:
        return f"[{found[0][1]}]"
    return "{" + " | ".join(f"{name}: {text or 'nothing'}" for name, text in found) + "}"


def _tree(found: Sequence[Mapping[str, Any]], steps: Mapping[str, StepLook], face: Face, indent: str) -> list[str]:
    """A line a step; what is inside of a loop or branch stands deeper."""
    lines: list[str] = []
    for module in found:
        inner = lanes(module)
        facts = [fact for fact in ([detail_of(module)] if inner else []) + list(marks_of(module)) if fact]
        handles = f"{ON_ERROR}: " if module.get("id") == "failure" else ""
        lines.append(" · ".join([indent + handles + _name(module, steps, face), *facts]))
        for name, body in inner:
            deeper = indent + INDENT
            if name:
                lines.append(f"{deeper}{name}:")
                deeper += INDENT
            lines += _tree(body, steps, face, deeper) or [f"{deeper}nothing"]
    return lines


def _name(module: Mapping[str, Any], steps: Mapping[str, StepLook], face: Face) -> str:
    """A step as text, with its state and duration where it is of a run."""
    value = module.get("value")
    kind = value.get("type") if isinstance(value, Mapping) else ""
    name = shortened(str(module.get("id") or module.get("summary") or kind))
    look = steps.get(str(module.get("id")))
    if look is None:
        return name
    return " ".join(part for part in (SIGNS.get(look.state, ""), name, look.words(face)) if part)


def svg(document: Mapping[str, Any], steps: Mapping[str, StepLook] | None = None, face: Face = "rich") -> str:
    """The picture of a flow."""
    placed, steps = lay_out(document), steps or {}
    width, height = round(placed.width + 2 * MARGIN), round(placed.height + 2 * MARGIN)
    frames = [node for node in placed.nodes if node.is_frame]
    boxes = [node for node in placed.nodes if not node.is_frame]
    parts = [
        *(_frame(node, steps.get(node.id), face) for node in frames),
        f"<g fill='none' stroke='{GREY}' stroke-width='1.3'>{''.join(map(_edge, placed.edges))}</g>",
        *map(_note, placed.notes),
        *(_box(node, steps.get(node.id), face) for node in boxes),
    ]
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='{-MARGIN} {-MARGIN} {width} {height}' role='img' style='max-width:100%' "
        f"fill='{INK}' text-anchor='middle' {FONT}>"
        f"<title>{_written(Graph(document=document, steps=steps, face='plain'))}</title>"
        "<defs><marker id='fx-arrow' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' "
        f"orient='auto-start-reverse'><path d='M0 0 8 4 0 8z' fill='{GREY}'/></marker></defs>{''.join(parts)}</svg>"
    )


def _edge(edge: Edge) -> str:
    points = " ".join(f"{_at(x)},{_at(y)}" for x, y in edge.points)
    dashed = " stroke-dasharray='4 3'" if edge.dashed else ""
    head = " marker-end='url(#fx-arrow)'" if edge.head else ""
    return f"<polyline points='{points}'{dashed}{head}/>"


def _at(pixels: float) -> str:
    """A place, in as few characters as it takes: pictures are kept in notebooks."""
    return f"{round(pixels, 1):g}"


def _note(note: Note) -> str:
    return _text(note.text, note.x, note.y, GREY, anchor="start", size=11)


def _box(node: Node, look: StepLook | None, face: Face) -> str:
    """A step: its shape, its name, and below it what became of it or what is special about it."""
    fill, line = FILLS.get(look.state if look else "", FILLS[""])
    middle = node.x + node.width / 2
    sign = SIGNS.get(look.state, "") if look else ""
    name = f"{sign} {node.label}" if sign else node.label
    below = look.words(face) if look else ""
    parts = [
        _tip(node),
        _outline(node, fill, line),
        _text(name, middle, node.y + node.height / 2 + 4, INK),
        _text(below or " · ".join(node.marks), middle, node.y + node.height + 14, GREY, size=11),
    ]
    return f"<g>{''.join(parts)}</g>"


def _outline(node: Node, fill: str, line: str) -> str:
    """Code has square corners, a script a line at its side, a flow two; passing on is round, what is folded stacked."""
    round_by = {"pass": node.height / 2, "handler": 10, "flow": 2, "script": 2}.get(node.shape, 4)
    dashed = " stroke-dasharray='4 3'" if node.shape == "handler" else ""
    paint = f"fill='{fill}' stroke='{line}' stroke-width='1.4'"
    stacked = (6, 3) if node.shape == "folded" else ()
    parts = [_rectangle(node.x + by, node.y + by, node.width, node.height, round_by, paint) for by in stacked]
    parts += [_rectangle(node.x, node.y, node.width, node.height, round_by, paint + dashed)]
    sides = {"script": (5,), "flow": (5, node.width - 5)}.get(node.shape, ())
    for side in sides:
        x = node.x + side
        parts.append(f"<path d='M{_at(x)} {_at(node.y)}v{_at(node.height)}' stroke='{line}' stroke-width='1.2'/>")
    return "".join(parts)


def _frame(node: Node, look: StepLook | None, face: Face) -> str:
    """A loop has a solid frame, a fork a dotted one."""
    _, line = FILLS.get(look.state if look else "", FILLS[""])
    dotted = " stroke-dasharray='2 3'" if node.shape == "fork" else ""
    paint = f"fill='{line}' fill-opacity='.07' stroke='{line}' stroke-width='1.3'{dotted}"
    sign = SIGNS.get(look.state, "") if look else ""
    title = " · ".join([f"{sign} {node.label}" if sign else node.label, node.detail, *node.marks])
    below = look.words(face) if look else ""
    middle = node.x + node.width / 2
    parts = [
        _tip(node),
        _rectangle(node.x, node.y, node.width, node.height, 8, paint),
        _text(title, node.x + 10, node.y + 16, GREY, anchor="start"),
        _text(below, middle, node.y + node.height + 14, GREY, size=11),
    ]
    return f"<g>{''.join(parts)}</g>"


def _tip(node: Node) -> str:
    return f"<title>{_written(' · '.join(part for part in (node.label, node.detail, *node.marks) if part))}</title>"


def _rectangle(x: float, y: float, width: float, height: float, round_by: float, paint: str) -> str:
    return f"<rect x='{_at(x)}' y='{_at(y)}' width='{_at(width)}' height='{_at(height)}' rx='{round_by:g}' {paint}/>"


def _text(text: str, x: float, y: float, colour: str, *, anchor: str = "middle", size: int = 12) -> str:
    if not text:
        return ""
    own = {"fill": (colour, INK), "text-anchor": (anchor, "middle"), "font-size": (size, 12)}
    marked = "".join(f" {name}='{value}'" for name, (value, usual) in own.items() if value != usual)
    return f"<text x='{_at(x)}' y='{_at(y)}'{marked}>{_written(text)}</text>"


def _written(text: object) -> str:
    """Text for SVG: escaped, without the characters that XML does not take."""
    return NOT_IN_XML.sub("\ufffd", escape(text))
