"""What tests share: a running local engine, and raw requests to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import flexwm_nb
from flexwm_nb.engine import Engine

TOKEN = "token-of-the-tests"
WORKSPACE = "demo"


@dataclass(frozen=True)
class Server:
    """A running local engine, in the foreground of a process of its own."""

    process: subprocess.Popen[bytes]
    store: Path
    url: str

    def http(self, **options: object) -> httpx.Client:
        """Raw requests, below /api, as the administrator."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
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
    process = subprocess.Popen([*command, "--ready-fd", str(write), *options], pass_fds=[write])
    os.close(write)
    try:
        with os.fdopen(read, "rb") as ready:
            assert ready.read(1) == b"1", "the server did not start"
        yield Server(process, store, json.loads((store / "runtime.json").read_text())["url"])
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A local engine that many tests use: take names of your own."""
    with running_server(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """Raw requests to the shared engine."""
    with server.http() as client:
        yield client


@pytest.fixture(scope="session")
def engine(server: Server) -> Iterator[Engine]:
    """The shared engine as a program sees it."""
    with flexwm_nb.connect(server.url, token=TOKEN, workspace=WORKSPACE) as connected:
        yield connected
