"""The keeper: a process that runs a database and a Windmill for as long as a session is connected to it.

Sessions come in at a Unix socket and stay; each is sent a line of JSON whenever something changes. When the last has
left, also because its kernel was killed, all is stopped. What crashes is started again, later each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from flexwm_nb import start_failures
from flexwm_nb.backends.managed import children, interpreter, postgres, windmill
from flexwm_nb.backends.managed.children import Child
from flexwm_nb.backends.managed.places import Places
from flexwm_nb.errors import EngineNotReady, FlexwmError, StoreFull
from flexwm_nb.handshake import READY

FIRST_SESSION = 20.0  # seconds for the one who started this to come in
LINGER = 2.0  # seconds after the last one has left
START_TIMEOUT = 180.0  # seconds for Windmill to answer: the first time it makes its tables
DATABASE_TIMEOUT = 60.0  # seconds; it may have to go through its journal after a crash
NAME_TIMEOUT = 2.0  # seconds to look a name up
LOOK = 0.05  # seconds between two looks
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a program that ended is started again
STEADY = 60.0  # seconds after which an earlier end does not count any more
MOST_FAILURES = 6
PORT_TRIES = 3
STOP = b"stop"  # what a session says to end the engine for everybody
FULL = "No space left on device"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What to run."""

    folder: str
    program: str
    port: int  # 0 = any free one
    workers: int
    database_url: str | None = field(repr=False)  # None = one of our own

    def write(self, path: Path) -> None:
        """Leave them for the keeper, readable by nobody else."""
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file)

    @classmethod
    def take(cls, path: Path) -> Orders:
        """Read them and take the file away: it may hold a password."""
        orders = cls(**json.loads(path.read_text()))
        path.unlink()
        return orders


@dataclass(slots=True, kw_only=True)
class Status:
    """How it stands, as sessions are told."""

    state: str = "starting"  # starting, ready, restarting or failed
    steps: list[str] = field(default_factory=list)
    url: str = ""
    version: str = ""
    error: str = ""

    def line(self) -> bytes:
        """For the wire."""
        return json.dumps(asdict(self)).encode() + b"\n"


class Keeper:
    """Runs the programs and tells the sessions."""

    def __init__(self, orders: Orders) -> None:
        """Nothing runs yet."""
        self._orders = orders
        self._places = Places(Path(orders.folder))
        self._status = Status()
        self._sessions: set[asyncio.StreamWriter] = set()
        self._last_left = time.monotonic() + FIRST_SESSION - LINGER
        self._stop = asyncio.Event()
        self._database: Child | None = None
        self._windmill: Child | None = None
        self._port = orders.port

    async def run(self, ready: int) -> None:
        """Listen, run the programs, and stop them when nobody is left."""
        path = self._places.socket
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._session, path=path)
        path.chmod(PRIVATE_FILE)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        os.write(ready, READY)
        os.close(ready)
        work = asyncio.create_task(self._work())
        try:
            await self._until_left(work)
        finally:
            work.cancel()
            path.unlink(missing_ok=True)  # who comes now starts another
            await self._end()
            server.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one session until it leaves."""
        self._sessions.add(writer)
        writer.write(self._status.line())
        with contextlib.suppress(OSError):
            while said := await reader.readline():
                if said.strip() == STOP:
                    self._stop.set()
        self._sessions.discard(writer)
        self._last_left = time.monotonic()
        writer.close()

    def _tell(self, state: str | None = None, step: str | None = None) -> None:
        """Tell every session how it stands."""
        self._status.state = state or self._status.state
        self._status.steps += [step] if step else []
        print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {self._status.state} {step or ''}", flush=True)
        for writer in self._sessions:
            writer.write(self._status.line())

    async def _until_left(self, work: asyncio.Task[None]) -> None:
        """Wait until all is to be stopped."""
        while not (self._stop.is_set() or work.done()):
            if not self._sessions and time.monotonic() - self._last_left > LINGER:
                return
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stop.wait(), LOOK)

    async def _work(self) -> None:
        """Keep it running; where that is in vain, say why."""
        try:
            await self._keep()
        except (FlexwmError, OSError) as error:
            self._status.error = start_failures.encode(_typed(error)).decode()
            self._tell("failed")

    async def _keep(self) -> None:
        """Run both programs; when one ends, start it again, later each time. Raises FlexwmError and OSError."""
        failures, pause = 0, FIRST_PAUSE
        while True:
            database = self._orders.database_url or await self._own_database()
            began = time.monotonic()
            await self._start_windmill(database, again=failures > 0)
            await self._first_end()
            failures = 1 if time.monotonic() - began > STEADY else failures + 1
            pause = FIRST_PAUSE if failures == 1 else min(pause * 2, LONGEST_PAUSE)
            if failures > MOST_FAILURES:
                raise self._failure("Windmill ends again and again")
            self._tell("restarting", f"Windmill ended, starting it again in {pause:g} s")
            await asyncio.sleep(pause)

    async def _own_database(self) -> str:
        """The own database, running; how to come in. Raises DatabaseUnusable and OSError."""
        cluster = postgres.cluster(self._places.folder)
        if self._database is not None and self._database.runs:
            return cluster.url
        log = self._places.database_log
        if cluster.left_over is not None:
            os.kill(cluster.left_over, signal.SIGINT)
            await _until(lambda: cluster.left_over is None, DATABASE_TIMEOUT)
        if cluster.is_new:
            self._tell(step=f"PostgreSQL {cluster.version} makes a database")
            made = await Child.start("initdb", cluster.initialise, log=log, user=cluster.user)
            await made.ended()
            if made.status != 0:
                raise self._failure("The database cannot be made", log)
        self._database = await Child.start(
            "PostgreSQL", cluster.command, log=log, user=cluster.user, gentle=signal.SIGINT
        )
        child = self._database
        if not await _until(lambda: cluster.is_ready or not child.runs, DATABASE_TIMEOUT) or not child.runs:
            raise self._failure("The database does not start", log)
        self._tell(step=f"PostgreSQL {cluster.version} up")
        return cluster.url

    async def _start_windmill(self, database: str, *, again: bool) -> None:
        """Start it and wait until it answers. Raises EngineNotReady, PortTaken and StoreFull."""
        if self._windmill is not None:
            await self._windmill.stop()
        self._places.work.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        interpreter.lend(self._places.work)
        for left in reversed(range(PORT_TRIES)):
            port = self._port if again and self._port else windmill.free_port(self._orders.port)
            told = windmill.environment(
                port=port,
                database=database,
                workers=self._orders.workers,
                folder=self._places.work,
                downloads=await _can_download(),
            )
            log = self._places.windmill_log
            child = await Child.start("Windmill", [self._orders.program], log=log, environment=told)
            self._windmill, self._port = child, port
            if version := await self._answer(child, port):
                self._status.url, self._status.version = f"http://{windmill.HOST}:{port}", version
                self._tell("ready", f"Windmill {version} up on {windmill.HOST}:{port}")
                return
            if not ("address already in use" in child.log_tail().lower() and self._orders.port == 0 and left):
                break
        if again and not child.runs:
            return
        raise self._failure("Windmill ended at its start" if not child.runs else "Windmill does not get ready")

    async def _answer(self, child: Child, port: int) -> str | None:
        """The version that it answers with; None where it ended, or does not answer in time."""
        deadline = time.monotonic() + START_TIMEOUT
        while child.runs and time.monotonic() < deadline:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                if version := await asyncio.wait_for(_ask_version(port), 5):
                    return version
            await asyncio.sleep(LOOK)
        return None

    async def _first_end(self) -> None:
        """Wait until one of the programs has ended."""
        running = [child.ended() for child in (self._windmill, self._database) if child is not None]
        await _first(running)

    def _failure(self, what: str, log: Path | None = None) -> FlexwmError:
        """Why a program does not run, from its log."""
        log = log or self._places.windmill_log
        tail = children.tail(log)
        if FULL in tail:
            return StoreFull(why=f"{self._places.folder}: {FULL}")
        return EngineNotReady(what, why=children.telling(tail), remedy=f"See {log}", log=tail)

    async def _end(self) -> None:
        """Stop everything: first what uses the database, then it."""
        if self._windmill is not None:
            await self._windmill.stop()
        children.kill_orphans(spared={self._database.pid} if self._database else set())
        if self._database is not None:
            await self._database.stop()


async def _ask_version(port: int) -> str | None:
    """What a Windmill there answers when it is asked for its version."""
    reader, writer = await asyncio.open_connection(windmill.HOST, port)
    try:
        host = f"{windmill.HOST}:{port}"
        writer.write(f"GET /api/version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return body.decode(errors="replace").strip() if b" 200 " in head[:20] else None


async def _can_download() -> bool:
    """Whether Pythons can be had from outside: through a proxy, or by a name that is known here."""
    if os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
        return True
    try:
        await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo(windmill.PYTHONS, 443), NAME_TIMEOUT)
    except (OSError, asyncio.TimeoutError):
        return False
    return True


async def _until(happened: Callable[[], bool], seconds: float) -> bool:
    """Look now and then whether something has happened; whether it did in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK)
    return True


async def _first(waiting: Sequence[Awaitable[None]]) -> None:
    """Wait for the first of them."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _typed(error: FlexwmError | OSError) -> FlexwmError:
    if isinstance(error, FlexwmError):
        return error
    return EngineNotReady("The managed engine cannot be started", why=str(error), remedy="Check FLEXWM_MANAGED_FOLDER")


def main() -> None:
    """Keep what the orders name: `python -m flexwm_nb.backends.managed.keeper ORDERS --ready-fd N`."""
    children.adopt_orphans()
    orders, ready = Path(sys.argv[1]), int(sys.argv[3])
    asyncio.run(Keeper(Orders.take(orders)).run(ready))


if __name__ == "__main__":
    main()
