"""Python: the parameters of `main` (Windmill's parser, py 1.693.1, with its surprises).

Where a file defines no models, that parser reads the line `def main(` and what stands up to its closing parenthesis,
counted naively, and nothing else; otherwise the whole file.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures.base import Language, argument, heading, signature, up_to_closing
from flexwm_nb.signatures.python3_defaults import UNREAD, default_of, type_of_default
from flexwm_nb.signatures.python3_surprises import surprises_of
from flexwm_nb.signatures.python3_types import Models, type_of

MODEL_WORDS = re.compile(r"BaseModel|from pydantic|import pydantic|@dataclass|from dataclasses|import dataclasses")
WORKFLOW = re.compile(r"@workflow|workflow\(")
WMILL = re.compile(r"import wmill|from wmill")


class Python3(Language):
    """python3."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature of the function."""
        name = entrypoint or "main"
        function = whole_file(content, name) if MODEL_WORDS.search(content) else naive(content, name)
        preprocessor = heading(content, starts("preprocessor")) is not None
        if function is None:
            kind = "wac" if WORKFLOW.search(content) and WMILL.search(content) else "lib"
            return signature([], auto_kind=kind, has_preprocessor=preprocessor)
        arguments = function.args
        return signature(
            parameters(function, Models(content), documented_types(content, function)),
            star_args=arguments.vararg is not None,
            star_kwargs=arguments.kwarg is not None,
            has_preprocessor=preprocessor,
        )

    def check(self, content: str) -> None:
        """Compile it."""
        try:
            compile(content, "<script>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise invalid(error, content) from None

    def surprises(self, content: str) -> list[str]:
        """Where Windmill reads less than Python does."""
        return surprises_of(content, self)


def invalid(error: SyntaxError | ValueError, content: str, offset: int = 0) -> InvalidSource:
    """The typed error, at its place in the script."""
    line = (getattr(error, "lineno", None) or 1) + offset
    lines = content.splitlines() or [""]
    return InvalidSource(
        why=getattr(error, "msg", None) or str(error),
        line=line,
        column=getattr(error, "offset", None) or 1,
        text=lines[min(line, len(lines)) - 1],
        language="python3",
    )


def starts(name: str) -> tuple[str, ...]:
    """How the line that Windmill looks for starts."""
    return f"def {name}(", f"async def {name}("


def naive(content: str, name: str) -> Any:
    """The function's head alone, read as Windmill does; None when there is none. Raises InvalidSource."""
    found = heading(content, starts(name))
    if found is None:
        return None
    before, first, rest = found
    try:  # the line break after the first line is lost, as in Windmill
        return ast.parse(f"{up_to_closing(first + rest)}: pass").body[0]
    except (SyntaxError, ValueError) as error:
        raise invalid(error, content, before) from None


def whole_file(content: str, name: str) -> Any:
    """The first function of that name at the top of the file. Raises InvalidSource."""
    try:
        body = ast.parse(content).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise invalid(error if not isinstance(error, RecursionError) else ValueError("too deep"), content) from None
    functions = (node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return next((node for node in functions if node.name == name), None)


def documented_types(content: str, function: Any) -> dict[str, str]:
    """What the docstring's `Args:` section says after each parameter's name."""
    if "Args:" not in content or isinstance(function, ast.AsyncFunctionDef):
        return {}
    section = content.partition("Args:")[2].partition('"""')[0]
    found = re.findall(r"^\s*(\w+)\s*(?:\([^)]*\))?\s*:\s*([^\n]*)", section, re.MULTILINE)
    return {name: text.strip() for name, text in found}


def parameters(function: Any, models: Models, documented: dict[str, str]) -> list[dict[str, Any]]:
    """The entries of the parameters that Windmill passes.

    Positional-only names are dropped while their defaults still count, as in Windmill.
    """
    arguments = function.args
    without_default = len(arguments.args) - len(arguments.defaults)
    made = []
    for index, found in enumerate(arguments.args):
        place = index - without_default
        node = arguments.defaults[place] if without_default >= 0 and place >= 0 else None
        made.append(entry(found, node, models, documented))
    return made


def entry(found: ast.arg, node: ast.expr | None, models: Models, documented: dict[str, str]) -> dict[str, Any]:
    """One parameter's entry."""
    kind, optional = type_of(found.annotation, models)
    value = UNREAD if node is None else default_of(node, models)
    read = value is not UNREAD
    if read and value != "<function call>" and kind in ("unknown", {"list": "unknown"}):
        kind = type_of_default(value, kind)
    if kind == {"list": "unknown"}:
        kind = {"list": {"str": None}}
    default = value if read else None
    otyp = one_or_many(found.annotation) or documented.get(found.arg)
    return argument(found.arg, kind, default, read or optional, otyp)


def one_or_many(node: ast.expr | None) -> str | None:
    """The text of `T | list[T]` (in either order), which the front end shows; None for other annotations."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)):
        return None
    left, right = ast.unparse(node.left), ast.unparse(node.right)
    lists = (f"list[{left}]", f"List[{left}]", f"list[{right}]", f"List[{right}]")
    return ast.unparse(node) if right in lists or left in lists else None


LANGUAGE = Python3()
