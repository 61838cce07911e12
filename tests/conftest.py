"""What tests share: a running engine, and raw requests to it.

The contract suite runs against any kind: `pytest tests/contract --engine managed` where WINDMILL_BINARY_PATH names a
Windmill, or `--engine URL` for one that runs, with its token in WM_TOKEN.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import flexwm_nb
from flexwm_nb.engine import Engine
from tests import databases, stand_in

TOKEN = "token-of-the-tests"
WORKSPACE = "demo"


@dataclass(frozen=True)
class Server:
    """A running local engine, in the foreground of a process of its own."""

    process: subprocess.Popen[bytes]
    store: Path
    url: str
    token: str = TOKEN

    def http(self, **options: object) -> httpx.Client:
        """Raw requests, below /api, as the administrator."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.url}/api", headers=headers, timeout=60, trust_env=False, **options)  # type: ignore[arg-type]


@contextmanager
def running_server(store: Path, *options: str) -> Iterator[Server]:
    """Run a local engine on this store; it is told to stop at the end."""
    read, write = os.pipe()
    command = [
        sys.executable,
        "-m",
        "flexwm_nb.server",
        "--store",
        str(store),
        "--token",
        TOKEN,
        "--workspace",
        WORKSPACE,
        "--cache",
        str(store / "cache"),
    ]
    closed = {"UV_NO_INDEX": "1"}  # no test takes packages from elsewhere unasked
    process = subprocess.Popen(
        [*command, "--ready-fd", str(write), *options], pass_fds=[write], env=closed | os.environ
    )
    os.close(write)
    try:
        with os.fdopen(read, "rb") as ready:
            assert ready.read(1) == b"1", "the server did not start"
        yield Server(process, store, json.loads((store / "runtime.json").read_text())["url"])
    finally:
        process.terminate()
        process.wait(30)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which engine the shared fixtures give."""
    parser.addoption("--engine", default="local", help="local, managed, or the URL of a Windmill")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark of tests that a real Windmill need not pass."""
    config.addinivalue_line("markers", "differs(row, run=True): as the row of DIFFERENCES.md with this name says")


# tests that share something costly, or would disturb each other, run one after the other
TOGETHER = {
    "tests/browser/": "a browser and JupyterLab",
    "tests/unit/server/isolation/": "processes by the thousand",
    "tests/notebook/test_managed.py": "a managed engine",
    "tests/unit/backends/managed/": "a managed engine",
}


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker whole files, and what `TOGETHER` names to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((name for start, name in TOGETHER.items() if file.startswith(start)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Spread the tests over workers."""
    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Expect what is known to differ to fail, where a real Windmill is tested."""
    if config.getoption("--engine") == "local":
        return
    for item in items:
        for mark in item.iter_markers("differs"):
            reason = f"DIFFERENCES.md: {mark.args[0]}"
            item.add_marker(pytest.mark.xfail(reason=reason, strict=False, **mark.kwargs))


@dataclass(frozen=True)
class Windmill:
    """A real Windmill, as tests reach it."""

    url: str
    token: str

    http = Server.http


@contextmanager
def windmill(kind: str, folder: Path) -> Iterator[Windmill]:
    """A real Windmill: one that runs at a URL, or a managed one with a database of its own below the folder."""
    settings = {"managed_folder": folder} if kind == "managed" else {}
    with flexwm_nb.connect(kind, workspace=WORKSPACE, **settings) as engine:
        endpoint = engine.client.endpoint
        yield Windmill(endpoint.url, endpoint.token or "")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server | Windmill]:
    """An engine that many tests use: take names of your own."""
    kind, folder = request.config.getoption("--engine"), tmp_path_factory.mktemp("store")
    with running_server(folder) if kind == "local" else windmill(kind, folder) as running:
        yield running


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """Raw requests to the shared engine."""
    with server.http() as client:
        yield client


@pytest.fixture(scope="session")
def engine(server: Server) -> Iterator[Engine]:
    """The shared engine as a program sees it."""
    with flexwm_nb.connect(server.url, token=server.token, workspace=WORKSPACE) as connected:
        yield connected


@pytest.fixture(scope="session")
def postgresql() -> Iterator[dict[str, Any]]:
    """A resource that leads to a PostgreSQL."""
    with databases.running_postgresql() as resource:
        yield resource


@pytest.fixture(scope="session")
def mysql() -> Iterator[dict[str, Any]]:
    """A resource that leads to a MariaDB or MySQL."""
    if databases.mysql_program() is None:
        pytest.skip("neither mariadbd nor mysqld is installed: apt-get install mariadb-server")
    with databases.running_mysql() as resource:
        yield resource


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that a managed engine can run in Windmill's place."""
    return stand_in.write(tmp_path_factory.mktemp("program") / "windmill", stand_in.WINDMILL)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short name that others may pass through: who runs a database where root runs the tests."""
    made = Path(tempfile.mkdtemp(prefix="flexwm"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)
