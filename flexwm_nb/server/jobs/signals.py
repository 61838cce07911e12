"""Telling those who follow a job that something about it has changed."""

from __future__ import annotations

import asyncio


class Signals:
    """Wakes waiters by job. All in the event loop's thread."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def notify(self, job_id: str) -> None:
        """Wake everybody who waits for this job."""
        for future in self._waiting.pop(job_id, ()):
            if not future.done():
                future.set_result(None)

    def expect(self, job_id: str) -> asyncio.Future[None]:
        """What is done at the job's next change. Take it before looking at the job, so that no change is missed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, set()).add(future)
        return future

    def forget(self, job_id: str, future: asyncio.Future[None]) -> None:
        """Wait no longer."""
        future.cancel()
        waiting = self._waiting.get(job_id)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[job_id]
