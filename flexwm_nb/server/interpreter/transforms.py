"""Values of input transforms and of other expressions of a module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flexwm_nb.server.flows.openflow import JavaScript, Static, Transform, Transforms
from flexwm_nb.server.interpreter.draft import Draft, dump, error
from flexwm_nb.server.interpreter.messages import Asking, Broken, Evaluate, Unevaluated
from flexwm_nb.server.runners.jsonb import Unstorable

ISOLATED = "Error during isolated evaluation of expression `{}`:\n{}"


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


def value(transform: Transform, names: Mapping[str, Any], *, results: bool = True) -> Asking[Any]:
    """The value of a transform that belongs to the flow itself. Raises Broken."""
    if isinstance(transform, Static):
        return json.loads(bytes(transform.value))
    expression = transform.expr if isinstance(transform, JavaScript) else ""
    return (yield from evaluate(expression, names, results=results))


def evaluate(expression: str, names: Mapping[str, Any], *, results: bool = True) -> Asking[Any]:
    """The value of an expression that belongs to the flow itself. Raises Broken."""
    try:
        return (yield Evaluate(expression=expression, names=names, results=results))
    except Unevaluated as problem:
        raise Broken(str(problem)) from None


def holds(expression: str, names: Mapping[str, Any]) -> Asking[bool]:
    """Whether a predicate holds. Raises Broken."""
    return bool((yield from evaluate(f"Boolean({expression})", names)))


def seconds(transform: int | Transform, names: Mapping[str, Any]) -> Asking[int]:
    """A whole number that is not negative. Raises Broken."""
    found = transform if isinstance(transform, int) else (yield from value(transform, names))
    if type(found) is float and found.is_integer():
        found = int(found)
    if type(found) is not int or found < 0:
        raise Broken(f"Expected an integer, found: {json.dumps(found, ensure_ascii=False)}")
    return found


def sleep(draft: Draft, transform: Transform) -> Asking[float]:
    """How long to wait before a module starts. Raises Broken."""
    found = yield from value(transform, draft.names(result=True), results=False)
    if type(found) not in (int, float) or found < 0:
        raise Broken(f"Expected an integer, found: {json.dumps(found, ensure_ascii=False)}")
    return float(found)
