"""A Python function as the source of a script: `main`, with the imports, helpers and constants that it uses; pure.

What it uses of its module or notebook is found from its syntax tree. What cannot travel, such as a frame in a
variable, is refused with the reason.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

from flexwm_nb.errors import InvalidSource

MAIN = "main"
BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__"}
NAMED = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
LONGEST_CONSTANT = 2_000  # characters
ELSEWHERE = "Give it as an argument of the step, or make it inside of the function"


def source_of(function: Callable[..., Any]) -> str:
    """The script's source. Raises InvalidSource, naming what cannot be taken along."""
    plain = _unwrapped(function)
    text, node = _definition(plain)
    node.decorator_list = []  # such as `flow.step`: they are of this place, not of the script
    needed = _Needed(plain)
    needed.take(node, plain.__name__)
    parts = ["\n".join(needed.imports), "\n".join(needed.constants), *needed.definitions, _as_main(text, node)]
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


class _Needed:
    """What a function uses of the world around it, in the order in which it is needed."""

    def __init__(self, function: FunctionType) -> None:
        self.imports: list[str] = []
        self.constants: list[str] = []
        self.definitions: list[str] = []
        self._function, self._seen = function, {function.__name__}

    @cached_property
    def _beside(self) -> dict[str, tuple[str, str]]:
        return _imports_beside(self._function)

    def take(self, node: ast.AST, name: str) -> None:
        """Take along what a definition uses."""
        for used in free_names(node):
            if used not in self._seen:
                self._seen.add(used)
                self._take_name(used, name)

    def _take_name(self, used: str, by: str) -> None:
        closure = inspect.getclosurevars(self._function).nonlocals
        if used in closure:
            raise _refused(by, used, "it belongs to the function around it")
        if used not in self._function.__globals__:
            if used not in BUILTIN:
                raise InvalidSource(f"{by} uses {used}, which is not defined", remedy=ELSEWHERE, name=used)
            return
        self._take_value(used, self._function.__globals__[used], by)

    def _take_value(self, used: str, value: Any, by: str) -> None:
        plain = inspect.unwrap(value) if callable(value) else value
        module, name = self._beside.get(used, ("", ""))
        if module and getattr(sys.modules.get(module), name, None) is value:
            self.imports.append(f"from {module} import {name}" + (f" as {used}" if used != name else ""))
        elif isinstance(value, ModuleType):
            self.imports.append(_import_of(used, value.__name__))
        elif isinstance(plain, FunctionType | type) and plain.__module__ == self._function.__module__:
            text, node = _definition(plain)
            if node.name != used:
                raise _refused(by, used, f"it is another name of {node.name}")
            self.take(node, used)
            self.definitions.append(text)
        elif (home := _home(value)) is not None:
            self.imports.append(home if home.endswith(f" {used}") else f"{home} as {used}")
        else:
            self.constants.append(f"{used} = {_constant(value, used, by)}")


def free_names(node: ast.AST) -> list[str]:
    """The names that a definition uses and does not make itself, in the order of their first use.

    Conservative: a name that some scope inside makes is taken as made there.
    """
    made = {name for inner in ast.walk(node) for name in _made(inner)}
    used = sorted(
        (item.lineno, item.col_offset, item.id)
        for item in ast.walk(node)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)
    )
    return list(dict.fromkeys(name for _, _, name in used if name not in made))


def _made(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, NAMED):
        yield from [node.name] if node.name else []
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def _unwrapped(function: Callable[..., Any]) -> FunctionType:
    """The plain function. Raises InvalidSource for a callable that has no source of its own."""
    found = inspect.unwrap(function)
    if not isinstance(found, FunctionType):
        kind = type(function).__name__
        raise InvalidSource("A step needs a plain function", why=f"this is a {kind}", remedy="Wrap it in a def")
    if found.__name__ == "<lambda>":
        raise InvalidSource("A step needs a function with a name", why="this is a lambda", remedy="Write it as a def")
    return found


def _definition(value: Any) -> tuple[str, Any]:
    """The text of a function's or class's definition, without decorators that the package gave it, and its tree."""
    text = _text_of(value)
    if text is None:
        remedy = "Define it in a cell or a file, or give the step its code as text"
        raise InvalidSource(f"The source of {value.__name__} cannot be found", remedy=remedy)
    node = ast.parse(text).body[0]
    return text, node


def _text_of(value: Any) -> str | None:
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        return _class_in_cell(value) if isinstance(value, type) else None


def _class_in_cell(value: type) -> str | None:
    """The definition of a notebook's class, found through the cell of one of its methods (before Python 3.13)."""
    methods = (item for item in vars(value).values() if isinstance(item, FunctionType))
    for method in methods:
        lines = linecache.getlines(method.__code__.co_filename)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
                return textwrap.dedent("".join(lines[first - 1 : node.end_lineno]))
    return None


def _as_main(text: str, node: Any) -> str:
    """The definition under the name `main`; a name that it calls itself by stays known."""
    lines = text.splitlines(keepends=True)[node.lineno - 1 :]
    keyword, _, rest = "".join(lines).partition("def ")
    renamed = f"{keyword}def {MAIN}{rest.lstrip()[len(node.name) :]}"
    calls_itself = any(isinstance(item, ast.Name) and item.id == node.name for item in ast.walk(node))
    return f"{renamed.rstrip()}\n\n\n{node.name} = {MAIN}\n" if calls_itself and node.name != MAIN else renamed


def _imports_beside(function: FunctionType) -> dict[str, tuple[str, str]]:
    """What the function's own cell or file imports at its top level: name -> module and name there."""
    try:
        body = ast.parse("".join(linecache.getlines(function.__code__.co_filename))).body
    except SyntaxError:  # a cell with magics
        return {}
    return {
        alias.asname or alias.name: (statement.module, alias.name)
        for statement in body
        if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level
        for alias in statement.names
    }


def _import_of(name: str, module: str) -> str:
    return f"import {module}" if name == module else f"import {module} as {name}"


def _home(value: Any) -> str | None:
    """`from MODULE import NAME` for what another module has under its own name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", getattr(value, "__name__", None))
    if not (isinstance(module, str) and isinstance(name, str)) or module == "__main__" or "." in name:
        return None
    found = sys.modules.get(module)
    return f"from {module} import {name}" if found is not None and getattr(found, name, None) is value else None


def _constant(value: Any, name: str, by: str) -> str:
    """A plain value as Python writes it. Raises InvalidSource for what cannot travel."""
    text = repr(value)
    try:
        same = ast.literal_eval(text) == value and (isinstance(value, tuple | set | bytes) or json.dumps(value))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        same = False
    if not same:
        raise _refused(by, name, f"it is a {type(value).__name__}")
    if len(text) > LONGEST_CONSTANT:
        raise _refused(by, name, f"it is {len(text):,} characters long")
    return text


def _refused(by: str, name: str, why: str) -> InvalidSource:
    return InvalidSource(f"{by} uses {name}, which cannot go into its step", why=why, remedy=ELSEWHERE, name=name)
