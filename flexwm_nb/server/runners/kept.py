"""Processes that wait for jobs: started ahead of time for one job each, or kept for many, one by one.

A kept program reads orders from its control socket, each a length of four bytes and JSON, and answers in frames of a
kind, a length and a text (see `child` and, for programs in Python, `kept_program`): A as soon as it has the order, R
the result or E the error object, and Z, last, with the exit code and the peak memory; what the job printed is flushed
before. A job that is cancelled or timed out ends its process, and the next one gets another. A process that dies
before it took an order never had the job, which then goes to another.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Kept, Outcome, Runner, RunRequest
from flexwm_nb.server.runners.output import Output
from flexwm_nb.server.runners.process import CHUNK, RunningJob, frame
from flexwm_nb.server.runners.zygotes import Exit, Spare, Zygote, remove_directory

ATTEMPTS = 3  # processes that may die before one takes the job
MOST_IDLE = 16  # processes that wait, of all kinds; the one that waited longest makes room
REFILL_AFTER = 0.05  # seconds, so that the next one's start does not compete with the job that took the last
ACCEPTED = b"A"
BEGUN = ".begun"  # a file by which a program that cannot send says that it has its job


@dataclass(slots=True, eq=False)
class Held:
    """One process of a kind."""

    kept: Kept
    zygote: Zygote
    spare: Spare
    timer: asyncio.TimerHandle | None = None  # ends it
    gone: bool = False


class Pool:
    """The processes that wait."""

    def __init__(self, child: Callable[[str | None], Awaitable[tuple[Zygote, Spare]]]) -> None:
        """`child` takes a fresh child of an interpreter's zygote; it raises OSError."""
        self._child = child
        self._idle: list[Held] = []
        self._starting: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, kept: Kept) -> Held:
        """A process of that kind that lives. Raises OSError."""
        found = next((held for held in reversed(self._idle) if held.kept.key == kept.key), None)
        if kept.ahead:
            asyncio.get_running_loop().call_later(REFILL_AFTER, self._refill, kept)
        if found is not None:
            self._leave(found)
            return found
        for _ in range(ATTEMPTS):
            held = await self._start(kept)
            if not held.gone:
                return held
        raise OSError(f"{kept.order['command'][0] if 'command' in kept.order else 'the process'} ends as it starts")

    async def _start(self, kept: Kept) -> Held:
        zygote, spare = await self._child(kept.interpreter)
        held = Held(kept, zygote, spare)
        zygote.watch(spare.pid, lambda _: self._gone(held))
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(spare.control, frame(kept.order))
        return held

    def give_back(self, held: Held) -> None:
        """Let it wait for another job."""
        held.zygote.watch(held.spare.pid, lambda _: self._gone(held))
        held.timer = asyncio.get_running_loop().call_later(held.kept.idle, self._end, held)
        self._idle.append(held)
        if len(self._idle) > MOST_IDLE:
            self._end(self._idle[0])

    def end(self, key: str) -> None:
        """End those of a kind that wait."""
        for held in [held for held in self._idle if held.kept.key == key]:
            self._end(held)

    def _refill(self, kept: Kept) -> None:
        """Start as many as are to wait."""
        ready = sum(held.kept.key == kept.key for held in self._idle) + self._starting.get(kept.key, 0)
        for _ in range(kept.ahead - ready):
            self._starting[kept.key] = self._starting.get(kept.key, 0) + 1
            task = asyncio.ensure_future(self._start_ahead(kept))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _start_ahead(self, kept: Kept) -> None:
        try:
            with suppress(OSError):
                held = await self._start(kept)
                if not held.gone:
                    self.give_back(held)
        finally:
            self._starting[kept.key] -= 1

    def _leave(self, held: Held) -> None:
        """It waits no more."""
        if held in self._idle:
            self._idle.remove(held)
        if held.timer is not None:
            held.timer.cancel()
            held.timer = None

    def _end(self, held: Held) -> None:
        """End one that waits."""
        self._leave(held)
        held.zygote.kill(held.spare.pid, signal.SIGKILL)

    def _gone(self, held: Held) -> None:
        """One that had no job has ended."""
        held.gone = True
        self._leave(held)
        held.spare.close()
        asyncio.get_running_loop().run_in_executor(None, remove_directory, held.spare.directory)


class KeptJob(RunningJob):
    """A job on a process that stays when the job has ended."""

    def __init__(self, request: RunRequest, runner: Runner, output: Output, pool: Pool, kept: Kept) -> None:
        """It takes a process when it begins."""
        super().__init__(request, runner, output)
        self._pool, self._kept = pool, kept
        self._held: Held | None = None
        self._order = b""
        self._attempts = 0
        self._task: asyncio.Task[None] | None = None

    async def order(self, order: dict[str, Any]) -> None:
        """Keep what is to be done until the job begins."""
        self._order = frame(order)

    def begin(self) -> None:
        """Give the job to a process."""
        self._attempts += 1
        self._task = asyncio.ensure_future(self._give())

    async def _give(self) -> None:
        try:
            held = await self._pool.take(self._kept)
        except OSError as error:
            self._fail(f"no process can be started: {error}")
            return
        if self._future.done():
            self._pool.give_back(held)
            return
        drop_output(held.spare)
        self._held, self._reading, self._exited = held, True, False
        self.attach(held.zygote, held.spare)
        with suppress(OSError):
            await self._loop.sock_sendall(held.spare.control, self._order)

    def terminate(self, reason: str, *, grace: float = 0.0) -> None:
        """End the job and its process for this reason."""
        if self._held is None:
            self._fail(reason)
            return
        super().terminate(reason, grace=grace)

    def _fail(self, text: str) -> None:
        """End the job, which no process has."""
        if not self._future.done():
            result = failures.execution(text, step=self._request.flow_step_id)
            self._future.set_result(Outcome(success=False, result=result))

    def _ended(self, found: Exit) -> None:
        """The process is gone: another one may take a job that it never had."""
        if not self._future.done():
            self._control_readable_to_the_end()
        if self._future.done() or ACCEPTED in self._frames or self._reason or self._attempts >= ATTEMPTS:
            super()._ended(found)
            return
        self._held = None
        self._buffer.clear()
        self._clean()
        self.begin()

    def _conclude(self, code: int | None, number: int | None, memory: int | None) -> None:
        """Make the outcome, and let a process that lives wait for the next job."""
        super()._conclude(code, number, memory)
        if self._exited or self._reason is not None or self._held is None:
            return
        self._stop_watching()
        self._pool.give_back(self._held)
        self._held = None


class AheadJob(RunningJob):
    """A job on a process that was started ahead, for one job."""

    def __init__(
        self,
        request: RunRequest,
        runner: Runner,
        output: Output,
        pool: Pool,
        kept: Kept,
        furnish: Callable[[Path], None],
    ) -> None:
        """`furnish` makes what belongs in the job's directory."""
        super().__init__(request, runner, output)
        self._pool, self._kept, self._furnish = pool, kept, furnish
        self._order: dict[str, Any] = {}
        self._begun = False
        self._attempts = 0
        self._task: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Take a process. Raises OSError."""
        held = await self._pool.take(self._kept)
        self._attempts += 1
        self._furnish(held.spare.directory)
        self._reading, self._exited = True, False
        self.attach(held.zygote, held.spare)

    async def order(self, order: dict[str, Any]) -> None:
        """Send what is to be done, so that the process gets ready for it."""
        self._order = order
        await super().order(order)

    def begin(self) -> None:
        """Let the job run."""
        self._begun = True
        super().begin()

    def _ended(self, found: Exit) -> None:
        """The process is gone: another one may take a job that it never had."""
        if not self._future.done():
            self._control_readable_to_the_end()
        taken = bool(self._frames) or (self._spare.directory / BEGUN).exists()
        if self._future.done() or self._reason or taken or self._attempts >= ATTEMPTS:
            super()._ended(found)
            return
        self._buffer.clear()
        self._clean()
        self._task = asyncio.ensure_future(self._again())

    async def _again(self) -> None:
        """Give the job to another process."""
        try:
            await self.take()
        except OSError as error:
            result = failures.execution(f"no process can be started: {error}", step=self._request.flow_step_id)
            self._future.set_result(Outcome(success=False, result=result))
            return
        if self._reason is not None:
            self._kill()
            return
        await super().order(self._order)
        if self._begun:
            super().begin()


def drop_output(spare: Spare) -> None:
    """Forget what a process printed while it had no job."""
    with suppress(BlockingIOError):
        while os.read(spare.output, CHUNK):
            pass
