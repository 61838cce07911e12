"""Conditions that end a flow, or break a loop, early."""

from __future__ import annotations

import json
from typing import Any

from flexwm_nb.server.flows.openflow import StopAfterIf
from flexwm_nb.server.interpreter.draft import Draft, dump
from flexwm_nb.server.interpreter.messages import Asking, Evaluate, JsonText, Stop, Unevaluated

EARLY = "EarlyStopError"


class Failed(Exception):
    """The condition ends the flow with an error; `result` is its result."""

    def __init__(self, result: str) -> None:
        """Keep the result."""
        super().__init__(result)
        self.result = result


def applies(draft: Draft, condition: StopAfterIf, result: str, **more: Any) -> Asking[Stop | None]:
    """The stop that a condition asks for after this result, None when it does not. Raises Failed."""
    names = draft.names(**more)
    names["result"] = names["previous_result"] = JsonText(result)
    try:
        found = yield Evaluate(expression=f"Boolean({condition.expr})", names=names)
    except Unevaluated as problem:
        raise Failed(json.dumps({"error": f"Error: {problem}"}, ensure_ascii=False)) from None
    if not found:
        return None
    if condition.error_message is not None and not condition.skip_if_stopped:
        raise Failed(_error(condition, result))
    return Stop(skip=condition.skip_if_stopped)


def _error(condition: StopAfterIf, result: str) -> str:
    error: dict[str, Any] = {
        "name": EARLY,
        "message": condition.error_message or f"stop after if: {condition.expr}",
    }
    if condition.error_include_result:
        error["result"] = json.loads(result)
    return dump({"error": error})
