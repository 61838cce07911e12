"""The managed engine from its start to its end: a real database, and the local engine in Windmill's clothes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

import flexwm_nb
from flexwm_nb.backends.managed.backend import ManagedBackend
from flexwm_nb.config import Config
from flexwm_nb.engine import Engine
from flexwm_nb.errors import AuthenticationFailed, BinaryNotFound, EngineNotReady, PortTaken

Says = Callable[[str], Path]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database and no program but the tests' own."""
    for name in ("DATABASE_URL", "WINDMILL_BINARY_PATH", "WM_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def config(folder: Path, program: Path) -> Config:
    """An engine of this module."""
    return Config(engine="managed", managed_folder=folder, binary_path=program, max_concurrent=2)


@pytest.fixture(scope="module")
def engine(config: Config) -> Iterator[Engine]:
    """That engine, running."""
    with Engine(config) as started:
        yield started


def processes(folder: Path) -> list[str]:
    """What runs of an engine in this folder."""
    found = [process for process in psutil.process_iter(["cmdline", "status"]) if process.info["cmdline"]]
    lines = [" ".join(each.info["cmdline"]) for each in found if each.info["status"] != psutil.STATUS_ZOMBIE]
    return [line for line in lines if str(folder) in line and "pytest" not in line]


def is_gone(folder: Path, seconds: float = 20) -> bool:
    """Whether nothing of it runs any more, soon."""
    deadline = time.monotonic() + seconds
    while processes(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not processes(folder)


def test_a_managed_engine_is_an_engine(engine: Engine) -> None:
    """Its workspace is made, scripts run, and it says what it is."""
    found = engine.describe()
    assert (found.kind, found.workspace, found.healthy, found.workspace_is_new) == ("managed", "demo", True, True)
    assert engine.executions.preview("bash", "echo 7").result(timeout=60) == "7"


def test_the_first_password_is_out_of_use(engine: Engine, config: Config) -> None:
    """The new one and the token are in a file that only the owner can read."""
    credentials = config.managed_folder / "own" / "credentials.json"
    kept = json.loads(credentials.read_text())
    assert credentials.stat().st_mode & 0o777 == 0o600
    for password, status in (("changeme", 400), (kept["password"], 200)):
        login = {"email": "admin@windmill.dev", "password": password}
        answer = httpx.post(f"{engine.client.endpoint.url}/api/auth/login", json=login, trust_env=False)
        assert answer.status_code == status
    assert kept["token"] not in repr(engine.client.endpoint)


def test_the_orders_of_the_keeper_are_taken_away(engine: Engine, config: Config) -> None:
    """They may hold a database's password."""
    assert not (config.managed_folder / "own" / "orders.json").exists()


def test_a_second_session_joins(engine: Engine, config: Config) -> None:
    """It is at the same place, and the engine lives on when it leaves."""
    with Engine(config) as second:
        assert second.client.endpoint == engine.client.endpoint
    assert engine.ready


def test_what_crashes_is_started_again(engine: Engine, config: Config) -> None:
    """Requests go on, at the same address."""
    url = engine.client.endpoint.url
    server = next(each for each in psutil.process_iter(["cmdline"]) if is_server(each, config.managed_folder))
    server.kill()
    assert engine.executions.preview("bash", "echo 8").result(timeout=60) == "8"
    assert engine.client.endpoint.url == url


def is_server(process: psutil.Process, folder: Path) -> bool:
    """Whether it stands for Windmill in this folder."""
    words = " ".join(process.info["cmdline"] or ())
    return "flexwm_nb.server" in words and str(folder) in words


def test_a_token_is_asked_for_where_the_password_is_unknown(engine: Engine, config: Config) -> None:
    """A database of somebody else's is not broken into."""
    credentials = config.managed_folder / "own" / "credentials.json"
    kept = credentials.read_text()
    credentials.write_text("{}")
    try:
        with pytest.raises(AuthenticationFailed, match="WM_TOKEN"):
            ManagedBackend(config).open()
        given = config.model_copy(update={"token": flexwm_nb.Config(token=json.loads(kept)["token"]).token})
        with contextlib.closing(ManagedBackend(given)) as backend:
            assert backend.open().token == json.loads(kept)["token"]
    finally:
        credentials.write_text(kept)


def test_a_revoked_token_is_replaced(engine: Engine, config: Config) -> None:
    """Sessions go on; also a Windmill that knows no passwords lets its own engine in again."""
    credentials = config.managed_folder / "own" / "credentials.json"
    kept = json.loads(credentials.read_text())
    credentials.write_text(json.dumps({**kept, "password": ""}))
    engine.client.delete(f"/users/tokens/delete/{kept['token'][:10]}")
    assert engine.workspaces.whoami().username == "admin"
    assert json.loads(credentials.read_text())["token"] not in (kept["token"], kept["spare"])
    credentials.write_text(json.dumps({**json.loads(credentials.read_text()), "password": kept["password"]}))


def test_it_ends_with_its_last_user(folder: Path, program: Path) -> None:
    """Also where that is a kernel that was killed, and the data are there again at the next start."""
    source = (
        "import flexwm_nb, time\n"
        f"wm = flexwm_nb.connect('managed', managed_folder={str(folder / 'other')!r}, binary_path={str(program)!r})\n"
        "wm.variables.set('u/admin/kept', 'yes')\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    kernel = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    assert kernel.stdout is not None and kernel.stdout.readline() == b"ready\n"
    assert len(processes(folder / "other")) >= 3
    kernel.kill()
    kernel.communicate()
    assert is_gone(folder / "other")
    told: list[str] = []
    settings = {"managed_folder": folder / "other", "binary_path": program}
    with flexwm_nb.connect("managed", progress=told.append, **settings) as again:
        assert again.variables.get("u/admin/kept") == "yes"
    assert told[0] == "binary found (configured 1.743.0)"
    assert [step.split()[0] for step in told[1:]] == ["PostgreSQL", "Windmill"]
    assert is_gone(folder / "other")


def test_two_sessions_start_at_once(folder: Path, program: Path) -> None:
    """One starts it, the other waits and joins."""
    config = Config(engine="managed", managed_folder=folder / "other", binary_path=program)
    told: list[str] = []
    backends = [ManagedBackend(config, told.append) for _ in range(2)]
    found: list[str] = []
    threads = [threading.Thread(target=lambda each=each: found.append(each.open().url)) for each in backends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 2 and len(set(found)) == 1
    assert told.count("another session starts it") == 1
    assert backends[0].stop() and not backends[1].stop()
    assert is_gone(folder / "other")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param("sys.exit('Error: no such function')", "ended at its start: Error: no such function", id="ends"),
        pytest.param(
            "sys.exit('Error: No space left on device (os error 28)')", "no space left for the store", id="full disk"
        ),
    ],
)
def test_a_program_that_ends_says_why(folder: Path, says: Says, source: str, why: str) -> None:
    """With its last words, where its log is; nothing stays."""
    path = says(f"if sys.argv[1:] == ['--version']: sys.exit(print('Windmill v1.743.0'))\n{source}")
    config = Config(engine="managed", managed_folder=folder / "other", binary_path=path)
    with pytest.raises(flexwm_nb.FlexwmError, match=why):
        ManagedBackend(config).open()
    assert is_gone(folder / "other")


def test_a_taken_port_is_refused(folder: Path, program: Path) -> None:
    """By its number, and nothing stays."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = Config(engine="managed", managed_folder=folder / "other", binary_path=program, port=port)
        with pytest.raises(PortTaken, match=rf"Port {port} is taken.*FLEXWM_PORT"):
            ManagedBackend(config).open()
    assert is_gone(folder / "other")


def test_the_end_of_a_keeper_is_the_end_of_all(folder: Path, program: Path) -> None:
    """Also where it is killed; the next session starts anew."""
    config = Config(engine="managed", managed_folder=folder / "other", binary_path=program)
    backend = ManagedBackend(config)
    backend.open()
    keeper = next(each for each in psutil.process_iter(["cmdline"]) if "managed.keeper" in line(each, folder / "other"))
    os.kill(keeper.pid, signal.SIGKILL)
    assert is_gone(folder / "other")
    assert backend.open().url.startswith("http://127.0.0.1:")
    assert backend.stop()


def line(process: psutil.Process, folder: Path) -> str:
    """The command line of what runs for this folder; empty for others."""
    words = " ".join(process.info["cmdline"] or ())
    return words if str(folder) in words else ""


def test_there_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes to get one is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BinaryNotFound, match=r"10 to 40 minutes, 2 GiB of disk .* 4 GiB of memory"):
        ManagedBackend(Config(engine="managed", managed_folder=tmp_path)).open()


def test_a_keeper_that_cannot_start_says_why(folder: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its own words."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/dev/null")
    config = Config(engine="managed", managed_folder=folder / "other", binary_path=program)
    with pytest.raises(EngineNotReady, match=r"keeper does not start.*keeper\.log"):
        ManagedBackend(config).open()
