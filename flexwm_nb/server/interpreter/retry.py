"""Whether and when a failed module is tried again."""

from __future__ import annotations

import json

from flexwm_nb.server.flows.openflow import Retry
from flexwm_nb.server.interpreter.draft import Draft
from flexwm_nb.server.interpreter.messages import Asking, Evaluate, JsonText
from flexwm_nb.server.interpreter.state import RetryState

LONGEST = 6 * 3600.0  # seconds
PERCENT = 100


def delay(retry: Retry, failures: int, chance: float) -> float | None:
    """Seconds until the next try after so many earlier failures; None = no more. `chance` is from 0 to 1."""
    if failures < retry.constant.attempts:
        return min(float(retry.constant.seconds), LONGEST)
    growing = retry.exponential
    if failures - retry.constant.attempts >= growing.attempts:
        return None
    try:
        wait = float(growing.multiplier * growing.seconds ** (failures + 1))
    except OverflowError:
        wait = LONGEST
    if growing.random_factor:
        wait *= 1 + (2 * chance - 1) * min(abs(growing.random_factor), PERCENT) / PERCENT
    return min(max(wait, 0.0), LONGEST)


def wanted(draft: Draft, result: str) -> Asking[float | None]:
    """Seconds until the present module is tried again after this result; None = not at all. Raises Unevaluated."""
    retry = draft.module.retry
    if retry is None:
        return None
    failures = draft.state.retry.fail_count if draft.state.retry else 0
    wait = delay(retry, failures, draft.chance())
    if wait is None or retry.retry_if is None:
        return wait
    found = json.loads(result)
    names = {
        "flow_input": JsonText(draft.arguments),
        "result": found,
        "previous_result": found,
        "error": found.get("error") if isinstance(found, dict) else None,
    }
    again = yield Evaluate(expression=f"Boolean({retry.retry_if.expr})", names=names, results=False)
    return wait if again else None


def count(draft: Draft, job: str) -> None:
    """Note one more failure of the present module."""
    before = draft.state.retry or RetryState(0, [])
    draft.change(retry=RetryState(before.fail_count + 1, [*before.failed_jobs, job]))


def failed(draft: Draft) -> list[str] | None:
    """The failed tries that are counted, as the present module's status names them."""
    if draft.state.retry is None or draft.status.parallel:
        return None
    return draft.state.retry.failed_jobs or None


def forget(draft: Draft) -> None:
    """A module has succeeded: the count begins anew. What fails for good leaves it, as Windmill does."""
    if draft.state.retry is not None and draft.state.retry.fail_count:
        draft.change(retry=None)


def begin_anew(draft: Draft, retry: Retry | None) -> None:
    """Count the failures of a failure module that is tried again by itself."""
    if retry is not None and (retry.constant.attempts or retry.exponential.attempts):
        draft.change(retry=RetryState(0, []))
