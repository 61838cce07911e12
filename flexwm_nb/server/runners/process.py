"""One running job: its process, its output, its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from flexwm_nb.server.isolation.limits import Limits
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, Outcome, Runner, RunRequest
from flexwm_nb.server.runners.jsonb import Unstorable
from flexwm_nb.server.runners.output import Output
from flexwm_nb.server.runners.zygotes import Exit, Spare, Zygote, remove_directory, remove_small

HEAD = struct.Struct("!I")
FRAME = struct.Struct("!cI")
BEGIN = b"\1"
ARGUMENTS = b"G"  # of a frame with what a preprocessor made
PROGRAM = b"P"  # of a frame with the name of what failed, where that is not the runner's program
COLUMNS = b"C"
CHUNK = 256 * 1024  # bytes read at once
USUAL = Limits()
LOST = "the job's process ended together with its launcher"


class RunningJob:
    """A job on a child of a zygote: it gets ready when ordered, and runs when it is told to begin."""

    _zygote: Zygote
    _spare: Spare

    def __init__(self, request: RunRequest, runner: Runner, output: Output) -> None:
        """`attach` gives it a child, `order` tells the child what to do."""
        self.pid: int | None = None
        self._request, self._runner, self._output = request, runner, output
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Outcome] = self._loop.create_future()
        self._frames: dict[bytes, str] = {}
        self._buffer = bytearray()
        self._reason: str | None = None
        self._exited = False
        self._reading = True

    def attach(self, zygote: Zygote, spare: Spare) -> None:
        """Watch this child, which has been taken."""
        self.pid, self._zygote, self._spare = spare.pid, zygote, spare
        self._loop.add_reader(spare.output, self._output_readable)
        self._loop.add_reader(spare.control.fileno(), self._control_readable)
        zygote.watch(spare.pid, self._ended, self._over)
        if self._request.limits != USUAL:
            zygote.hold(spare.pid, self._request.limits)

    @property
    def stream(self) -> str:
        """What the job has streamed of its result so far."""
        return self._output.stream

    async def order(self, order: dict[str, Any]) -> None:
        """Send what is to be done, so that the child gets ready for it."""
        with suppress(OSError):
            await self._loop.sock_sendall(self._spare.control, frame(order))

    def begin(self) -> None:
        """Let the job run."""
        with suppress(OSError):
            self._spare.control.send(BEGIN)
            self._spare.control.shutdown(socket.SHUT_WR)  # where the socket is the standard input, that has its end

    async def outcome(self) -> Outcome:
        """Wait for the end."""
        return await asyncio.shield(self._future)

    def terminate(self, reason: str, *, grace: float = 0.0) -> None:
        """End the whole tree for this reason, its error: SIGTERM first when `grace` (seconds) is set, then SIGKILL."""
        if self._future.done() or self._reason is not None:
            return
        self._reason = reason
        if grace > 0:
            self._zygote.kill(self._spare.pid, signal.SIGTERM)
            self._loop.call_later(grace, self._kill)
        else:
            self._kill()

    def _kill(self) -> None:
        if not self._exited:
            self._zygote.kill(self._spare.pid, signal.SIGKILL)

    def _over(self, limit: str, used: int) -> None:
        """The zygote ends the tree, as it uses too much."""
        if self._reason is None:
            self._reason = failures.excess(limit, used, self._request.limits.as_dict())

    def _output_readable(self) -> None:
        """Take output that has come."""
        try:
            data = os.read(self._spare.output, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._spare.output)
            self._reading = False
            return
        self._output.feed(data)
        if self._output.full:
            size = self._request.limits.output_bytes / 1e6
            self.terminate(f"the job wrote more than {size:.0f} MB of output, which is the limit. Write it to a file")

    def _control_readable(self) -> None:
        """Take frames of the wrapper."""
        try:
            data = self._spare.control.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._spare.control.fileno())
            return
        self._buffer += data
        while len(self._buffer) >= FRAME.size:
            kind, size = FRAME.unpack_from(self._buffer)
            if len(self._buffer) < FRAME.size + size:
                return
            self._frames[kind] = self._buffer[FRAME.size : FRAME.size + size].decode()
            del self._buffer[: FRAME.size + size]
        if b"Z" in self._frames:
            code, memory = map(int, self._frames[b"Z"].split())
            self._conclude(code, None, memory)

    def _ended(self, found: Exit) -> None:
        """The process is gone, with its whole tree."""
        self._exited = True
        if not self._future.done():
            self._control_readable_to_the_end()
        if not self._future.done():
            if found.status is None:
                self._reason = self._reason or LOST
                self._conclude(None, None, None)
            else:
                code = os.waitstatus_to_exitcode(found.status)
                self._conclude(max(code, 0) if code >= 0 else None, -code if code < 0 else None, found.memory_kb)
        self._clean()

    def _control_readable_to_the_end(self) -> None:
        """Take frames that arrived together with the news of the end."""
        before = -1
        while before != len(self._buffer) + len(self._frames) and not self._future.done():
            before = len(self._buffer) + len(self._frames)
            self._control_readable()

    def _conclude(self, code: int | None, number: int | None, memory: int | None) -> None:
        """Make the outcome of what the process left."""
        while self._reading and not self._output.full:
            before = self._output.size
            self._output_readable()
            if self._output.size == before:
                break
        self._output.feed(b"", final=True)
        success, result = self._judge(code, number, memory)
        outcome = Outcome(
            success=success,
            result=result,
            stream=self._output.stream or None,
            arguments=self._arguments(),
            columns=self._frames.get(COLUMNS) if success else None,
            memory_peak_kb=memory,
            exit_code=code,
        )
        if not self._future.done():
            self._future.set_result(outcome)

    def _judge(self, code: int | None, number: int | None, memory: int | None) -> tuple[bool, str]:
        """Success, and the result or error."""
        request, step = self._request, self._request.flow_step_id
        if self._reason is not None:
            return False, failures.execution(self._reason, step=step)
        if b"E" in self._frames:
            return False, failures.given(self._frames[b"E"])
        if b"U" in self._frames:
            return False, failures.unstorable(request.job_id, self._frames[b"U"])
        if b"X" in self._frames:
            return False, failures.execution(self._frames[b"X"], step=step)
        if number is not None:
            return False, self._runner.signalled(number, self._output.tail, step)
        if code:
            program = self._frames.get(PROGRAM, self._runner.program)
            return False, failures.exit_code(program, code, self._output.tail, step=step)
        try:
            return self._runner.result(request, self._ending(code, number, memory))
        except Unstorable as error:
            return False, failures.unstorable(request.job_id, str(error))

    def _arguments(self) -> str | None:
        """What a preprocessor made, where there is one."""
        if not self._request.preprocess or not self._runner.arguments_file:
            return self._frames.get(ARGUMENTS)
        data = read_regular(self._spare.directory / self._runner.arguments_file, self._request.limits.result_bytes)
        return data.decode("utf-8", "replace") or None

    def _ending(self, code: int | None, number: int | None, memory: int | None) -> Ending:
        limit = self._request.limits.result_bytes
        files = {name: read_regular(self._spare.directory / name, limit) for name in self._runner.result_files}
        return Ending(
            exit_code=code,
            signal=number,
            reply=self._frames.get(b"R"),
            output=self._output.tail,
            last_line=self._output.last_line,
            stream=self._output.stream,
            files={name: data for name, data in files.items() if data},
            memory_peak_kb=memory,
        )

    def _stop_watching(self) -> None:
        """Hear no more of the child."""
        self._loop.remove_reader(self._spare.output)
        self._loop.remove_reader(self._spare.control.fileno())

    def _clean(self) -> None:
        """Let go of everything the job had."""
        self._stop_watching()
        self._spare.close()
        if not remove_small(self._spare.directory):
            self._loop.run_in_executor(None, remove_directory, self._spare.directory)


def frame(order: dict[str, Any]) -> bytes:
    """An order as it is sent."""
    data = json.dumps(order).encode("utf-8", "surrogatepass")
    return HEAD.pack(len(data)) + data


def read_regular(path: Path, limit: int) -> bytes:
    """A regular file's content, at most one byte over the limit; nothing of a link, a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
