"""The cell of `%%windmill_flow`: YAML, JSON, or Python that builds a flow."""

from __future__ import annotations

import ast
import re
from typing import Any

from flexwm_nb.errors import InvalidFlow, InvalidInput, InvalidSource
from flexwm_nb.flows.builder import Flow
from flexwm_nb.flows.references import js
from flexwm_nb.magics.local import show_own_frames
from flexwm_nb.magics.session import Call

NAME = "flow"  # the variable that a Python cell finds and builds on
DOCUMENT = re.compile(r"^(\{|(['\"]?)(summary|description|value|schema|modules|path)\2\s*:)", re.MULTILINE)
PYTHON = re.compile(r"^(\w+\s*=[^=]|from\s|import\s|def\s|with\s|flow\.|@|async\s|for\s|if\s)", re.MULTILINE)


def read_cell(call: Call, path: str, content: str) -> Flow:
    """The flow of a cell. Raises InvalidFlow and InvalidSource; what Python raises is raised as it is."""
    if is_document(content):
        return Flow.from_yaml(content, path)
    return _built(call, path, content)


def is_document(content: str) -> bool:
    """Whether a cell is YAML or JSON, not Python."""
    if not DOCUMENT.search(content):
        return False
    return content.lstrip().startswith("{") or not PYTHON.search(content) or not _is_python(content)


def _is_python(content: str) -> bool:
    try:
        ast.parse(content)
    except (SyntaxError, ValueError):
        return False
    return True


def _built(call: Call, path: str, content: str) -> Flow:
    """What a Python cell builds: its last expression where that is a flow, else what `flow` is."""
    number, above = call.cell()
    padded = "\n" * above + content
    name = call.session.shell.compile.cache(padded, number)
    body, last = _parsed(padded, above)
    names = call.session.shell.user_ns
    own = Flow(path)
    names |= {NAME: own, "Flow": Flow, "js": js}
    try:
        exec(compile(body, name, "exec", dont_inherit=True), names)  # noqa: S102  what the cell is for
        value = None if last is None else eval(compile(last, name, "eval", dont_inherit=True), names)  # noqa: S307
    except InvalidInput:
        raise
    except Exception as error:
        show_own_frames(call.session.shell, error)
        raise
    return _chosen(value, names.get(NAME), path)


def _parsed(padded: str, above: int) -> tuple[ast.Module, ast.Expression | None]:
    """The statements, and the last one where it is an expression. Raises InvalidSource at the cell's line."""
    try:
        tree = ast.parse(padded)
    except SyntaxError as error:
        line = (error.lineno or 1) - above
        details: dict[str, Any] = {"line": line, "column": error.offset, "text": error.text}
        raise InvalidSource(
            "the cell is neither YAML, nor JSON, nor Python", why=f"SyntaxError: {error.msg}", **details
        ) from None
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return tree, None
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    return tree, ast.Expression(last.value)


def _chosen(value: Any, named: Any, path: str) -> Flow:
    found = value if isinstance(value, Flow) else named
    if not isinstance(found, Flow) or not found.document["value"].get("modules"):
        remedy = "Build on the variable flow: flow.step(function, argument=flow.input.argument)"
        raise InvalidFlow("the cell builds no flow", remedy=remedy)
    found.path = path
    return found
