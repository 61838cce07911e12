"""Programs of others that the server runs, each in a session of its own, so that nothing of it outlives its use."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any


async def start(*command: str, **options: Any) -> asyncio.subprocess.Process:
    """Start a program. Raises OSError.

    A caller that is cancelled in the middle of this leaves no process behind: asyncio itself would end the program
    alone, and not what that has started already.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*command, start_new_session=True, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError):
            process = await starting
            end(process)
            await process.wait()
        raise


def end(process: asyncio.subprocess.Process) -> None:
    """End a program with all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
