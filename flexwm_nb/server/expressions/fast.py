"""Answers that need no engine: names, properties, and simple expressions, just as the engine would give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flexwm_nb.server.expressions.names import default, given
from flexwm_nb.server.expressions.nodes import Node
from flexwm_nb.server.expressions.operators import EXACT, UNDEFINED, Undefined, Unsure
from flexwm_nb.server.expressions.parse import REMEMBERED, Reading
from flexwm_nb.server.expressions.scope import ExpressionError, Scope
from flexwm_nb.server.expressions.syntax import compiled
from flexwm_nb.server.expressions.tokens import Unknown

HOLDERS = ("flow_input", "flow_env")
KEY = re.compile(r'(flow_input|flow_env)(?:\.(.+)|\["(.+)"\])', re.DOTALL)
PATH = re.compile(r"^results\??\.(\w+)(?:\[(\d+)\])?((?:\.\w+)+)?$", re.ASCII | re.MULTILINE)
INDEX = re.compile(r"-?\d{1,9}", re.ASCII)
MOST = 256  # parts of a value that are looked at here; the engine is faster with more
UNSURE = object()

Results = Mapping[str, Any]  # by step; an ExpressionError where it cannot be had


@dataclass(frozen=True, slots=True)
class Path:
    """A step's result and the way into it, as one asks a database for it."""

    step: str
    keys: tuple[str, ...]


def direct(reading: Reading, names: Mapping[str, Any]) -> Any:
    """The value of a name, or of an argument or environment variable, exactly as it is; else UNSURE."""
    expression = reading.expression
    if expression in names:
        return names[expression]
    if expression.startswith(HOLDERS):
        match = KEY.fullmatch(expression)
        if match is not None:
            held, key = names.get(match[1]), match[2] or match[3]
            if isinstance(held, dict) and key in held:
                return held[key]
    return UNSURE


@lru_cache(REMEMBERED)
def path_of(expression: str) -> Path | None:
    """The path that the expression is; a line that is one counts for all of it, as in Windmill."""
    match = PATH.search(expression) if "results" in expression else None
    if match is None:
        return None
    rest = (match[3] or "").split(".")[1:]
    if rest and rest[-1] == "length":
        return None
    return Path(match[1], (*((match[2],) if match[2] else ()), *rest))


async def walked(path: Path, scope: Scope) -> Any:
    """What is at the path's end; None where there is nothing."""
    assert scope.result is not None
    try:
        value = await scope.result(path.step)
    except ExpressionError:
        return None
    for key in path.keys:
        value = below(value, key)
    return value


def below(value: Any, key: str) -> Any:
    """One step down, as PostgreSQL's #> goes."""
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and INDEX.fullmatch(key) and -len(value) <= int(key) < len(value):
        return value[int(key)]
    return None


@lru_cache(REMEMBERED)
def simple(reading: Reading) -> Node | None:
    """The expression as a function, None when only the engine can evaluate it."""
    if not reading.is_value:
        return None
    try:
        return compiled(reading.expression)
    except Unknown:
        return None


def evaluated(node: Node, names: Mapping[str, Any], results: Results) -> Any:
    """The function's value in JSON, or UNSURE."""

    def look(name: str, step: str | None) -> Any:
        if step is not None:
            return found(results, step)
        if name in names:
            return names[name]
        if given(name, names):
            return default(name, names)
        raise Unsure

    try:
        return in_json(node(look))
    except Unsure:
        return UNSURE


def found(results: Results, step: str) -> Any:
    """A step's result, if it is there."""
    value = results.get(step, UNSURE)
    if value is UNSURE or isinstance(value, ExpressionError):
        raise Unsure
    return value


def in_json(value: Any) -> Any:
    """The value after a way through JSON.stringify and back. Raises Unsure."""
    if value is None or value is UNDEFINED:
        return None
    if isinstance(value, (list, dict)):
        return value if is_plain(value) else rebuilt(value)
    return scalar(value)


def scalar(value: Any) -> Any:
    """A scalar after that way: numbers without a fraction are whole."""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        if value.is_integer():
            value = int(value)
    if isinstance(value, int) and not -EXACT <= value <= EXACT:
        raise Unsure
    return value


def is_plain(value: list[Any] | dict[str, Any]) -> bool:
    """True when the way through JSON changes nothing. Raises Unsure where it may, or where there is too much to see."""
    seen, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        seen += len(part)
        if seen > MOST:
            raise Unsure
        if isinstance(part, dict):
            if any(key.isdigit() for key in part):  # JavaScript puts them first
                raise Unsure
            part = list(part.values())
        for one in part:
            if isinstance(one, (list, dict)):
                waiting.append(one)
            elif isinstance(one, (float, Undefined)):
                return False
            else:
                scalar(one)
    return True


def rebuilt(value: Any) -> Any:
    """The value as that way leaves it."""
    if isinstance(value, dict):
        if any(key.isdigit() for key in value):
            raise Unsure
        return {key: rebuilt(one) for key, one in value.items() if one is not UNDEFINED}
    if isinstance(value, list):
        return [rebuilt(one) for one in value]
    return None if value is UNDEFINED else scalar(value)
