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
            return _nothing(list(_placed(known, lines_of(text))))
        line, message = error.details.get("line") or 1, error.why or error.what
        return _nothing([_problem(line, message)])
    lines = lines_of(text)
    found = list(_placed(problems(document), lines))
    folds = first_folds(document) if folded is None else set(folded)
    drawn = {"picture": picture(document["value"], folds), "folded": sorted(folds)}
    return {"document": document, **drawn, "lines": lines, "problems": found}


def _nothing(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"document": None, "picture": None, "folded": [], "lines": {}, "problems": found}


def _placed(found: list[Problem], lines: Lines) -> Iterator[dict[str, Any]]:
    for problem in found:
        places = (f"{problem.step} {problem.field}", f"{problem.step} {problem.field.partition(' ')[0]}", problem.step)
        line = next((lines[place] for place in places if place in lines), 1)
        yield _problem(line, str(problem), step=problem.step, severity=problem.severity)


def _problem(line: int, message: str, *, step: str = "", severity: str = ERROR) -> dict[str, Any]:
    return {"line": line, "message": message, "step": step, "severity": severity}


def lines_of(text: str) -> dict[str, int]:
    """The lines of steps by their ids, and of their fields by id and name."""
    try:
        tree = yaml.compose(text, yaml_text.Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
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
