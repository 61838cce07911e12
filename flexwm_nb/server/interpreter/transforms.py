"""Values of input transforms and of other expressions of a module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flexwm_nb.server.flows.openflow import JavaScript, Static, Transform, Transforms
from flexwm_nb.server.interpreter.draft import Draft, dump, error
from flexwm_nb.server.interpreter.messages import Asking, Broken, Evaluate, Unevaluated
from flexwm_nb.server.runners.jsonb import Unstorable
from flexwm_nb.server.web import serde

ISOLATED = "Error during isolated evaluation of expression `{}`:\n{}"
PROBLEM = "Error: {problem}"
EVALUATION = "Error during evaluation of expression `{expression}`:\n{problem}"
NO_NUMBER = "Error parsing result as {}: {}. Value was: {}"
WHOLE = {"i32": (-(2**31), 2**31 - 1), "u16": (0, 2**16 - 1)}  # Windmill's kinds of whole numbers


class Unmade(Exception):
    """Arguments could not be made; `result` is what the step returns instead."""

    def __init__(self, result: str) -> None:
        """Keep the result."""
        super().__init__(result)
        self.result = result


def arguments(transforms: Transforms, names: Mapping[str, Any]) -> Asking[str]:
    """The arguments that transforms make, as JSON. Raises Unmade."""
    made: dict[str, Any] = {}
    for name, transform in transforms.items():
        if isinstance(transform, Static):
            made[name] = json.loads(bytes(transform.value))
        elif isinstance(transform, JavaScript):
            made[name] = yield from _argument(transform.expr, names)
    try:
        return dump(made) if made else "{}"
    except (Unstorable, RecursionError) as problem:
        raise Unmade(error("ExecutionErr", f"error returned from database: {problem}")) from None


def _argument(expression: str, names: Mapping[str, Any]) -> Asking[Any]:
    try:
        return (yield Evaluate(expression=expression, names=names))
    except Unevaluated as problem:
        raise Unmade(error("ExecutionErr", ISOLATED.format(expression, problem))) from None


def value(transform: Transform, names: Mapping[str, Any], *, results: bool = True, said: str = PROBLEM) -> Asking[Any]:
    """The value of a transform that belongs to the flow itself. Raises Broken."""
    if isinstance(transform, Static):
        return json.loads(bytes(transform.value))
    expression = transform.expr if isinstance(transform, JavaScript) else ""
    return (yield from evaluate(expression, names, results=results, said=said))


def evaluate(expression: str, names: Mapping[str, Any], *, results: bool = True, said: str = PROBLEM) -> Asking[Any]:
    """The value of an expression that belongs to the flow itself. Raises Broken, with what is `said` of the problem."""
    try:
        return (yield Evaluate(expression=expression, names=names, results=results))
    except Unevaluated as problem:
        raise Broken(said.format(expression=expression, problem=problem)) from None


def holds(expression: str, names: Mapping[str, Any], *, results: bool = True) -> Asking[bool]:
    """Whether a predicate holds. Raises Broken."""
    return bool((yield from evaluate(f"Boolean({expression})", names, results=results)))


def number(transform: int | Transform, names: Mapping[str, Any], kind: str) -> Asking[int]:
    """A whole number, of one of the kinds in WHOLE. Raises Broken."""
    found = transform if isinstance(transform, int) else (yield from value(transform, names, said=EVALUATION))
    if type(found) is float and found.is_integer():
        found = int(found)
    low, high = WHOLE[kind]
    if type(found) is not int or not low <= found <= high:
        raise Broken(NO_NUMBER.format(kind, invalid(found, kind), json.dumps(found, ensure_ascii=False)))
    return found


def seconds(transform: int | Transform, names: Mapping[str, Any]) -> Asking[int]:
    """A time in whole seconds, which is not negative. Raises Broken."""
    found = yield from number(transform, names, "i32")
    if found < 0:
        raise Broken("Timeout value cannot be negative")
    return found


def sleep(draft: Draft, transform: Transform) -> Asking[float]:
    """How long to wait before a module starts, in seconds. Raises Broken."""
    try:
        found = yield from value(transform, draft.names(result=True), results=False, said=EVALUATION)
    except Broken as problem:
        raise Broken(f"Expected a number value, had error instead: ExecutionErr({_quoted(str(problem))})") from None
    if type(found) not in (int, float) or found < 0:
        raise Broken(f"Expected an integer, found: {_as_rust(found)}")
    return float(found)


def invalid(value: Any, expected: str) -> str:
    """What Windmill's reader says of a value of another kind than it expected."""
    wrong = "value" if type(value) is int and expected in WHOLE else "type"
    column = 0 if isinstance(value, (dict, list)) else len(json.dumps(value, ensure_ascii=False).encode())
    return f"invalid {wrong}: {serde.describe(value)}, expected {expected} at line 1 column {column}"


def _quoted(text: str) -> str:
    """Text as Rust shows it to programmers."""
    return json.dumps(text, ensure_ascii=False)


def _as_rust(value: Any) -> str:
    """A JSON value as Rust shows it to programmers; a number stands alone."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return f"Bool({json.dumps(value)})"
    if isinstance(value, str):
        return f"String({_quoted(value)})"
    if isinstance(value, list):
        return f"Array [{', '.join(_inside(item) for item in value)}]"
    if isinstance(value, dict):
        return f"Object {{{', '.join(f'{_quoted(name)}: {_inside(item)}' for name, item in value.items())}}}"
    return json.dumps(value)


def _inside(value: Any) -> str:
    plain = _as_rust(value)
    return f"Number({plain})" if type(value) in (int, float) else plain
