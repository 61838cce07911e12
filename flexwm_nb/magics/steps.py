"""The cells of `%%windmill_step`: put in order by what each reads, and put together to a flow; pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flexwm_nb import notebooks, signatures
from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.flows.builder import Flow, modules_in
from flexwm_nb.flows.references import Reference
from flexwm_nb.magics.arguments import nearest
from flexwm_nb.magics.flow_commands import HANDLERS
from flexwm_nb.notebooks.cells import BUILTIN, analysed

FAILURE, PREPROCESSOR = HANDLERS
PLACES = {FAILURE: "failure_module", PREPROCESSOR: "preprocessor_module"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCell:
    """A cell that is a step."""

    id: str
    language: str
    content: str
    after: tuple[str, ...] = ()
    summary: str | None = None
    cell: int = 0  # its number
    above: int = 1  # lines of it above the step's code

    @property
    def is_loose(self) -> bool:
        """Whether it is Python without a main: statements as in any cell of a notebook."""
        if self.language != "python3":
            return False
        try:
            return bool(signatures.parse_signature("python3", self.content)["auto_kind"] == "lib")
        except FlexwmError:
            return False

    @property
    def reads(self) -> list[str]:
        """What it takes: the arguments of its main, or the variables that it does not set before."""
        return (
            [name for name in analysed(1, self.content).reads if name not in BUILTIN] if self.is_loose else self.inputs
        )

    @property
    def inputs(self) -> list[str]:
        """The names of its arguments."""
        try:
            return list(signatures.infer_schema(self.language, self.content).get("properties") or {})
        except FlexwmError:  # the language's arguments cannot be found out
            return []


def chosen(cells: Mapping[str, StepCell], wanted: Sequence[str]) -> list[StepCell]:
    """The cells of these ids, or all, each after those that it reads. Raises InvalidInput for what cannot be."""
    if not cells:
        raise InvalidInput("there are no steps", remedy="Write cells that start with %%windmill_step ID, and run them")
    for name in wanted:
        _known(name, cells, "there is no step")
    found = {name: cells[name] for name in wanted or cells}
    needed = {name: _needed(cell, cells, found) for name, cell in found.items()}
    return [found[name] for name in _in_order(needed)]


def _needed(cell: StepCell, cells: Mapping[str, StepCell], found: Mapping[str, StepCell]) -> set[str]:
    """The steps that come before one."""
    named = [name for name in cell.inputs if name in cells and name != cell.id]
    read = _givers(cell, found) if cell.is_loose else named
    for name in cell.after:
        _known(name, cells, f"step {cell.id} comes after a step that is not there:")
    missing = next((name for name in [*read, *cell.after] if name not in found), None)
    if missing is not None:
        what = "reads" if missing in read else "comes after"
        raise InvalidInput(f"step {cell.id} {what} {missing}", remedy=f"Add {missing} to --steps")
    return {*read, *cell.after}


def _givers(cell: StepCell, found: Mapping[str, StepCell]) -> list[str]:
    """The other cells that set what a cell reads; where several do, those that stand before it."""
    order = list(found)
    writers: dict[str, list[str]] = {}
    for other in found.values():
        for name in analysed(1, other.content).writes if other.is_loose else ():
            writers.setdefault(name, []).append(other.id)
    givers = []
    for name in cell.reads:
        others = [writer for writer in writers.get(name, []) if writer != cell.id]
        before = [writer for writer in others if order.index(writer) < order.index(cell.id)]
        givers += others if len(others) == 1 and cell.id not in writers[name] else before
    return givers


def _known(name: str, cells: Mapping[str, StepCell], what: str) -> None:
    if name not in cells:
        close = nearest(name, list(cells))
        remedy = f"Did you mean {close}?" if close else f"There are {', '.join(cells)}"
        raise InvalidInput(f"{what} {name!r}", remedy=remedy)


def _in_order(needed: Mapping[str, set[str]]) -> list[str]:
    """The ids, each after what it needs, else in the order given. Raises InvalidInput where they go in a circle."""
    waiting, done = dict(needed), list[str]()
    while waiting:
        ready = next((name for name, before in waiting.items() if before <= set(done)), None)
        if ready is None:
            raise InvalidInput(
                f"the steps {_circle(waiting)} wait for each other", remedy="Change what one of them reads"
            )
        del waiting[ready]
        done.append(ready)
    return done


def _circle(waiting: Mapping[str, set[str]]) -> str:
    """Steps that wait for each other, in order."""
    way = [next(iter(waiting))]
    while len(set(way)) == len(way):
        way.append(next(name for name in waiting if name in waiting[way[-1]]))
    return " → ".join(reversed(way[way.index(way[-1]) :]))


def together(path: str, cells: Sequence[StepCell]) -> Flow:
    """The flow of these cells.

    An argument of a `main` that is named as a step is that one's result, every other an input of the flow. Cells
    without a `main` are taken as in a notebook: what one sets and another reads is passed on.
    """
    loose = [cell for cell in cells if cell.is_loose]
    if loose and len(loose) < len(cells):
        strict = next(cell for cell in cells if not cell.is_loose)
        what = f"step {strict.id} has a main and step {loose[0].id} has none"
        raise InvalidInput(what, remedy=f"Write def main(…) in {loose[0].id} too")
    return _loose(path, cells) if loose else _strict(path, cells)


def _loose(path: str, cells: Sequence[StepCell]) -> Flow:
    """The flow of cells that read and write variables."""
    made = [
        {"cell_type": "code", "source": cell.content, "metadata": {"tags": [f"{notebooks.NAMED}{cell.id}"]}}
        for cell in cells
    ]
    flow = notebooks.to_flow({"cells": made}, path).flow
    for cell in cells:
        if cell.summary and cell.id in flow:
            flow[cell.id].summary(cell.summary)
    return flow


def _strict(path: str, cells: Sequence[StepCell]) -> Flow:
    """The flow of cells that have a main."""
    flow = Flow(path)
    ids = {cell.id for cell in cells} - set(HANDLERS)
    for cell in cells:
        inputs = {name: _value(flow, name, cell, ids) for name in cell.inputs}
        aside = flow if cell.id not in PLACES else Flow()
        step = aside.code(cell.language, cell.content, cell.id, **({} if cell.id == PREPROCESSOR else inputs))
        if cell.summary:
            step.summary(cell.summary)
        if cell.id in PLACES:
            flow.document["value"][PLACES[cell.id]] = step.document
    return flow


def _value(flow: Flow, name: str, cell: StepCell, ids: set[str]) -> Reference:
    """What an argument of a step takes."""
    if cell.id == FAILURE and name == "error":
        return flow.error
    if name in ids and name != cell.id:
        return flow.steps[name].result if name in flow else Reference(f"results.{name}")
    read: Reference = getattr(flow.input, name)
    return read


def corrected(value: Mapping[str, Any], cells: Mapping[str, StepCell]) -> tuple[dict[str, Any], list[str]]:
    """A flow's value with the code of these cells in its steps, and which of them that changes."""
    made = copy.deepcopy(dict(value))
    cells = _as_written(made, cells)
    changed = []
    for module in modules_in({"value": made}):
        found, code = cells.get(str(module.get("id"))), module.get("value")
        if found is None or not isinstance(code, dict) or code.get("type") != "rawscript":
            continue
        if (code.get("content"), code.get("language")) != (found.content, found.language):
            code |= {"content": found.content, "language": found.language}
            code.pop("lock", None)
            changed.append(found.id)
    return made, changed


def _as_written(value: Mapping[str, Any], cells: Mapping[str, StepCell]) -> dict[str, StepCell]:
    """The cells with the code that a flow has for them: those without a main are only parts of a notebook."""
    ids = [str(module.get("id")) for module in modules_in({"value": value})]
    loose = [name for name in ids if name in cells and cells[name].is_loose]
    written = dict(cells)
    if loose:
        steps = together("f/notebook/steps", chosen(_with_givers(loose, cells), ())).steps
        for name in loose:
            code = steps[name].document["value"] if name in steps else {"content": cells[name].content}
            written[name] = replace(cells[name], content=code["content"])
    return written


def _with_givers(ids: Sequence[str], cells: Mapping[str, StepCell]) -> dict[str, StepCell]:
    """The cells of these ids, with those that set what they read."""
    loose = {name: cell for name, cell in cells.items() if cell.is_loose}
    found, waiting = set[str](), list(ids)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _givers(loose[name], loose)
    return {name: cell for name, cell in loose.items() if name in found}
