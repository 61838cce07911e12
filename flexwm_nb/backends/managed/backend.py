"""The managed engine: a real Windmill beside this session, which others of this user may join."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flexwm_nb import start_failures
from flexwm_nb.backends.managed import accounts, postgres
from flexwm_nb.backends.managed.keeper import STOP, Orders
from flexwm_nb.backends.managed.manager import BuildManager
from flexwm_nb.backends.managed.places import Places
from flexwm_nb.backends.process import held, launch
from flexwm_nb.client.endpoint import Endpoint, Reopen
from flexwm_nb.config import Config
from flexwm_nb.errors import EngineNotReady, FlexwmError, StoreUnwritable
from flexwm_nb.handshake import READY

KEEPER_TIMEOUT = 20.0  # seconds until the keeper listens
PATIENCE = 300.0  # seconds until Windmill is ready: its first start on a slow machine
STOP_TIMEOUT = 60.0  # seconds until all has ended
TRIES = 3  # a keeper may be leaving while we come

Tell = Callable[[str], None]


class ManagedBackend:
    """A Windmill on this machine that lives as long as somebody uses it."""

    kind = accounts.KIND
    makes_workspaces = True

    def __init__(self, config: Config, tell: Tell = lambda text: None) -> None:
        """As configured; nothing is started yet. `tell` gets what is done, step by step."""
        self._config, self._tell = config, tell
        secret = config.database_url
        self._database = secret.get_secret_value() if secret is not None else None
        self._places = Places.of(config.managed_folder, self._database)
        self._session: socket.socket | None = None

    @property
    def reopen(self) -> Reopen | None:
        """Finds it again, or starts it again."""
        return self.open

    @property
    def runs(self) -> bool:
        """Whether somebody has started it."""
        session = self._join()
        if session is not None:
            session.close()
        return session is not None

    @property
    def log(self) -> Path:
        """What Windmill says."""
        return self._places.windmill_log

    def open(self) -> Endpoint:
        """Where it is, started where it does not run. Raises EngineError, StoreError and AuthenticationFailed."""
        try:
            with held(self._places.lock, waiting=lambda: self._tell("another session starts it")):
                url, version = self._running() or self._started()
                token = self._config.token.get_secret_value().strip() if self._config.token else None
                token = accounts.token_for(url, self._places.credentials, token)
        except FlexwmError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise StoreUnwritable(
                "The managed engine's directory cannot be used",
                why=f"{self._places.folder}: {error.strerror or error}",
                remedy="Check its permissions, or choose another with FLEXWM_MANAGED_FOLDER",
            ) from None
        return Endpoint(kind=self.kind, url=url, workspace=self._config.workspace, token=token, version=version)

    def close(self) -> None:
        """Leave it; it ends when nobody else is there."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def stop(self, *, force: bool = False) -> bool:
        """End it for everybody; whether it ran."""
        self.close()
        session = self._join()
        if session is None:
            return False
        with session:
            session.settimeout(STOP_TIMEOUT)
            session.sendall(STOP + b"\n")
            with contextlib.suppress(OSError):
                while session.recv(65_536):
                    pass
        return True

    def _started(self) -> tuple[str, str]:
        """Start it. Raises EngineError."""
        binary = BuildManager(self._config).find(self._tell)
        self._tell(f"binary found ({binary})")
        if self._database is not None:
            self._tell(postgres.check(self._database))
        for _ in range(TRIES):
            self._launch(binary.path)
            if found := self._running():
                return found
        raise EngineNotReady("The managed engine ends as soon as it starts", remedy=f"See {self._places.keeper_log}")

    def _launch(self, program: Path) -> None:
        """Start a keeper, which starts the rest. Raises EngineNotReady and OSError."""
        orders = Orders(
            folder=str(self._places.folder),
            program=str(program),
            port=self._config.port,
            workers=self._config.max_concurrent,
            database_url=self._database,
        )
        orders.write(self._places.orders)
        started = launch(
            [sys.executable, "-m", "flexwm_nb.backends.managed.keeper", str(self._places.orders)],
            directory=self._places.folder,
            log=self._places.keeper_log,
            ready_option="--ready-fd",
            seconds=KEEPER_TIMEOUT,
            meanwhile=lambda: None,
        )
        if started.said != READY:
            why = started.log.rpartition("\n")[2] or "it said nothing"
            remedy = f"See {self._places.keeper_log}"
            raise EngineNotReady("The managed engine's keeper does not start", why=why, remedy=remedy)

    def _running(self) -> tuple[str, str] | None:
        """Where the running one is, once it is ready, and its version; None where none runs. Raises EngineError."""
        self.close()
        session = self._join()
        if session is None:
            return None
        with contextlib.ExitStack() as undo:
            undo.callback(session.close)
            for status in _statuses(session, self._tell):
                if status["state"] == "ready":
                    undo.pop_all()
                    self._session = session
                    return status["url"], status["version"]
                if status["state"] == "failed":
                    raise start_failures.decode(status["error"].encode()) or EngineNotReady()
        return None

    def _join(self) -> socket.socket | None:
        """A connection to the keeper; None where there is none."""
        session = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            session.connect(str(self._places.socket))
        except OSError:
            session.close()
            return None
        return session


def _statuses(session: socket.socket, tell: Tell) -> Iterator[dict[str, str]]:
    """How it stands, each time that changes; its steps are told. Ends with the keeper. Raises EngineNotReady."""
    told, deadline = 0, time.monotonic() + PATIENCE
    session.settimeout(PATIENCE)
    with session.makefile("rb") as lines:
        while time.monotonic() < deadline:
            try:
                line = lines.readline()
            except TimeoutError:
                break
            except OSError:
                return
            if not line:
                return
            status = json.loads(line)
            for step in status["steps"][told:]:
                tell(step)
            told = len(status["steps"])
            yield status
    raise EngineNotReady("The managed engine does not get ready", why=f"it has not for {PATIENCE:g} s")
