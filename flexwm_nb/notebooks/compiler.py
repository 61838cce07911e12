"""From a notebook's analysed cells to the steps of a flow; pure."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.builder import Flow
from flexwm_nb.flows.problems import CELL, Problem
from flexwm_nb.notebooks.cells import BUILTIN, Cell, definition_reads
from flexwm_nb.notebooks.steps import step_source, text_of

PARAMETERS = "parameters"  # papermill's tag


@dataclass(frozen=True, slots=True)
class Edge:
    """What one step gives another."""

    giver: str  # a step, or `input`
    taker: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        """One line of the graph."""
        return f"{self.giver} ─ {', '.join(self.names)} → {self.taker}"


@dataclass(frozen=True, slots=True)
class NotebookFlow:
    """A notebook as a flow: the flow, what its steps give each other, and what was left out."""

    flow: Flow
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The graph as text."""
        alone = [step for step in self.flow.steps if not any(step in (edge.giver, edge.taker) for edge in self.edges)]
        return "\n".join([*map(str, self.edges), *alone])


@dataclass(slots=True)
class _World:
    """What is known after the cells so far."""

    imports: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, tuple[ast.stmt, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    givers: dict[str, str] = field(default_factory=dict)  # variable → the step that set it last

    def forget(self, name: str) -> None:
        """The name stands for something new."""
        for kind in (self.imports, self.definitions, self.constants, self.parameters, self.givers):
            kind.pop(name, None)


class Compiler:
    """Makes steps of cells, one after the other."""

    def __init__(self, cells: list[Cell], flow: Flow) -> None:
        self._cells, self._flow, self._world = cells, flow, _World()
        self._edges: list[Edge] = []
        self._notes: list[str] = [note for cell in cells for note in cell.notes]
        self._problems: list[Problem] = []

    def compiled(self) -> NotebookFlow:
        """The flow. Raises InvalidFlow."""
        steps = [cell for cell in self._cells if self._is_step(cell)]
        for cell in self._cells:
            if PARAMETERS in cell.tags:
                self._parameters(cell)
                continue
            for name in [*cell.imports, *cell.definitions, *cell.writes]:
                if name not in cell.reads:
                    self._world.forget(name)
            self._world.imports |= cell.imports
            self._define(cell)
            if cell in steps:
                self._step(cell, is_last=cell is steps[-1])
            elif self._is_constants(cell):
                self._world.constants |= {
                    name: text_of(node, cell.source) for node in cell.body for name in _targets(node)
                }
            elif cell.body:
                self._notes.append(f"cell {cell.number} only shows something: left out")
        if not steps:
            self._problems.append(Problem("", "", "no cell of the notebook does anything that a step could do"))
        if self._problems:
            raise refused(self._problems)
        return NotebookFlow(self._flow, tuple(self._edges), tuple(self._notes))

    def _is_step(self, cell: Cell) -> bool:
        return (
            bool(cell.body)
            and PARAMETERS not in cell.tags
            and not self._is_constants(cell)
            and not (cell.shows_only and cell is not self._last_with_body())
        )

    def _last_with_body(self) -> Cell | None:
        return next((cell for cell in reversed(self._cells) if cell.body), None)

    def _is_constants(self, cell: Cell) -> bool:
        """Whether a cell only names plain values that nothing changes later."""
        names = [name for node in cell.body for name in _targets(node)]
        if not cell.body or len(names) != len(cell.body) or not all(_is_literal(node) for node in cell.body):
            return False
        others = [other for other in self._cells if other is not cell]
        return not any(set(names) & (set(other.writes) | other.changes) for other in others)

    def _parameters(self, cell: Cell) -> None:
        """A cell of parameters: the flow's inputs with their defaults."""
        for node in cell.body:
            names = _targets(node)
            if not names or not _is_literal(node):
                self._problem(cell, "a cell of parameters sets names to plain values only")
                continue
            value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            self._flow.input(names[0], None if value is None else type(value).__name__, default=value)
            self._world.parameters[names[0]] = value

    def _define(self, cell: Cell) -> None:
        for name, node in cell.definitions.items():
            at_once, _ = definition_reads(node)
            data = [read for read in at_once if read in self._world.givers or read in cell.writes]
            if data:
                self._problem(cell, f"{name} is made with the value of {data[0]}: give it as an argument instead")
            self._world.definitions[name] = node, text_of(node, cell.source)

    def _step(self, cell: Cell, *, is_last: bool) -> None:
        used = self._used(cell)
        inputs = [name for name in used if name in self._world.givers or name in self._world.parameters]
        self._check_known(cell, used)
        outputs = [name for name in cell.writes if self._is_read_later(cell, name)]
        for name in outputs:
            if name in cell.perhaps and name not in inputs:
                self._problem(cell, f"{name} is set under a condition only, and read later: set it before")
        last = cell.body[-1]
        result = (
            is_last and isinstance(last, ast.Expr) and not (isinstance(last.value, ast.Call) and _is_show(last.value))
        )
        if is_last and not result:
            outputs = [name for name in cell.writes if name not in cell.perhaps]
        shared = [name for name in self._helper_reads(used) if name in inputs or name in cell.writes]
        both = [name for name in shared if name in inputs and name in cell.writes]
        if both:
            self._problem(cell, f"a function reads {both[0]}, which this cell changes: give it as an argument instead")
        source = step_source(
            cell.body,
            cell.source,
            imports=[self._world.imports[name] for name in used if name in self._world.imports],
            definitions=self._definitions(used),
            inputs=inputs,
            plain=[name for name in inputs if name in self._world.parameters],
            outputs=outputs,
            shared=shared,
            result=result,
        )
        self._add(cell, source, inputs, outputs)

    def _add(self, cell: Cell, source: str, inputs: list[str], outputs: list[str]) -> None:
        id = self._flow._free(cell.name or (_slug(outputs[0]) if outputs else f"cell_{cell.number}"))
        steps = self._flow.steps
        values = {
            name: steps[self._world.givers[name]].result[name] if name in self._world.givers else self._flow.input[name]
            for name in inputs
        }
        made = self._flow.code("python3", source, id, **{name: _dotted(value, name) for name, value in values.items()})
        givers: dict[str, list[str]] = {}
        for name in inputs:
            givers.setdefault(self._world.givers.get(name, "input"), []).append(name)
        self._edges += [Edge(giver, made.id, tuple(names)) for giver, names in givers.items()]
        for name in cell.writes:
            self._world.forget(name)
            self._world.givers[name] = made.id

    def _used(self, cell: Cell) -> list[str]:
        """What a cell uses, itself and through the functions and constants that it uses, in order."""
        found: dict[str, None] = {}
        left = list(cell.reads) + list(_names_in(cell.body))
        left += [name for name, (node, _) in self._world.definitions.items() if isinstance(node, ast.ClassDef)]
        while left:
            name = left.pop(0)
            if name in found:
                continue
            known = any(name in kind for kind in (self._world.imports, self._world.definitions, self._world.constants))
            if known or name in cell.reads or name in self._world.givers or name in self._world.parameters:
                if name in cell.writes and name not in cell.reads and not known:
                    continue
                found[name] = None
            if name in self._world.definitions:
                left += [item for part in definition_reads(self._world.definitions[name][0]) for item in part]
        return list(found)

    def _helper_reads(self, used: list[str]) -> list[str]:
        """The names that the functions in use read of the notebook."""
        found = (
            definition_reads(self._world.definitions[name][0])[1] for name in used if name in self._world.definitions
        )
        return list(dict.fromkeys(name for names in found for name in names))

    def _definitions(self, used: list[str]) -> Iterator[str]:
        constants = [self._world.constants[name] for name in used if name in self._world.constants]
        if constants:
            yield "\n".join(dict.fromkeys(constants))
        yield from (text for name, (_, text) in self._world.definitions.items() if name in used)

    def _check_known(self, cell: Cell, used: list[str]) -> None:
        known = (self._world.imports, self._world.definitions, self._world.constants, self._world.parameters)
        for name in used:
            elsewhere = name in self._world.givers or name in BUILTIN or any(name in kind for kind in known)
            if not elsewhere and name not in cell.writes:
                self._problem(cell, f"{name} is not set by any cell before it")

    def _is_read_later(self, cell: Cell, name: str) -> bool:
        """Whether a later cell reads it, itself or through a function, before it is set anew."""
        for other in self._cells[self._cells.index(cell) + 1 :]:
            if name in other.reads or name in _deep_reads(other, self._all_definitions()):
                return True
            if name in other.writes and name not in other.perhaps:
                return False
        return False

    def _all_definitions(self) -> dict[str, ast.stmt]:
        return {name: node for cell in self._cells for name, node in cell.definitions.items()}

    def _problem(self, cell: Cell, text: str) -> None:
        self._problems.append(Problem(f"{CELL}{cell.number}", "", text))


def refused(problems: list[Problem]) -> InvalidFlow:
    """The error about why a notebook cannot be a flow."""
    if len(problems) == 1:
        return InvalidFlow("The notebook cannot become a flow", why=str(problems[0]), problems=problems)
    lines = "".join(f"\n  {problem}" for problem in problems)
    return InvalidFlow("The notebook cannot become a flow", why=lines, problems=problems)


def _targets(node: ast.stmt) -> list[str]:
    """The one name that an assignment sets."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return [node.targets[0].id]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return [node.target.id]
    return []


def _is_literal(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    try:
        ast.literal_eval(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_show(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in ("print", "display")


def _names_in(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        yield from (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))


def _deep_reads(cell: Cell, definitions: Mapping[str, ast.stmt]) -> set[str]:
    """What a cell reads through the functions that it uses."""
    found: set[str] = set()
    left = [name for name in _names_in(cell.body) if name in definitions]
    while left:
        name = left.pop()
        for read_name in (item for part in definition_reads(definitions[name]) for item in part):
            if read_name not in found:
                found.add(read_name)
                left += [read_name] if read_name in definitions else []
    return found


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_") or "step"


def _dotted(value: Any, name: str) -> Any:
    """`results.load.rows` rather than `results.load["rows"]`."""
    text = str(value)
    quoted = f"[{json.dumps(name)}]"
    return type(value)(text[: -len(quoted)] + f".{name}") if text.endswith(quoted) and name.isascii() else value
