"""The defaults that Windmill's Python parser can read."""

from __future__ import annotations

import ast
from typing import Any

from flexwm_nb.signatures.python3_types import Models

UNREAD = object()  # a default that the parser does not see
CALL = "<function call>"
LARGEST = (1 << 63) - 1


def default_of(node: ast.expr, models: Models) -> Any:
    """A default's JSON value, or UNREAD."""
    if isinstance(node, ast.Constant):
        return constant(node.value)
    if isinstance(node, ast.List):
        items = [default_of(item, models) for item in node.elts]
        return [item if item is not UNREAD else None for item in items]
    if isinstance(node, ast.Dict):
        return {
            key_of(key): plain(default_of(value, models)) for key, value in zip(node.keys, node.values, strict=True)
        }
    if isinstance(node, ast.Attribute):
        return attribute(node, models)
    return CALL if isinstance(node, ast.Call) else UNREAD


def plain(value: Any) -> Any:
    """A value inside another; what cannot be read is null."""
    return None if value is UNREAD else value


def key_of(node: ast.expr | None) -> str:
    """A dict's key; what is no text has one name."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "no_key"


def constant(value: Any) -> Any:
    """A constant as JSON."""
    if isinstance(value, bytes):
        return list(value)
    if value is ...:
        return "..."
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return float(value)
    return [value.real, value.imag] if isinstance(value, complex) else value


def attribute(node: ast.Attribute, models: Models) -> Any:
    """`Enum.X` is its value, any other `name.attr` is the attribute's name."""
    if not isinstance(node.value, ast.Name):
        return UNREAD
    return models.enum(node.value.id).get(node.attr, node.attr)


def type_of_default(value: Any) -> Any:
    """The type of a parameter that has none but its default."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "int" if isinstance(value, int) else "float"
    if isinstance(value, str):
        return {"str": None}
    if isinstance(value, list):
        return {"list": type_of_default(value[0]) if value else "unknown"}
    if isinstance(value, dict):
        props = [{"key": key, "typ": type_of_default(one)} for key, one in value.items()]
        return {"object": {"name": None, "props": props}}
    return "unknown"
