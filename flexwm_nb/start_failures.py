"""Why a server did not start, as it says so to the process that started it."""

from __future__ import annotations

import json

from flexwm_nb import errors
from flexwm_nb.errors import FlexwmError


def encode(error: FlexwmError) -> bytes:
    """The error as one document."""
    said = {"kind": type(error).__name__, "what": error.what, "why": error.why, "remedy": error.remedy}
    return json.dumps(said).encode()


def decode(said: bytes) -> FlexwmError | None:
    """The error again; None for what is none."""
    try:
        found = json.loads(said)
        kind = getattr(errors, found["kind"])
        if not issubclass(kind, FlexwmError):
            return None
        error: FlexwmError = kind(found["what"], why=found["why"], remedy=found["remedy"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return error
