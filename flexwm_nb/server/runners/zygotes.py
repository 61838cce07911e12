"""The server's end of a zygote: ready children to run jobs on, and news of those that ended."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import socket
import struct
import subprocess
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flexwm_nb.server.isolation.confinement import Confinement
    from flexwm_nb.server.isolation.limits import Limits

PROGRAM = Path(__file__).parent / "zygote.py"
HEAD = struct.Struct("!I")
MOST_DESCRIPTORS = 64  # received at once
REST = 5.0  # seconds after the last job's start in which a zygote is not idle
FEW = 4  # files that are removed at once, without a thread
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "HOME")  # of the server's environment

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Spare:
    """A child that waits for a job."""

    pid: int
    control: socket.socket
    output: int  # descriptor of the pipe with its output
    directory: Path

    def close(self) -> None:
        """Let go of it: one that has no job ends."""
        self.control.close()
        os.close(self.output)


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended. `status` is as wait() gives it, None when nobody saw; `memory_kb` its peak."""

    status: int | None
    memory_kb: int | None


class Zygote:
    """One running zygote of one interpreter."""

    def __init__(self, interpreter: str, directory: Path, spares: int, confinement: Confinement) -> None:
        """Start it. Raises OSError when the interpreter cannot be executed."""
        ours, its = socket.socketpair()
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        try:
            policy = confinement.policy(interpreter)
            command = [interpreter, str(PROGRAM), str(its.fileno()), str(directory), str(spares), json.dumps(policy)]
            self.process = subprocess.Popen(
                confinement.command(policy, command),
                pass_fds=[its.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            its.close()
        ours.setblocking(False)
        self.alive = True
        self._ended: asyncio.Future[int] | None = None
        self._socket = ours
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()
        self._spares: deque[Spare] = deque()
        self._waiting: deque[asyncio.Future[Spare]] = deque()
        self._exits: dict[int, Callable[[Exit], None]] = {}
        self._overs: dict[int, Callable[[str, int], None]] = {}
        self._loop = asyncio.get_running_loop()
        self._taken_at = self._loop.time()
        self._loop.add_reader(ours.fileno(), self._readable)
        if doors := confinement.doors():
            self.open(doors)

    async def take(self) -> Spare:
        """A child for a job. Raises ConnectionError when the zygote is gone."""
        if not self.alive:
            raise ConnectionError("the zygote has ended")
        if self._spares:
            spare = self._spares.popleft()
        else:
            future: asyncio.Future[Spare] = self._loop.create_future()
            self._waiting.append(future)
            spare = await future
        self._send({"take": spare.pid})
        self._taken_at = self._loop.time()
        return spare

    @property
    def is_idle(self) -> bool:
        """Whether it has had no job for a while, and nobody waits for a child."""
        return not self._exits and not self._waiting and self._loop.time() - self._taken_at > REST

    def watch(self, pid: int, ended: Callable[[Exit], None], over: Callable[[str, int], None] | None = None) -> None:
        """Have `ended` called when that child has ended, and `over` before that if its tree has passed a limit."""
        self._exits[pid] = ended
        self._overs[pid] = over or (lambda limit, used: None)

    def open(self, doors: dict[str, str]) -> None:
        """Lead ports of a closed network to Unix sockets."""
        self._send({"doors": doors})

    def hold(self, pid: int, limits: Limits) -> None:
        """Hold a child's tree to other limits than the usual ones."""
        held = limits.as_dict()
        self._send({"hold": pid, "memory": held["memory_bytes"], "processes": held["processes"]})

    def kill(self, pid: int, number: int) -> None:
        """Send a signal to a running job's whole tree."""
        self._send({"kill": pid, "signal": number})

    async def close(self) -> None:
        """End it and everything it forked."""
        self._lost()
        if self._ended is not None:
            await self._ended

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        try:
            self._socket.sendall(HEAD.pack(len(data)) + data)
        except OSError:
            self._lost()

    def _readable(self) -> None:
        """Take what the zygote sent: frames, and descriptors with those about spares."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, 65536, MOST_DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        self._descriptors.extend(descriptors)
        self._buffer += data
        while len(self._buffer) >= HEAD.size:
            size = HEAD.size + HEAD.unpack_from(self._buffer)[0]
            if len(self._buffer) < size:
                break
            message = json.loads(self._buffer[HEAD.size : size])
            del self._buffer[:size]
            self._obey(message)
        if not data:
            self._lost()

    def _obey(self, message: dict[str, int | str]) -> None:
        """A spare is ready, a job's tree has passed a limit, or a child has ended."""
        if "spare" in message:
            control = socket.socket(fileno=self._descriptors.popleft())
            output = self._descriptors.popleft()
            control.setblocking(False)
            os.set_blocking(output, False)
            self._offer(Spare(int(message["spare"]), control, output, Path(str(message["directory"]))))
            return
        if "over" in message:
            if (over := self._overs.get(int(message["over"]))) is not None:
                over(str(message["limit"]), int(message["used"]))
            return
        pid = int(message["exit"])
        self._forget_spare(pid)
        self._overs.pop(pid, None)
        ended = self._exits.pop(pid, None)
        if ended is not None:
            ended(Exit(int(message["status"]), int(message["memory"])))

    def _offer(self, spare: Spare) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(spare)
                return
        self._spares.append(spare)

    def _forget_spare(self, pid: int) -> None:
        """A spare that ended before it had a job is none any more."""
        for spare in [found for found in self._spares if found.pid == pid]:
            self._spares.remove(spare)
            spare.close()
            remove_directory(spare.directory)

    def _lost(self) -> None:
        """The zygote is gone: tell everybody who waits for it."""
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._ended = self._loop.run_in_executor(None, self.process.wait)
        for spare in self._spares:
            spare.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())
        for future in self._waiting:
            if not future.done():
                future.set_exception(ConnectionError("the zygote has ended"))
        for ended in list(self._exits.values()):
            ended(Exit(None, None))
        self._exits.clear()
        self._overs.clear()


def remove_small(path: Path) -> bool:
    """Remove a directory that holds a few files at most, and say whether it is gone."""
    try:
        with os.scandir(path) as found:
            entries = list(islice(found, FEW + 1))
        if len(entries) > FEW or any(entry.is_dir(follow_symlinks=False) for entry in entries):
            return False
        for entry in entries:
            Path(entry.path).unlink()
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_directory(path: Path) -> None:
    """Remove a job's directory, never following links; what cannot be removed is named in the log."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("a job's directory cannot be removed: %s", error)
