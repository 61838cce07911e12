"""Conditions that end a flow, or break a loop, early."""

from __future__ import annotations

import json
from typing import Any

from flexwm_nb.server.flows.openflow import StopAfterIf
from flexwm_nb.server.interpreter.draft import Draft, dump
from flexwm_nb.server.interpreter.messages import Asking, Evaluate, JsonText, Stop, Unevaluated

EARLY = "EarlyStopError"
UNREAD = "Error evaluating stop_after_all_iters_if expression `{}`: Error: {}"


class Failed(Exception):
    """The condition ends the flow with an error; `result` is its result, `early` tells that it was asked for."""

    def __init__(self, result: str, *, early: bool) -> None:
        """Keep the result."""
        super().__init__(result)
        self.result, self.early = result, early


def applies(draft: Draft, condition: StopAfterIf, result: str, **more: Any) -> Asking[Stop | None]:
    """The stop that a condition asks for after this result, None when it does not. Raises Failed."""
    try:
        found = yield from holds(draft, condition, result, **more)
    except Unevaluated as problem:
        raise Failed(json.dumps({"error": f"Error: {problem}"}, ensure_ascii=False), early=False) from None
    return _stop(condition, result) if found else None


def applies_to_all(draft: Draft, condition: StopAfterIf, result: str) -> Asking[Stop | None]:
    """The same for a condition on all iterations or branches. Raises Failed."""
    try:
        found = yield from holds(draft, condition, result)
    except Unevaluated as problem:
        raise Failed(_error(UNREAD.format(condition.expr, problem)), early=True) from None
    return _stop(condition, result) if found else None


def holds(draft: Draft, condition: StopAfterIf, result: str, **more: Any) -> Asking[bool]:
    """Whether a condition holds after this result. Raises Unevaluated."""
    names = draft.names(**more)
    names["result"] = names["previous_result"] = JsonText(result)
    return bool((yield Evaluate(expression=f"Boolean({condition.expr})", names=names)))


def _stop(condition: StopAfterIf, result: str) -> Stop:
    if condition.error_message is not None and not condition.skip_if_stopped:
        message = condition.error_message or f"stop after if: {condition.expr}"
        more = {"result": json.loads(result)} if condition.error_include_result else {}
        raise Failed(_error(message, **more), early=True)
    return Stop(skip=condition.skip_if_stopped)


def _error(message: str, **more: Any) -> str:
    return dump({"error": {"name": EARLY, "message": message, **more}})
