"""Which Python a python3 script runs with: that of the kernel which registered it, as its request's header says."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.requests import Request

from flexwm_nb.handshake import INTERPRETER_HEADER
from flexwm_nb.server.web.failures import bad_request


def requested(request: Request) -> str | None:
    """The Python that the request's header names. Raises Failure 400 when none is there."""
    text = request.headers.get(INTERPRETER_HEADER)
    if not text:
        return None
    if not Path(text).is_absolute() or not Path(text).is_file() or not os.access(text, os.X_OK):
        why = f"{text} is not an executable on this machine. Give its absolute path"
        raise bad_request(f"{INTERPRETER_HEADER}: {why}")
    return text
