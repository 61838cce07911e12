"""What the names in an expression stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flexwm_nb.server.expressions.operators import truthy

EMPTY = ("params", "flow_env")  # names that are {} where the scope says nothing of them


def visible(expression: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """The names that occur in the text, with their values."""
    found = {name: names[name] for name in names if name in expression}
    for name in (*EMPTY, "error"):
        if name in expression and name not in names and given(name, names):
            found[name] = default(name, names)
    return found


def given(name: str, names: Mapping[str, Any]) -> bool:
    """True when the name stands for something, though perhaps the scope does not say for what."""
    return name in names or name in EMPTY or (name == "error" and "previous_result" in names)


def default(name: str, names: Mapping[str, Any]) -> Any:
    """What it stands for where the scope does not say: the `error` is found in the previous result."""
    return error_in(names["previous_result"]) if name == "error" else {}


def error_in(previous: Any) -> Any:
    """The error that a result holds, as Windmill finds it."""
    if isinstance(previous, dict) and truthy(previous.get("error")):
        return previous["error"]
    if isinstance(previous, list):
        return error_among(previous)
    if truthy(previous):
        return {"name": "UnknownError", "message": "Could not parse the error", "error": previous}
    return {"name": "UnknownError", "message": "No error found"}


def error_among(previous: list[Any]) -> Any:
    """The one error of a loop's results, or all of them under one name."""
    errors = [item["error"] for item in previous if isinstance(item, dict) and "error" in item]
    if len(errors) == 1:
        return errors[0]
    message = "; ".join(worded(error, index) for index, error in enumerate(errors)) or "Could not parse errors"
    return {"name": "MultipleErrors", "message": message, "errors": previous}


def worded(error: Any, index: int) -> str:
    """One of several errors in a line."""
    fields = error if isinstance(error, dict) else {}
    return f"[{fields.get('step_id') or index}] {fields.get('message') or fields.get('name') or 'undefined'}"
