"""What becomes of a result that a process gave as JSON."""

from __future__ import annotations

import json

from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import RunRequest
from flexwm_nb.server.runners.jsonb import normalize

REFUSED = ("\\u0000", "\\ud")  # in a text that jsonb may refuse


def with_stream(text: str, stream: str) -> str:
    """The result where the job streamed: in place of null, or as `wm_stream` of an object. Raises Unstorable."""
    if not stream:
        return text
    if text == "null":
        return json.dumps(stream, ensure_ascii=False)
    if text.startswith("{"):
        return normalize(json.dumps({**json.loads(text), "wm_stream": stream}, ensure_ascii=False))
    return text


def checked(request: RunRequest, text: str) -> tuple[bool, str]:
    """Success and the result, which is in jsonb's form already. Raises Unstorable."""
    limit = request.limits.result_bytes
    if len(text) > limit:
        return False, failures.too_large(limit, size=len(text), step=request.flow_step_id)
    return True, normalize(text) if any(part in text for part in REFUSED) else text
