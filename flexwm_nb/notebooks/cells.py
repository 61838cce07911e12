"""What a notebook's cells read and write, found from their syntax trees; pure.

Conservative: a name that is only perhaps set is also read, a method that is called for its effect changes its object.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flexwm_nb.notebooks.names import Names, parameters, shows

BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "display"}
LINE_MAGIC = re.compile(r"^\s*%(?!%)")
FORBIDDEN = {
    "exec": "what it runs cannot be read",
    "eval": "what it runs cannot be read",
    "globals": "variables that are reached by it cannot be followed",
    "locals": "variables that are reached by it cannot be followed",
    "vars": "variables that are reached by it cannot be followed",
    "get_ipython": "a flow has no notebook around it",
    "input": "nobody is there to answer",
}
RANDOM = frozenset(["random", "numpy.random", "np.random"])


@dataclass(slots=True)
class Cell:
    """A code cell: its place, and what it does with names."""

    number: int  # from 1, among the code cells
    source: str
    tags: frozenset[str] = frozenset()
    name: str | None = None  # what its step is to be called
    reads: dict[str, None] = field(default_factory=dict)  # before it sets them, in order
    writes: dict[str, None] = field(default_factory=dict)  # sets or changes, in order
    perhaps: set[str] = field(default_factory=set)  # set under a condition only
    changes: set[str] = field(default_factory=set)  # objects that are changed in place
    aliases: list[tuple[str, str]] = field(default_factory=list)  # two names of one object
    imports: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    body: list[ast.stmt] = field(default_factory=list)  # without imports and definitions
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def shows_only(self) -> bool:
        """Whether it does nothing but show something."""
        return not self.writes and all(shows(statement) for statement in self.body)


def analysed(number: int, source: str, *, tags: Iterable[str] = (), name: str | None = None) -> Cell:
    """A cell of this source. What cannot become a step is in its `problems`."""
    cell = Cell(number, source, frozenset(tags), name)
    lines = source.splitlines()
    if lines and lines[0].startswith("%%"):
        cell.problems.append(f"it is a cell of {lines[0].split()[0]}")
        return cell
    if any(line.lstrip().startswith("!") for line in lines):
        cell.problems.append("it runs a shell command: write a bash step instead")
        return cell
    magics = [line.strip() for line in lines if LINE_MAGIC.match(line)]
    cell.notes += [f"cell {number}: {line.split()[0]} is left out" for line in magics]
    cell.source = "\n".join("" if LINE_MAGIC.match(line) else line for line in lines)
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        cell.problems.append(f"line {error.lineno}: {error.msg}")
        return cell
    for statement in tree.body:
        _take(cell, statement)
    return cell


def follow_changes(cell: Cell, definitions: Mapping[str, ast.stmt]) -> None:
    """Note what a cell changes by calling functions of the notebook that change their arguments."""
    for node in (node for statement in cell.body for node in ast.walk(statement)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        definition = definitions.get(node.func.id)
        if definition is not None and _changes_arguments(definition):
            given = [*node.args, *(word.value for word in node.keywords)]
            _change(cell, {item.id for item in given if isinstance(item, ast.Name)})


def definition_reads(node: ast.stmt) -> tuple[list[str], list[str]]:
    """The names that a definition reads when it is made, and those that it reads when it is used."""
    inner = Names()
    inner.define(node)
    return list(inner.reads), list(inner.later)


def _take(cell: Cell, statement: ast.stmt) -> None:
    """One statement of a cell."""
    _forbid(cell, statement)
    if isinstance(statement, ast.Import | ast.ImportFrom):
        if any(alias.name == "*" for alias in statement.names):
            cell.problems.append(f"line {statement.lineno}: what `import *` brings cannot be known")
        for alias in statement.names:
            bound = alias.asname or (alias.name.partition(".")[0] if isinstance(statement, ast.Import) else alias.name)
            one = (
                ast.Import([alias])
                if isinstance(statement, ast.Import)
                else ast.ImportFrom(statement.module, [alias], statement.level)
            )
            cell.imports[bound] = ast.unparse(one)
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        cell.definitions[statement.name] = statement
        return
    cell.body.append(statement)
    names = Names(defined=set(cell.writes) - cell.perhaps | set(cell.definitions) | set(cell.imports))
    names.visit(statement)
    for read in [*names.reads, *names.later]:
        cell.reads.setdefault(read)
    for written in names.writes:
        cell.writes.setdefault(written)
        if written not in names.defined:
            cell.perhaps.add(written)
        else:
            cell.perhaps.discard(written)
    _change(cell, names.changes)
    cell.aliases += names.aliases


def _change(cell: Cell, names: set[str]) -> None:
    """What is changed in place is read and written."""
    for name in sorted(names - set(cell.imports) - set(cell.definitions)):
        if name not in cell.writes:
            cell.reads.setdefault(name)
            cell.writes.setdefault(name)
        cell.changes.add(name)


def _changes_arguments(node: ast.stmt) -> bool:
    """Whether a function changes an object that it is given."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    names = Names()
    for statement in node.body:
        names.visit(statement)
    return bool(names.changes & parameters(node.args))


def _forbid(cell: Cell, statement: ast.stmt) -> None:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id in FORBIDDEN and isinstance(node.ctx, ast.Load):
            cell.problems.append(f"line {node.lineno}: it uses {node.id}: {FORBIDDEN[node.id]}")
        elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) and not isinstance(
            statement, ast.AsyncFunctionDef
        ):
            cell.problems.append(f"line {node.lineno}: it awaits: use asyncio.run in a function")
            return
        elif isinstance(node, ast.Global):
            cell.problems.append(f"line {node.lineno}: it sets {', '.join(node.names)} from inside of a function")
        elif isinstance(node, ast.Call) and _dotted(node.func).endswith(".seed"):
            if _dotted(node.func).rpartition(".")[0] in RANDOM:
                what = f"the state of {_dotted(node.func)[:-5]} does not go from step to step"
                cell.problems.append(f"line {node.lineno}: {what}: use a generator, such as random.Random(1)")
        elif isinstance(node, ast.Call) and _dotted(node.func) == "os.chdir":
            cell.problems.append(f"line {node.lineno}: the current folder does not go from step to step")
        elif isinstance(node, ast.Assign) and any("os.environ" in ast.unparse(target) for target in node.targets):
            cell.problems.append(f"line {node.lineno}: the environment does not go from step to step")


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""
