"""Python: the parameters of `main` (Windmill's parser, py 1.693.1, with its surprises).

Where a file defines no models, that parser reads the line `def main(` and what stands up to its closing parenthesis,
counted naively, and nothing else; otherwise the whole file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures.base import Language, argument, heading, signature, up_to_closing
from flexwm_nb.signatures.python3_defaults import UNREAD, default_of, type_of_default
from flexwm_nb.signatures.python3_surprises import surprises_of
from flexwm_nb.signatures.python3_types import Models, enums_in, outline, type_of

MODEL_WORDS = re.compile(r"BaseModel|from pydantic|import pydantic|@dataclass|from dataclasses|import dataclasses")
WORKFLOW = re.compile(r"@workflow|workflow\(")
DOCUMENTED = re.compile(r"\s*(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
WMILL = re.compile(r"import wmill|from wmill")


class Python3(Language):
    """python3."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature of the function."""
        name = entrypoint or "main"
        function = whole_file(content, name) if MODEL_WORDS.search(content) else naive(content, name)
        preprocessor = heading(content, starts("preprocessor")) is not None
        kind = "wac" if WORKFLOW.search(content) and WMILL.search(content) else None
        if function is None:
            return signature([], auto_kind=kind or "lib", has_preprocessor=preprocessor)
        arguments = function.args
        return signature(
            parameters(function, content),
            star_args=arguments.vararg is not None,
            star_kwargs=arguments.kwarg is not None,
            auto_kind=kind,
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


def documented_types(body: list[ast.stmt], name: str) -> dict[str, str]:
    """What the docstring of a plain function says of its parameters, in the section `Args:`."""
    function = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == name), None)
    docstring = None if function is None else ast.get_docstring(function, clean=False)
    return dict(documented(docstring or ""))


def documented(docstring: str) -> Iterator[tuple[str, str]]:
    """The entries of the section `Args:`, which ends at the next line that ends with a colon."""
    lines = dropwhile(lambda line: line.strip() != "Args:", docstring.split("\n"))
    for line in takewhile(lambda line: line.strip() == "Args:" or not line.endswith(":"), lines):
        if match := DOCUMENTED.match(line):
            yield match[1], match[2].strip()


def parameters(function: Any, content: str) -> list[dict[str, Any]]:
    """The entries of the parameters that Windmill passes.

    Positional-only names are dropped while their defaults still count, as in Windmill. The file's outline is looked at
    only where a parameter's type is the name of something unknown, or a docstring may tell more.
    """
    arguments = function.args
    models = Models(content)
    documents: dict[str, str] = {}
    if "Args:" in content or any(is_resource(found.annotation, models) for found in arguments.args):
        body = outline(content)
        models.enums = enums_in(body)
        documents = documented_types(body, function.name)
    without_default = len(arguments.args) - len(arguments.defaults)
    made = []
    for index, found in enumerate(arguments.args):
        place = index - without_default
        node = arguments.defaults[place] if without_default >= 0 and place >= 0 else None
        made.append(entry(found, node, models, documents))
    return made


def is_resource(annotation: ast.expr | None, models: Models) -> bool:
    """Whether a type is the name of something unknown."""
    kind, _ = type_of(annotation, models)
    return isinstance(kind, dict) and "resource" in kind


def entry(found: ast.arg, node: ast.expr | None, models: Models, documented: dict[str, str]) -> dict[str, Any]:
    """One parameter's entry."""
    kind, optional = type_of(found.annotation, models)
    value = UNREAD if node is None else default_of(node, models)
    read = value is not UNREAD
    if read and value != "<function call>" and kind in ("unknown", {"list": "unknown"}):
        kind = type_of_default(value)
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
    if "None" in (left, right):
        return None
    lists = (f"list[{left}]", f"List[{left}]", f"list[{right}]", f"List[{right}]")
    return ast.unparse(node) if right in lists or left in lists else None


LANGUAGE = Python3()
