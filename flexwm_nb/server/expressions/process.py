"""The server's end of a process that evaluates JavaScript."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import msgspec

PROGRAM = Path(__file__).parent / "program.py"
HEAD = struct.Struct("!I")
ENGINE = "quickjs"
KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of the server's environment: what the interpreter itself needs

Answer = Callable[[str, str], Awaitable[bytes]]  # to a question of the kind about the name: JSON


class Ended(Exception):
    """The process ended before it answered. `late` says that its time was up."""

    def __init__(self, *, late: bool) -> None:
        """Say why."""
        super().__init__("the process that evaluates expressions has ended")
        self.late = late


class EngineProcess(asyncio.Protocol):
    """One such process. It serves one evaluation at a time."""

    def __init__(self, child: subprocess.Popen[bytes], time_limit: float) -> None:
        """Watch the child; `start` makes it."""
        self.alive = True
        self.evaluations = 0  # begun so far
        self._child = child
        self._time_limit = time_limit
        self._late = False
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] | None = None
        self._buffer = bytearray()
        self._waiting: asyncio.Future[bytes] | None = None

    @classmethod
    async def start(cls, *, memory_limit: int, time_limit: float) -> EngineProcess:
        """Start one. Raises OSError when it cannot be."""
        ours, its = socket.socketpair()
        try:
            options = its.fileno(), engine_directory(), memory_limit, time_limit
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(PROGRAM), *map(str, options)],
                pass_fds=[its.fileno()],
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                cwd="/",
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            its.close()
        _, process = await asyncio.get_running_loop().create_connection(lambda: cls(child, time_limit), sock=ours)
        return process

    @property
    def pid(self) -> int:
        """Its number."""
        return self._child.pid

    async def evaluate(self, message: bytes, answer: Answer) -> tuple[bytes, bytes]:
        """How it ended, and the text of that. Raises Ended. Who is cancelled meanwhile ends the process."""
        self.evaluations += 1
        timer = self._loop.call_later(self._time_limit, self._expire)
        try:
            self._send(message)
            while (said := await self._next())[:1] == b"a":
                kind, name = msgspec.json.decode(said[1:])
                self._send(await answer(kind, name))
            return said[:1], said[1:]
        except BaseException:
            self.kill()
            raise
        finally:
            timer.cancel()

    def kill(self) -> None:
        """End it at once."""
        if self.alive:
            self._transport.abort()
            self._lost()

    async def close(self) -> None:
        """End it, and see it gone."""
        self.kill()
        if self._ended is not None:
            await self._ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember how to talk to it."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on what it said, once it is whole."""
        self._buffer += data
        if len(self._buffer) < HEAD.size:
            return
        size = HEAD.size + HEAD.unpack_from(self._buffer)[0]
        if len(self._buffer) >= size and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(bytes(self._buffer[HEAD.size : size]))
            del self._buffer[:size]

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended by itself."""
        self._lost()

    def _send(self, message: bytes) -> None:
        if self.alive:
            self._waiting = self._loop.create_future()
            self._transport.writelines([HEAD.pack(len(message)), message])

    async def _next(self) -> bytes:
        if not self.alive or self._waiting is None:
            raise Ended(late=self._late)
        return await self._waiting

    def _expire(self) -> None:
        self._late = True
        self.kill()

    def _lost(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self._child.kill()
        self._ended = self._loop.run_in_executor(None, self._child.wait)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Ended(late=self._late))


def engine_directory() -> str:
    """Where the engine is installed. Raises OSError when it is not."""
    found = find_spec(ENGINE)
    if found is None or found.origin is None:
        raise FileNotFoundError("the JavaScript engine is not installed: pip install quickjs-ng")
    return str(Path(found.origin).parent.parent)
