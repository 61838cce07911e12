"""httpx, imported without its command line."""

from __future__ import annotations

import sys

COMMAND_LINE = "httpx._main"

# httpx's own command line pulls in click and rich, more than half of its import time, and nothing here uses it.
if "httpx" not in sys.modules:
    sys.modules[COMMAND_LINE] = None  # type: ignore[assignment]
    try:
        import httpx
    finally:
        sys.modules.pop(COMMAND_LINE, None)
else:
    import httpx

__all__ = ["httpx"]
