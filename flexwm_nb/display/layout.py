"""Where the steps of a flow stand in its picture; pure, from the flow's document alone.

A list of steps goes from left to right. A loop is a frame around its steps; a fork is a frame with a lane a branch.
The outermost list goes on in a new row where it gets too wide.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

Shape = Literal["code", "script", "flow", "pass", "loop", "fork", "handler", "folded"]

CHARACTER = 7.3  # pixels of one in the picture's font
LINE = 16.0  # pixels of a line of text
HEIGHT = 34.0  # of a step's box
PADDING = 14.0  # beside a box's text
NARROWEST = 64.0  # a step's box
GAP = 34.0  # between two steps, for the arrow
BELOW = 20.0  # below a step, for its duration
INSET = 14.0  # between a frame and what is in it
HEAD = 24.0  # of a frame, for its title
LANE = 18.0  # above a branch, for its condition
WIDEST = 980.0  # pixels of a row before the next one begins
STUB = 8.0  # between a fork's side and where its lines part
LONGEST_LABEL = 30  # characters
ON_ERROR = "on error"
SIGNED = "▾ ✓ "  # what may stand before a frame's title

SHAPES: Mapping[str, Shape] = {
    "rawscript": "code",
    "script": "script",
    "flow": "flow",
    "forloopflow": "loop",
    "whileloopflow": "loop",
    "branchone": "fork",
    "branchall": "fork",
    "identity": "pass",
    "aiagent": "code",
    "folded": "folded",  # a loop or fork whose inside is not shown
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step with its place. A loop or fork is a frame around others."""

    id: str
    label: str
    shape: Shape
    x: float
    y: float
    width: float
    height: float
    detail: str = ""  # what it does, for the tip and a frame's title
    marks: tuple[str, ...] = ()  # what is special about it: approval, retry, …

    @property
    def is_frame(self) -> bool:
        """Whether other steps stand inside of it."""
        return self.shape in ("loop", "fork")


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow through some points."""

    points: tuple[tuple[float, float], ...]
    dashed: bool = False
    head: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """A text beside the steps, such as a branch's condition."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of a flow, placed."""

    width: float
    height: float
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Block:
    """Some steps, placed from (0, 0); arrows arrive and leave at the height of its axis."""

    width: float
    height: float
    axis: float
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def put(self, other: _Block, x: float, y: float) -> None:
        """Take what is in another block, moved."""
        self.nodes += [replace(node, x=node.x + x, y=node.y + y) for node in other.nodes]
        self.edges += [
            replace(edge, points=tuple((left + x, top + y) for left, top in edge.points)) for edge in other.edges
        ]
        self.notes += [replace(note, x=note.x + x, y=note.y + y) for note in other.notes]


def lay_out(document: Mapping[str, Any], *, widest: float = WIDEST) -> Picture:
    """Place the steps of a flow. Takes a document or its value; what is no module is left out."""
    value = value_of(document)
    found = modules(value.get("modules"))
    before, handler = value.get("preprocessor_module"), value.get("failure_module")
    blocks = [_module(module) for module in ([before] if isinstance(before, Mapping) else []) + found]
    whole = _rows(blocks, widest)
    if isinstance(handler, Mapping):
        whole = _with_handler(whole, _module(handler, shape="handler"))
    return Picture(
        width=whole.width + 2,
        height=whole.height + 2,
        nodes=tuple(whole.nodes),
        edges=tuple(whole.edges),
        notes=tuple(whole.notes),
    )


def value_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The flow's value in a document, or the value itself."""
    value = document.get("value")
    return value if isinstance(value, Mapping) else document


def modules(found: Any) -> list[Mapping[str, Any]]:
    """The modules among what should be a list of them."""
    return [module for module in found if isinstance(module, Mapping)] if isinstance(found, Sequence) else []


def lanes(module: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """What is inside of a loop or fork: names of branches and their modules."""
    value = _mapping(module.get("value"))
    kind = value.get("type")
    if kind in ("forloopflow", "whileloopflow"):
        return [("", modules(value.get("modules")))]
    if kind not in ("branchone", "branchall"):
        return []
    named = []
    for number, branch in enumerate(modules(value.get("branches")), 1):
        condition = f"if {branch.get('expr')}" if kind == "branchone" else f"branch {number}"
        named.append((str(branch.get("summary") or condition), modules(branch.get("modules"))))
    return [*named, ("else", modules(value.get("default")))] if kind == "branchone" else named


def detail_of(module: Mapping[str, Any]) -> str:
    """What a module does, in a few words."""
    value = _mapping(module.get("value"))
    kind = value.get("type")
    summary = str(module.get("summary") or "")
    if kind == "forloopflow":
        iterator = _mapping(value.get("iterator"))
        over = iterator.get("expr") or iterator.get("value")
        parallel = ", in parallel" if value.get("parallel") else ""
        return f"for each of {shortened(str(over))}{parallel}"
    if kind == "whileloopflow":
        stop = _mapping(module.get("stop_after_if")).get("expr")
        return f"until {shortened(str(stop))}" if stop else "again and again"
    if kind == "branchone":
        return "the first branch that fits"
    if kind == "branchall":
        return "all branches"
    if kind in ("script", "flow"):
        return summary or f"{kind} {value.get('path')}"
    return summary or str(value.get("language") or kind or "")


def marks_of(module: Mapping[str, Any]) -> tuple[str, ...]:
    """What is special about a module."""
    suspend = _mapping(module.get("suspend"))
    retry = _mapping(module.get("retry"))
    attempts = sum(int(_mapping(retry.get(kind)).get("attempts") or 0) for kind in ("constant", "exponential"))
    named = {
        "approval": bool(suspend.get("required_events")),
        f"{attempts} retries" if attempts > 1 else "retry": attempts > 0,
        "may fail": bool(module.get("continue_on_error")),
        "may stop": bool(module.get("stop_after_if")) and _mapping(module.get("value")).get("type") != "whileloopflow",
        "may be left out": bool(module.get("skip_if")),
        "sleep": bool(module.get("sleep")),
        "mock": bool(_mapping(module.get("mock")).get("enabled")),
        "cache": bool(module.get("cache_ttl")),
    }
    return tuple(name for name, is_so in named.items() if is_so)


def columns(text: str) -> int:
    """How many columns a text takes; wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, longest: int = LONGEST_LABEL) -> str:
    """A text on one line, of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _module(module: Mapping[str, Any], *, shape: Shape | None = None) -> _Block:
    """A step with all that is inside of it."""
    kind = str(_mapping(module.get("value")).get("type"))
    found = shape or SHAPES.get(kind, "code")
    if found in ("loop", "fork"):
        return _frame(module, found)
    label = shortened(str(module.get("id") or module.get("summary") or kind))
    marks = marks_of(module)
    if found == "folded":
        marks = (detail_of(module), *marks)
    text = max([columns(label), *(columns(mark) - 1 for mark in [" · ".join(marks)])])
    width = max(text * CHARACTER + 2 * PADDING, NARROWEST)
    node = Node(
        id=str(module.get("id") or ""), label=label, shape=found, x=0, y=0, width=width, height=HEIGHT,
        detail=detail_of(module), marks=marks,
    )  # fmt: skip
    return _Block(width=width, height=HEIGHT + BELOW, axis=HEIGHT / 2, nodes=[node])


def _frame(module: Mapping[str, Any], shape: Shape) -> _Block:
    """A loop or fork: its lanes below one another in a frame."""
    placed = [(name, _row([_module(inner) for inner in found])) for name, found in lanes(module)]
    label = shortened(str(module.get("id") or shape))
    detail, marks = detail_of(module), marks_of(module)
    title = columns(SIGNED + " · ".join([label, detail, *marks])) * CHARACTER + 2 * PADDING
    sides = GAP / 2 if shape == "fork" else 0
    names = max((columns(shortened(name)) * CHARACTER for name, _ in placed), default=0)
    inside = max([title - 2 * INSET, names + 2 * sides, *(lane.width + 2 * sides for _, lane in placed)])
    made = _Block(width=inside + 2 * INSET, height=0, axis=0)
    top, axes = HEAD, []
    for name, lane in placed:
        if name:
            made.notes.append(Note(shortened(name), INSET + sides, top + LANE - 5))
            top += LANE
        left = INSET + sides if name else INSET + (inside - lane.width) / 2
        made.put(lane, left, top)
        axes.append((top + lane.axis, left, left + lane.width, bool(lane.nodes)))
        top += lane.height
    made.height = top + INSET / 2 + BELOW
    made.axis = axes[0][0] if len(axes) == 1 else (top + HEAD) / 2
    if shape == "fork":
        made.edges += _fan(axes, made.axis, made.width)
    frame = Node(
        id=str(module.get("id") or ""), label=label, shape=shape, x=0, y=0, width=made.width,
        height=made.height - BELOW, detail=detail, marks=marks,
    )  # fmt: skip
    made.nodes.insert(0, frame)
    return made


def _fan(axes: Sequence[tuple[float, float, float, bool]], axis: float, width: float) -> list[Edge]:
    """The lines from a fork's left side to each branch, and from each to its right side."""
    found = [Edge(((0.0, axis), (STUB, axis)), head=False), Edge(((width - STUB, axis), (width, axis)), head=False)]
    for height, left, right, is_filled in axes:
        begin, end = ((STUB, axis), (STUB, height)), ((width - STUB, height), (width - STUB, axis))
        if not is_filled:  # an empty branch is a line from side to side
            found.append(Edge((*begin, *end), head=False))
            continue
        found += [Edge((*begin, (left, height))), Edge(((right, height), *end), head=False)]
    return found


def _row(blocks: Sequence[_Block]) -> _Block:
    """Blocks from left to right, on one axis, with arrows between them."""
    if not blocks:
        return _Block(width=NARROWEST, height=LINE + BELOW, axis=LINE / 2)
    above = max(block.axis for block in blocks)
    below = max(block.height - block.axis for block in blocks)
    made = _Block(
        width=sum(block.width for block in blocks) + GAP * (len(blocks) - 1), height=above + below, axis=above
    )
    left, ends = 0.0, []
    for block in blocks:
        made.put(block, left, above - block.axis)
        ends.append((left, left + block.width))
        left += block.width + GAP
    made.edges += [Edge(((end, above), (begin, above))) for (_, end), (begin, _) in pairwise(ends)]
    return made


def _rows(blocks: Sequence[_Block], widest: float) -> _Block:
    """Blocks in rows of at most this width, each row going on where the one before ended."""
    split: list[list[_Block]] = [[]]
    width = 0.0
    for block in blocks:
        if split[-1] and width + GAP + block.width > widest:
            split.append([])
            width = 0.0
        width += block.width + (GAP if split[-1] else 0)
        split[-1].append(block)
    rows = [_row(found) for found in split]
    if len(rows) == 1:
        return rows[0]
    made = _Block(width=max(row.width for row in rows) + 2 * INSET, height=0, axis=rows[0].axis)
    top, before = 0.0, None
    for row in rows:
        made.put(row, INSET, top)
        begin = (INSET, top + row.axis)
        if before is not None:
            end, bottom = before
            made.edges.append(Edge(_turn(end, bottom, begin)))
        before = ((INSET + row.width, top + row.axis), top + row.height)
        top += row.height + LINE
    made.height = top - LINE
    return made


def _turn(end: tuple[float, float], bottom: float, begin: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """The way from the end of a row to the beginning of the next."""
    middle = bottom + LINE / 2
    right, left = end[0] + INSET - 4, begin[0] - INSET + 4
    return (end, (right, end[1]), (right, middle), (left, middle), (left, begin[1]), begin)


def _with_handler(whole: _Block, handler: _Block) -> _Block:
    """The failure handler below everything, reached by a dashed line."""
    left = columns(ON_ERROR) * CHARACTER + GAP
    made = _Block(width=max(whole.width, handler.width + left), height=whole.height + handler.height, axis=whole.axis)
    made.put(whole, 0, 0)
    made.put(handler, left, whole.height)
    axis = whole.height + handler.axis
    made.notes.append(Note(ON_ERROR, 0, axis + 4))
    made.edges.append(Edge(((left - GAP, axis), (left, axis)), dashed=True))
    return made


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
