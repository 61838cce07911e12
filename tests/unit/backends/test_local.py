"""The local engine: found, started once, stopped; and what is wrong when it does not start."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import flexwm_nb
from flexwm_nb import handshake
from flexwm_nb.backends import local
from flexwm_nb.backends.local import LocalBackend, is_older
from flexwm_nb.config import Config
from flexwm_nb.engine import Engine
from flexwm_nb.errors import (
    EngineNotReady,
    EngineUnreachable,
    EngineVersionMismatch,
    FlexwmError,
    StoreCorrupt,
    StoreLocked,
    StoreTooNew,
    StoreUnwritable,
)
from flexwm_nb.testing import local_engine

# httpcore leaves the Unix socket of a refused connection to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:.*<socket.socket:pytest.PytestUnraisableExceptionWarning")


def config(store: Path, **settings: Any) -> Config:
    """Settings of a local engine on this store."""
    return Config(engine="local", workspace="demo", store=store, idle_timeout=60, **settings)


def facts(store: Path) -> dict[str, Any]:
    """What the store's runtime file says."""
    found: dict[str, Any] = json.loads((store / "runtime.json").read_text())
    return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A local engine of this module."""
    with local_engine(tmp_path_factory.mktemp("local") / "store") as started:
        yield started


def test_it_is_found_again(engine: Engine) -> None:
    """The second who connects starts no other, and goes through the Unix socket."""
    with Engine(config(engine.config.store)) as other:
        assert other.client.endpoint == engine.client.endpoint
        assert other.client.endpoint.socket is not None
        assert other.describe().kind == "local"


def test_what_it_leaves_in_the_store_is_private(engine: Engine) -> None:
    """Runtime file and log, in a directory that only the user enters."""
    store = engine.config.store
    assert store.stat().st_mode & 0o777 == 0o700
    modes = {name: (store / name).stat().st_mode & 0o777 for name in ("runtime.json", "server.log", "start.lock")}
    assert set(modes.values()) == {0o600}


def test_it_is_in_a_session_of_its_own(engine: Engine) -> None:
    """So that neither an interrupt nor the end of the kernel ends it."""
    pid = facts(engine.config.store)["pid"]
    assert os.getsid(pid) == pid != os.getsid(0)


def test_a_workspace_asked_for_by_name_is_made(engine: Engine) -> None:
    """And the description says so, once."""
    for new in (True, False):
        with flexwm_nb.connect("local", store=engine.config.store, workspace="another") as other:
            assert other.describe().workspace_is_new is new
            assert ("another (new)" in str(other.describe())) is new
            assert other.workspaces.whoami().username == "admin"


def test_without_the_socket_it_is_reached_by_tcp(engine: Engine) -> None:
    """A cleaner of temporary files may have taken it."""
    path = Path(facts(engine.config.store)["socket"])
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        with Engine(config(engine.config.store)) as other:
            assert other.client.endpoint.socket is None
            assert other.ready
    finally:
        aside.rename(path)


def test_many_who_come_first_start_one(tmp_path: Path) -> None:
    """One starts it, the others wait and find it."""
    found: list[str | None] = []

    def connect() -> None:
        with Engine(config(tmp_path / "store")) as engine:
            found.append(engine.client.endpoint.token)

    threads = [threading.Thread(target=connect) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert LocalBackend(config(tmp_path / "store")).stop()


def test_stopping_twice(tmp_path: Path) -> None:
    """The second time there is nothing to stop; afterwards it starts again."""
    with local_engine(tmp_path / "store") as engine:
        assert engine.stop()
        assert not engine.stop()
        with pytest.raises(EngineNotReady, match="not connected"):
            engine.scripts.list()
        assert engine.start().ready


@pytest.mark.parametrize("pid", [2**22 + 1, os.getpid()], ids=["dead", "somebody else's"])
def test_a_stale_runtime_file_is_survived(tmp_path: Path, pid: int) -> None:
    """Whether its process is gone or its number another's now."""
    stale = {"pid": pid, "version": "0.1.0", "protocol": 1, "url": "http://127.0.0.1:9", "socket": "/nowhere"}
    file = tmp_path / "runtime.json"
    file.write_text(json.dumps({**stale, "token": "t", "workspace": "demo"}))
    file.chmod(0o600)
    with local_engine(tmp_path) as engine:
        assert engine.ready
        assert facts(tmp_path)["pid"] != pid


def test_a_socket_of_somebody_else_is_not_taken_for_the_engine(tmp_path: Path) -> None:
    """What answers there is no engine."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        threading.Thread(target=_hang_up, args=(stranger,), daemon=True).start()
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}"
        file = tmp_path / "runtime.json"
        file.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "version": "0",
                    "protocol": 1,
                    "url": url,
                    "socket": "",
                    "token": "t",
                    "workspace": "d",
                }
            )
        )
        file.chmod(0o600)
        with local_engine(tmp_path) as engine:
            assert engine.ready


def _hang_up(listener: socket.socket) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


def damaged(store: Path) -> None:
    """Something else than a database."""
    (store / "store.db").write_bytes(b"no database " * 1_000)


def newer(store: Path) -> None:
    """A store of a version to come."""
    with sqlite3.connect(store / "store.db") as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("PRAGMA user_version = 10000")
    database.close()


@pytest.mark.parametrize(("damage", "kind"), [(damaged, StoreCorrupt), (newer, StoreTooNew)])
def test_a_store_that_cannot_be_used(tmp_path: Path, damage: Any, kind: type[FlexwmError]) -> None:
    """The server's own words come back as the typed error, and the store is left as it is."""
    damage(tmp_path)
    before = (tmp_path / "store.db").read_bytes()
    with pytest.raises(kind, match="FLEXWM_STORE"):
        Engine(config(tmp_path)).start()
    assert (tmp_path / "store.db").read_bytes() == before


def test_a_store_that_is_a_file(tmp_path: Path) -> None:
    """Nothing can be written there."""
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreUnwritable, match="FLEXWM_STORE"):
        Engine(config(tmp_path / "store")).start()


def test_a_store_in_a_place_that_is_not_there() -> None:
    """And cannot be made."""
    with pytest.raises(StoreUnwritable, match="/proc"):
        Engine(config(Path("/proc/flexwm/store"))).start()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """The error says how to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EngineNotReady, match="FLEXWM_PORT"):
            Engine(config(tmp_path, port=taken.getsockname()[1])).start()


def test_a_store_that_another_server_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be found by its runtime file: its process is named."""
    monkeypatch.setattr(local, "PATIENCE", 0.5)
    with local_engine(tmp_path) as engine:
        pid = facts(tmp_path)["pid"]
        hidden = (tmp_path / "runtime.json").rename(tmp_path / "hidden.json")
        with pytest.raises(StoreLocked, match=f"process {pid}"):
            Engine(config(tmp_path)).start()
        hidden.rename(tmp_path / "runtime.json")
        assert engine.ready


def test_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not started beside; the error says how to end it, and that works."""
    monkeypatch.setattr(local, "HANDSHAKE_TIMEOUT", 0.3)
    with local_engine(tmp_path):
        pid = facts(tmp_path)["pid"]
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(EngineUnreachable, match=f"process {pid}.*--force"):
            Engine(config(tmp_path)).start()
        assert LocalBackend(config(tmp_path)).stop(force=True)


def test_a_newer_engine_is_left_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """This package has to be upgraded."""
    monkeypatch.setattr(local, "PROTOCOL", handshake.PROTOCOL - 1)
    with pytest.raises(EngineVersionMismatch, match="Upgrade flexwm-nb"):
        Engine(config(engine.config.store)).start()


def test_an_idle_older_engine_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody notices but by its process."""
    with local_engine(tmp_path) as engine:
        before = facts(tmp_path)["pid"]
        monkeypatch.setattr(local, "VERSION", "0.2.0")
        backend = LocalBackend(config(tmp_path))
        assert backend.find() is None
        monkeypatch.undo()
        assert engine.ready or engine.start().health.healthy()
        assert facts(tmp_path)["pid"] != before


def test_a_busy_older_engine_is_used_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whether it can be talked to; its jobs go on either way."""
    with local_engine(tmp_path) as engine:
        execution = engine.executions.preview("bash", "sleep 60")
        monkeypatch.setattr(local, "VERSION", "0.2.0")
        assert LocalBackend(config(tmp_path)).find() is not None
        monkeypatch.setattr(local, "PROTOCOL", handshake.PROTOCOL + 1)
        with pytest.raises(EngineVersionMismatch, match="flexwm stop"):
            LocalBackend(config(tmp_path)).find()
        execution.cancel()


@pytest.mark.parametrize(("version", "older"), [("0.0.9", True), ("0.1.0", False), ("0.10.0", False), ("?", True)])
def test_versions_are_compared_by_their_numbers(version: str, older: bool) -> None:
    """Not as text."""
    assert is_older(version) is older


def test_it_starts_where_a_module_of_the_user_has_a_librarys_name(tmp_path: Path) -> None:
    """A notebook's directory is no place to import the server from."""
    (tmp_path / "asyncio.py").write_text("raise SystemExit('imported')")
    program = (
        "import sys; sys.path.remove('') if '' in sys.path else None\n"
        "from flexwm_nb.testing import local_engine\n"
        f"with local_engine({str(tmp_path / 'store')!r}) as engine: print(engine.ready)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr
