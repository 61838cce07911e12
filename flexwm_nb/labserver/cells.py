"""A plain cell as a script of its own; pure."""

from __future__ import annotations

import ast

from flexwm_nb.errors import InvalidSource
from flexwm_nb.notebooks.steps import indented, text_of

MAIN = "main"
IMPORTS = (ast.Import, ast.ImportFrom)
KEPT = (*IMPORTS, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)  # they stay outside of main


def as_script(source: str) -> str:
    """The cell's text with a `main`: its statements, the value of a last expression returned.

    Imports, functions and classes stay above it; a cell that has a `main` stays as it is. Raises InvalidSource.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise InvalidSource(
            "The cell is not Python alone",
            why=f"line {error.lineno}: {error.msg}",
            remedy="Take out its magics and shell commands",
            line=error.lineno,
            column=error.offset,
        ) from None
    if any(getattr(node, "name", None) == MAIN for node in tree.body):
        return source.rstrip() + "\n"
    head = [text_of(node, source) for node in tree.body if isinstance(node, IMPORTS)]
    defined = [text_of(node, source) for node in tree.body if isinstance(node, KEPT) and not isinstance(node, IMPORTS)]
    body = [node for node in tree.body if not isinstance(node, KEPT)]
    lines = [text_of(node, source) for node in body]
    if body and isinstance(body[-1], ast.Expr):
        lines[-1] = f"return {lines[-1]}"
    main = "\n".join(["def main():", *(indented(line) for line in lines or ["return None"])])
    return "\n\n\n".join(part for part in ["\n".join(head), *defined, main] if part) + "\n"
