"""Preparing a job as a part of it: tools that resolve, install or build, their output in its log.

A runner whose `settle` gives None has its `make_ready` called when the job has begun, with a `Stage`: `note` writes a
banner, `run` runs a tool. The job's timeout and its cancel end the tool's whole group; a tool that fails is the job's
failure, in Windmill's words.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from flexwm_nb.server import processes
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Outcome, Runner, RunnerError, RunRequest, ToolFailed
from flexwm_nb.server.runners.output import Output

OWN = ("FLEXWM_", "WM_", "BASE_INTERNAL_URL", "DATABASE_URL")  # how names begin of variables with secrets
CHUNK = 64 * 1024  # bytes read at once
LOCKED = {"status": "Successful lock file generation"}  # beside a lock

log = logging.getLogger(__name__)


class Begun(Protocol):
    """A job that has, or will have, a process."""

    pid: int | None

    @property
    def stream(self) -> str:
        """What it has streamed of its result so far."""

    def begin(self) -> None:
        """Let it run."""

    async def outcome(self) -> Outcome:
        """Wait for its end."""

    def terminate(self, reason: str, *, grace: float = 0.0) -> None:
        """End it for this reason."""


def tool_environment() -> dict[str, str]:
    """The environment of tools: the server's, with proxies, registries and caches, less what is the server's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OWN)}


class Stage:
    """What a preparation works with."""

    def __init__(self, output: Output) -> None:
        """Write to this log."""
        self._output = output

    def note(self, text: str) -> None:
        """Put text in the log as it stands: a banner, a remark."""
        self._output.note(text)

    async def run(
        self,
        program: str,
        command: Sequence[str],
        folder: Path,
        environment: dict[str, str],
        *,
        inherit: Sequence[int] = (),
    ) -> None:
        """Run a tool in a folder, its output in the log; it gets the descriptors to `inherit`.

        Raises ToolFailed, and OSError when it cannot start.
        """
        process = await processes.start(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=inherit,
        )
        assert process.stdout is not None
        try:
            while data := await process.stdout.read(CHUNK):
                self._output.feed(data)
            code = await process.wait()
        finally:
            processes.end(process)
            self._output.feed(b"", final=True)
        if code:
            raise ToolFailed(program, code)


class StagedJob:
    """A job whose preparation is a part of it."""

    pid: int | None = None

    def __init__(
        self, request: RunRequest, runner: Runner, output: Output, place: Callable[[RunRequest], Awaitable[Begun]]
    ) -> None:
        """`place` gets a prepared request's process ready."""
        self._request, self._runner, self._output, self._place = request, runner, output, place
        self._job: Begun | None = None
        self._preparing: asyncio.Future[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    @property
    def stream(self) -> str:
        """What the job has streamed of its result so far."""
        return self._output.stream

    def begin(self) -> None:
        """Prepare the job, then let it run."""
        self._task = asyncio.ensure_future(self._through())

    async def outcome(self) -> Outcome:
        """Wait for the end."""
        return await asyncio.shield(self._future)

    def terminate(self, reason: str, *, grace: float = 0.0) -> None:
        """End the preparation, or the process that follows it."""
        if self._job is not None:
            self._job.terminate(reason, grace=grace)
            return
        if self._preparing is not None:
            self._preparing.cancel()
        self._fail(failures.execution(reason, step=self._request.flow_step_id))

    async def _through(self) -> None:
        """The preparation, and the job."""
        self._preparing = asyncio.ensure_future(self._runner.make_ready(self._request, Stage(self._output)))
        try:
            job = await self._place(await self._preparing)
        except asyncio.CancelledError:
            return
        except Exception as error:
            self._fail(self._explain(error))
            return
        self._job, self.pid = job, job.pid
        if self._future.done():
            job.terminate("the job has ended")
            return
        job.begin()
        self._future.set_result(await job.outcome())

    def _explain(self, error: Exception) -> str:
        """The job's result when its preparation ended so."""
        step = self._request.flow_step_id
        if isinstance(error, ToolFailed):
            return failures.exit_code(error.program, error.code, self._output.tail, step=step)
        if isinstance(error, RunnerError):
            return failures.execution(str(error), step=step)
        log.exception("job %s could not be prepared", self._request.job_id, exc_info=error)
        return failures.execution(f"Internal: {type(error).__name__}: {error}", step=step)

    def _fail(self, result: str) -> None:
        """End the job with this error."""
        if not self._future.done():
            self._future.set_result(Outcome(success=False, result=result))


class LockingJob(StagedJob):
    """A job that finds the lock of a script and is nothing else."""

    def __init__(self, request: RunRequest, runner: Runner, output: Output) -> None:
        """Its result is the lock."""
        super().__init__(request, runner, output, self._never)

    async def _through(self) -> None:
        """Find it."""
        finding = asyncio.ensure_future(self._runner.lock(self._request, Stage(self._output)))
        self._preparing = finding
        try:
            lock = await finding
        except asyncio.CancelledError:
            return
        except Exception as error:
            self._fail(self._explain(error))
            return
        if not self._future.done():
            result = json.dumps({"lock": lock, **LOCKED}, ensure_ascii=False)
            self._future.set_result(Outcome(success=True, result=result))

    @staticmethod
    async def _never(request: RunRequest) -> Begun:
        raise AssertionError("nothing follows a lock")
