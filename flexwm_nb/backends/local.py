"""The local engine: one server a store, started by whoever comes first and found by the others."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flexwm_nb import start_failures
from flexwm_nb.backends import runtime_file
from flexwm_nb.backends.process import Launch, held, is_alive, launch
from flexwm_nb.backends.runtime_file import Runtime
from flexwm_nb.client.endpoint import Endpoint, Reopen
from flexwm_nb.config import Config
from flexwm_nb.errors import (
    AuthenticationFailed,
    EngineError,
    EngineNotReady,
    EngineUnreachable,
    EngineVersionMismatch,
    FlexwmError,
    RequestRefused,
    StoreFull,
    StoreLocked,
    StoreUnwritable,
)
from flexwm_nb.handshake import INTERPRETER_HEADER, PROTOCOL, READY, VERSION
from flexwm_nb.models.workspace import EngineFacts

if TYPE_CHECKING:
    from flexwm_nb.client.client import Client

LOG = "server.log"
START_LOCK = "start.lock"  # held by the one who starts a server
START_TIMEOUT = 30.0  # seconds until a server listens
HANDSHAKE_TIMEOUT = 5.0  # seconds for a server's first answer
PATIENCE = 15.0  # seconds that a server may take to give its store back: it lets running jobs end
LOOK = 0.02  # seconds between two looks at whether it did
CLIENT_MODULES = ("httpcore", "flexwm_nb.client.client", "flexwm_nb.client.events", "flexwm_nb.models.scripts")


class LocalBackend:
    """The server of one store on this machine."""

    kind = "local"
    makes_workspaces = True

    def __init__(self, config: Config) -> None:
        """Of the configured store; nothing is started yet."""
        self._config = config
        self._store = config.store.expanduser().absolute()

    @property
    def reopen(self) -> Reopen | None:
        """Finds the server again, or starts it again."""
        return self.open

    @property
    def runs(self) -> bool:
        """Whether the store's server is there. Raises EngineError."""
        return self._find() is not None

    @property
    def log(self) -> Path:
        """What the server says."""
        return self._store / LOG

    def open(self) -> Endpoint:
        """Where the store's server is, started if there is none. Raises EngineError and StoreError."""
        return self._find() or self._start()

    def find(self) -> Endpoint | None:
        """Where the store's server is; None when there is none. Raises EngineError."""
        return self._find()

    def close(self) -> None:
        """Nothing: the server outlives its users, and leaves when it is idle."""

    def stop(self, *, force: bool = False) -> bool:
        """End the server when its jobs have ended, at once with `force`; whether one was there. Raises EngineError."""
        runtime = runtime_file.read(self._store)
        if not runtime_file.is_owned(self._store):
            return False
        if runtime is None:
            if self._is_released():  # it was leaving
                return True
            raise EngineError("The local engine cannot be found", why=f"{self._store} has no runtime file")
        if force:
            os.kill(runtime.pid, signal.SIGKILL)
        else:
            self._ask_to_stop(runtime)
        if not self._is_released():
            remedy = "Wait for its jobs, or end it at once with flexwm stop --force"
            raise EngineError(f"The local engine (process {runtime.pid}) is still stopping", remedy=remedy)
        return True

    def _find(self) -> Endpoint | None:
        """The server that runs and fits; None where one has to be started."""
        runtime = runtime_file.read(self._store)
        if runtime is None or not is_alive(runtime.pid):
            return None
        endpoint = self._endpoint(runtime)
        facts = self._shake_hands(endpoint, runtime)
        if facts is None or self._is_replaced(runtime, facts):
            return None
        return endpoint

    def _endpoint(self, runtime: Runtime) -> Endpoint:
        socket = Path(runtime.socket) if runtime.socket else None
        return Endpoint(
            kind=self.kind,
            url=runtime.url,
            workspace=self._config.workspace,
            token=runtime.token,
            socket=socket if socket is not None and socket.is_socket() else None,
            version=runtime.version,
            headers=((INTERPRETER_HEADER, sys.executable),) if sys.executable else (),
        )

    def _shake_hands(self, endpoint: Endpoint, runtime: Runtime) -> EngineFacts | None:
        """What the server says of itself; None when it is not there, or another answers. Raises EngineUnreachable."""
        from flexwm_nb.client.http import httpx

        try:
            facts = self._ask(endpoint)
        except EngineUnreachable as error:
            if not isinstance(error.__cause__, httpx.TimeoutException):
                return None
            raise EngineUnreachable(
                f"The local engine (process {runtime.pid}) does not answer",
                why=f"nothing came for {HANDSHAKE_TIMEOUT:g} s",
                remedy="Try again, or end it with flexwm stop --force; it starts again by itself",
            ) from None
        except (RequestRefused, ValueError):
            return None
        return facts if facts.pid == runtime.pid else None

    @staticmethod
    def _ask(endpoint: Endpoint) -> EngineFacts:
        with contextlib.closing(client_of(endpoint)) as client:
            with client.stream("/flexwm/engine", read_timeout=HANDSHAKE_TIMEOUT) as answer:
                answer.read()
            return EngineFacts.read(answer.json())

    def _is_replaced(self, runtime: Runtime, facts: EngineFacts) -> bool:
        """Whether a server that does not fit was stopped because it had nothing to do. Raises EngineError."""
        speaks = facts.protocol == PROTOCOL
        fits = self._isolates_as_wanted(facts)
        if speaks and fits and not is_older(facts.version):
            return False
        if facts.protocol > PROTOCOL:
            raise EngineVersionMismatch(
                f"The local engine is of a newer version ({facts.version}) than this package ({VERSION})",
                remedy="Upgrade flexwm-nb in this environment, or choose another store with FLEXWM_STORE",
            )
        if facts.unfinished is False:
            self._ask_to_stop(runtime)
            return self._is_released()
        if not fits:
            raise EngineError(
                f"The local engine runs with isolation {facts.isolation_wanted} and network {facts.network}, not as "
                f"configured ({self._config.isolation}, {self._config.network}), and has jobs",
                remedy="Wait for them, or stop it with flexwm stop; it starts again by itself",
            )
        if speaks:
            return False
        raise EngineVersionMismatch(
            f"The local engine is of an older version ({facts.version}) than this package ({VERSION}) and has jobs",
            remedy="Wait for them, or stop it with flexwm stop; it starts again by itself",
        )

    def _isolates_as_wanted(self, facts: EngineFacts) -> bool:
        """Whether a server keeps jobs as is configured here; who configures nothing takes it as it is."""
        wanted, hosts = self._config.isolation, ", ".join(self._config.network.replace(" ", "").lower().split(","))
        return wanted in ("auto", facts.isolation_wanted) and hosts in ("full", facts.network)

    def _start(self) -> Endpoint:
        """Start the server unless another does so meanwhile. Raises EngineError and StoreError."""
        with self._one_starter():
            deadline = time.monotonic() + PATIENCE
            while (found := self._find()) is None:
                try:
                    self._launch()
                except StoreLocked:  # one that is leaving, or was started by hand just now
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(LOOK)
            return found

    @contextlib.contextmanager
    def _one_starter(self) -> Iterator[None]:
        """Be the only process that starts a server for this store. Raises StoreError."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(held(self._store / START_LOCK))
            except OSError as error:
                raise self._unusable(error) from None
            yield

    def _launch(self) -> None:
        """Start a server and wait until it listens. Raises EngineError and StoreError."""
        try:
            started = launch(
                self._command(),
                directory=self._store,
                log=self._store / LOG,
                ready_option="--ready-fd",
                seconds=START_TIMEOUT,
                meanwhile=load_client,
            )
        except OSError as error:
            raise self._unusable(error) from None
        if started.said != READY:
            raise self._failure(started)

    def _command(self) -> list[str]:
        config = self._config
        options = {
            "--store": self._store,
            "--cache": self._config.cache.expanduser().absolute(),
            "--port": config.port,
            "--workspace": config.workspace,
            "--workers": config.max_concurrent,
            "--idle-timeout": config.idle_timeout,
            "--isolation": config.isolation,
            "--network": config.network,
        }
        command = [sys.executable, "-m", "flexwm_nb.server"]
        paths = [word for path in config.job_paths.split(os.pathsep) if path for word in ("--job-path", path)]
        return command + [str(part) for option in options.items() for part in option] + paths

    def _failure(self, started: Launch) -> FlexwmError:
        """Why a server did not start: in its own words, else from its log."""
        log = self._store / LOG
        if (told := start_failures.decode(started.said)) is not None:
            return told
        what = "The local engine ended at its start" if started.ended else "The local engine does not get ready"
        why = started.log.rpartition("\n")[2] or f"it said nothing for {START_TIMEOUT:g} s"
        return EngineNotReady(what, why=why, remedy=f"See {log}", log=started.log)

    def _unusable(self, error: OSError) -> FlexwmError:
        """The error about a store's directory."""
        kind = StoreFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreUnwritable
        return kind(why=f"{self._store}: {error.strerror or error}", store=str(self._store))

    def _ask_to_stop(self, runtime: Runtime) -> None:
        with contextlib.closing(client_of(self._endpoint(runtime))) as client:
            try:
                client.post("/flexwm/stop")
            except AuthenticationFailed:
                raise EngineError(
                    "The local engine does not take its own token", remedy="flexwm stop --force"
                ) from None
            except EngineUnreachable:
                if runtime_file.is_owned(self._store):
                    raise

    def _is_released(self) -> bool:
        """Wait for a server to give the store back."""
        deadline = time.monotonic() + PATIENCE
        while runtime_file.is_owned(self._store):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK)
        return True


def client_of(endpoint: Endpoint) -> Client:
    """A client that tries once. Loaded when it is used: an engine may start while it is loaded."""
    from flexwm_nb.client.client import Client

    return Client(endpoint, attempts=1)


def load_client() -> None:
    """Load what a client needs, which takes as long as an engine's start."""
    for name in CLIENT_MODULES:
        import_module(name)


def is_older(version: str) -> bool:
    """Whether a version is before this package's; what is none counts as older."""
    return parts(version) < parts(VERSION)


def parts(version: str) -> tuple[int, ...]:
    """The numbers of a version."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())
