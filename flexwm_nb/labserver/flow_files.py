"""What the page shows of a flow's file: its picture, and what is wrong in which line; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from flexwm_nb import yaml_text
from flexwm_nb.display.widgets.pictures import first_folds, picture
from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.builder import Flow
from flexwm_nb.flows.problems import ERROR, Problem
from flexwm_nb.flows.validation import problems
from flexwm_nb.models.flows import Place

Lines = Mapping[str, int]
INPUTS = "input_transforms"


def look(text: str, folded: Collection[str] | None = None) -> dict[str, Any]:
    """The flow of a text: its document and picture, the lines of its steps, and its problems; lines count from 1.

    `folded` are the loops and forks that are single boxes; where it is not said, those of a large flow are.
    """
    try:
        document = dict(Flow.from_yaml(text).to_document())
    except InvalidFlow as error:
        known = error.details.get("problems")
        if known:
            tree = yaml_text.compose(text)
            return _nothing(list(_placed(known, tree, lines_of(tree))))
        line, message = error.details.get("line") or 1, error.why or error.what
        return _nothing([_problem(line, message)])
    tree = yaml_text.compose(text)
    lines = lines_of(tree)
    found = list(_placed(problems(document), tree, lines))
    folds = first_folds(document) if folded is None else set(folded)
    drawn = {"picture": picture(document["value"], folds), "folded": sorted(folds)}
    return {"document": document, **drawn, "lines": lines, "problems": found}


def _nothing(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"document": None, "picture": None, "folded": [], "lines": {}, "problems": found}


def _placed(found: list[Problem], tree: yaml.Node | None, lines: Lines) -> Iterator[dict[str, Any]]:
    for problem in found:
        places = (f"{problem.step} {problem.field}", f"{problem.step} {problem.field.partition(' ')[0]}", problem.step)
        line = next((lines[place] for place in places if place in lines), None)
        line = line or line_of_place(tree, problem.place)
        yield _problem(line, str(problem), step=problem.step, severity=problem.severity)


def line_of_place(node: yaml.Node | None, place: Place) -> int:
    """The line of what stands at a place in the document, or of what it should stand in."""
    line, way = 1, place
    if way[:1] == ("value",) and _below(node, "value") is None:
        way = way[1:]  # the text is a bare flow value
    for part in way:
        following = _below(node, part)
        if following is None:
            break
        node, line = following
    return line


def _below(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    """A part of a node, and the line where it begins."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == part:
            return value, key.start_mark.line + 1
    return None


def _problem(line: int, message: str, *, step: str = "", severity: str = ERROR) -> dict[str, Any]:
    return {"line": line, "message": message, "step": step, "severity": severity}


def lines_of(tree: yaml.Node | None) -> dict[str, int]:
    """The lines of steps by their ids, and of their fields by id and name."""
    found: dict[str, int] = {}
    stack = [tree] if tree is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.SequenceNode):
            stack += node.value
        elif isinstance(node, yaml.MappingNode):
            _note(node, found)
            stack += [value for _, value in node.value]
    return found


def _note(node: yaml.MappingNode, found: dict[str, int]) -> None:
    fields = {key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if "id" not in fields or "value" not in fields:
        return
    step = fields["id"][1].value
    found.setdefault(step, node.start_mark.line + 1)
    inner = fields["value"][1]
    more = inner.value if isinstance(inner, yaml.MappingNode) else []
    for key, value in [*more, *node.value]:
        if isinstance(key, yaml.ScalarNode):
            found.setdefault(f"{step} {key.value}", key.start_mark.line + 1)
            if key.value == INPUTS and isinstance(value, yaml.MappingNode):
                _note_inputs(value, step, found)


def _note_inputs(node: yaml.MappingNode, step: str, found: dict[str, int]) -> None:
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            found.setdefault(f"{step} input {key.value}", key.start_mark.line + 1)
