"""What a job's result means for the job, and the results that the engine itself writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flexwm_nb.server.runners.failures import error, execution
from flexwm_nb.server.runners.jsonb import normalize

NO_REASON = "unexplicited reasons"
TIMED_OUT = "job process terminated due to timeout after exceeding job-specific duration limit"
WM_LABELS, WM_FAILURE = "wm_labels", "wm_failure"
EMPTY = "{}"

__all__ = ["NO_REASON", "TIMED_OUT", "canceled", "error", "execution", "interpret", "terminated", "worn_out"]


def canceled(by: str, reason: str) -> str:
    """The result of a job that was cancelled before it ran."""
    message = f"Job canceled: {reason} by {by}"
    body = {"name": "Canceled", "reason": reason, "message": message, "canceler": by}
    return json.dumps({"error": body}, ensure_ascii=False)


def terminated(by: str, reason: str) -> str:
    """Why a cancelled job's process was ended."""
    return f"job process terminated due to cancelled by {by} (reason: {reason})"


def worn_out(starts: int) -> str:
    """The result of a job that the engine's own end interrupted too often."""
    return execution(
        f"Job ended after the engine stopped {starts} times while it ran. If the job itself brings the engine down, "
        "run it in smaller parts, else start it again"
    )


def interpret(success: bool, result: str) -> tuple[bool, str, str | None]:
    """Success, result and labels, where the result's special fields are heeded."""
    if not result.startswith("{") or not (WM_LABELS in result or WM_FAILURE in result):
        return success, result, None
    fields: Mapping[str, Any] = json.loads(result)
    found = fields.get(WM_LABELS)
    labels = None
    if isinstance(found, list):
        labels = json.dumps([label for label in found if isinstance(label, str)], ensure_ascii=False)
    message = fields.get(WM_FAILURE)
    if success and isinstance(message, str):
        marked = {**fields, "error": {"name": "ManualFailure", "message": message}}
        return False, normalize(json.dumps(marked, ensure_ascii=False)), labels
    return success, result, labels
