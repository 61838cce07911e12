"""A server's life: it takes the store, listens, says where it is, leaves when idle or told to, and drains."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from flexwm_nb.errors import StoreLocked, StoreUnwritable
from flexwm_nb.handshake import PROTOCOL, READY, VERSION
from flexwm_nb.server.clock import render_time
from flexwm_nb.server.context import Context
from flexwm_nb.server.settings import Settings
from flexwm_nb.server.web.listening import Config, Server

LONGEST_CHECK = 5.0  # seconds between looks at whether the server is idle
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

log = logging.getLogger(__name__)


class StoreLock:
    """The right to be the one process that opens a store: a lock that the system drops with the process."""

    def __init__(self, store: Path) -> None:
        """Make the store's directory and take it. Raises StoreLocked or StoreUnwritable."""
        try:
            store.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            self._file = _open_private(store / "store.lock")
        except OSError as error:
            raise StoreUnwritable(why=str(error), path=str(store)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            raise StoreLocked(why=f"{store} belongs to {self._file.read().strip() or 'another server'}") from None
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()}, started {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n")
        self._file.flush()

    def release(self) -> None:
        """Give the store back."""
        self._file.close()


def _open_private(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE), "r+")


class _Listener(Server):
    """uvicorn, told by us when it has started and when to stop."""

    def __init__(self, config: Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the lifecycle, which drains first."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell others."""
        await super().startup(sockets=sockets)
        self._lifecycle.announce()


class Lifecycle:
    """Runs one server from its start to its end."""

    def __init__(self, settings: Settings, context: Context) -> None:
        """Prepare; `serve` does it."""
        self.settings, self.context = settings, context
        self.url = ""
        self._listener: _Listener | None = None
        self._open = 0
        self._last_used = time.monotonic()
        self._stopping: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """A client is being served meanwhile."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            self._last_used = time.monotonic()

    async def serve(self, application: Any) -> None:
        """Listen until told to stop."""
        config = Config(
            application,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=120,
            timeout_graceful_shutdown=2,
        )
        tcp, unix = self._bind()
        self._listener = _Listener(config, self)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        watch = asyncio.create_task(self._watch()) if self.settings.idle_timeout else None
        try:
            await self._listener.serve(sockets=[tcp, unix])
        finally:
            if watch is not None:
                watch.cancel()
            self._withdraw()

    def stop(self) -> None:
        """Drain, then leave; asked a second time, leave at once."""
        if self._stopping is not None and self._listener is not None:
            self._listener.force_exit = self._listener.should_exit = True
            return
        self._stopping = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        """Let running jobs end, then stop listening."""
        await self.context.worker.drain(self.settings.drain)
        if self._listener is not None:
            self._listener.should_exit = True

    async def _watch(self) -> None:
        """Leave when nobody has asked for anything for long and no job waits or runs."""
        limit = self.settings.idle_timeout or 0.0
        while True:
            await asyncio.sleep(min(LONGEST_CHECK, limit / 4))
            idle = time.monotonic() - self._last_used
            if idle > limit and not self._open and self.context.database.one("access_unfinished") is None:
                log.info("idle for %.0f s: leaving", idle)
                self.stop()
                return

    def _bind(self) -> tuple[socket.socket, socket.socket]:
        """The loopback port and the Unix socket."""
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("127.0.0.1", self.settings.port))
        self.url = f"http://127.0.0.1:{tcp.getsockname()[1]}"
        path = self.settings.socket
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if path.parent.stat().st_uid != os.getuid():
            raise StoreUnwritable(
                f"{path.parent} belongs to somebody else",
                remedy="Set XDG_RUNTIME_DIR to a directory of yours",
            )
        path.parent.chmod(PRIVATE_FOLDER)
        path.unlink(missing_ok=True)
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix.bind(str(path))
        path.chmod(PRIVATE_FILE)
        return tcp, unix

    def announce(self) -> None:
        """Write the runtime file and tell whoever started this server."""
        self.context.runners.listen_at(int(self.url.rpartition(":")[2]))
        facts = {
            "pid": os.getpid(),
            "started_at": render_time(self.context.started_at),
            "version": VERSION,
            "protocol": PROTOCOL,
            "socket": str(self.settings.socket),
            "url": self.url,
            "token": self.settings.token,
            "workspace": self.settings.workspace,
        }
        draft = self.settings.runtime_file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with _open_private_new(draft) as file:
            json.dump(facts, file, indent=1)
        draft.replace(self.settings.runtime_file)
        if self.settings.ready_fd is not None:
            os.write(self.settings.ready_fd, READY)
            with Path(os.devnull).open("wb") as nowhere:  # what is said there from now on goes nowhere
                os.dup2(nowhere.fileno(), self.settings.ready_fd, inheritable=False)

    def _withdraw(self) -> None:
        """Remove what told others of this server."""
        self.settings.runtime_file.unlink(missing_ok=True)
        self.settings.socket.unlink(missing_ok=True)


def _open_private_new(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE), "w")
