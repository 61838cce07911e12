"""Where a Python script on Windmill does something else than its source says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures.python3_defaults import UNREAD, default_of
from flexwm_nb.signatures.python3_types import ENUM_BASES, Models, dotted, outline

if TYPE_CHECKING:
    from flexwm_nb.signatures.base import Language

BARE = {"Any", "object", "set", "tuple", "Dict", "List", "Tuple", "Set", "frozenset", "complex", "Optional", "Union"}


def surprises_of(content: str, parser: Language) -> list[str]:
    """The warnings, in the order of their lines."""
    try:
        body = ast.parse(content).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    functions = [node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    main = next((node for node in functions if node.name == "main"), None)
    return [] if main is None else [f"line {line}: {text}" for line, text in sorted(_all(content, main, parser))]


def _all(content: str, main: Any, parser: Language) -> Iterator[tuple[int, str]]:
    yield from _head(content, main, parser)
    yield from _defaults(content, main)
    yield from _annotations(content, main)
    for found in main.args.kwonlyargs:
        yield found.lineno, f"Windmill never passes the keyword-only parameter {found.arg}; remove the *"
    for found in main.args.posonlyargs:
        yield found.lineno, f"Windmill cannot pass the positional-only parameter {found.arg}; remove the /"


def _head(content: str, main: Any, parser: Language) -> Iterator[tuple[int, str]]:
    """The line of the definition itself."""
    if isinstance(main, ast.AsyncFunctionDef):
        remedy = "Use asyncio.run inside a plain main"
        yield main.lineno, f"Windmill does not await an async main; its result is the coroutine's text. {remedy}"
    line = content.split("\n")[main.lineno - 1]
    try:
        found = parser.parse(content, None)
    except InvalidSource:
        yield main.lineno, "Windmill's parser refuses this signature: it counts parentheses in texts and comments too"
        return
    seen = {argument["name"] for argument in found["args"]}
    if re.match(r"(async )?def main\s+\(", line):
        yield main.lineno, "Windmill sees no parameters of `def main (`; remove the space"
    elif lost := [found.arg for found in main.args.args if found.arg not in seen]:
        yield main.lineno, f"Windmill loses {', '.join(lost)}: a comment stands on the line of `def main(`"


def _defaults(content: str, main: Any) -> Iterator[tuple[int, str]]:
    """Defaults that are lost."""
    models = Models(content)
    arguments = main.args
    pairs = zip(arguments.args[len(arguments.args) - len(arguments.defaults) :], arguments.defaults, strict=False)
    for found, node in pairs:
        if default_of(node, models) is UNREAD:
            shown = ast.unparse(node)
            remedy = f"Use {found.arg} = None and set {shown} inside"
            lost = f"Windmill loses the default {shown} of {found.arg}: it becomes required, and None when missing"
            yield found.lineno, f"{lost}. {remedy}"


def _annotations(content: str, main: Any) -> Iterator[tuple[int, str]]:
    """Annotations that mean something else."""
    read = outline(content)
    for found in main.args.args:
        if found.annotation is not None and dotted(found.annotation) in BARE:
            name = dotted(found.annotation)
            remedy = "leave the annotation out or use dict, list or str"
            yield found.lineno, f"Windmill takes {found.arg}: {name} for a resource of type {name!r}; {remedy}"
        if not read and dotted(found.annotation or ast.Constant(None)) in enums_of(content):
            name = dotted(found.annotation or ast.Constant(None))
            why = "no line inside of a function or class may start at the margin, such as `) -> str:`"
            yield found.lineno, f"Windmill takes {found.arg}: {name} for a resource, it does not find the enum: {why}"


def enums_of(content: str) -> set[str]:
    """The names of the enumerations at the top of a file."""
    found = (node for node in ast.parse(content).body if isinstance(node, ast.ClassDef))
    return {node.name for node in found if any(dotted(base) in ENUM_BASES for base in node.bases)}
