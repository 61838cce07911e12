"""uvicorn, imported without its command line.

uvicorn's package takes its command line in, and that click: a tenth of a server's start, for which a notebook waits.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from types import ModuleType

COMMAND_LINE = "uvicorn.main"
EXPORTED = ("Server", "main", "run")  # what uvicorn's package takes from there

if "uvicorn" not in sys.modules:
    stand_in = ModuleType(COMMAND_LINE)
    stand_in.__dict__.update(dict.fromkeys(EXPORTED))
    sys.modules[COMMAND_LINE] = stand_in
    try:
        from uvicorn.config import Config
        from uvicorn.server import Server
    finally:
        del sys.modules[COMMAND_LINE]
else:
    from uvicorn.config import Config
    from uvicorn.server import Server

__all__ = ["Config", "Server"]


def of_interest(record: logging.LogRecord) -> bool:
    """Whether a line of the log tells something: that a request which still waited ended with the server does not."""
    kind = record.exc_info[0] if record.exc_info else None
    return not (kind is not None and issubclass(kind, asyncio.CancelledError))


logging.getLogger("uvicorn.error").addFilter(of_interest)
