"""A real Jupyter server with the extension, below a prefix as on a hub, and an engine of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

TOKEN = "lab-token"
PREFIX = "/user/ada/"
PATIENCE = 30  # seconds


@dataclass(frozen=True)
class Jupyter:
    """A running Jupyter server."""

    url: str  # with the prefix
    folder: Path
    environment: dict[str, str]

    def http(self, **headers: str) -> httpx.Client:
        """Requests to it, with its token."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"token {TOKEN}", **headers}, timeout=30)


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """The server, and the local engine that it starts."""
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "run").mkdir()
    environment = {
        **os.environ,
        "FLEXWM_STORE": str(folder / "store"),
        "FLEXWM_CONFIG": str(folder / "config.toml"),
        "XDG_RUNTIME_DIR": str(folder / "xdg"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "run"),
    }
    (folder / "xdg").mkdir(mode=0o700)
    options = [
        "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.base_url={PREFIX}", f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions={'flexwm_nb.labserver': True}",
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "jupyter_server", *options]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield Jupyter(_address(folder / "run", process), folder, environment)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        stop = [sys.executable, "-m", "flexwm_nb", "stop", "--force"]  # a job of a test that killed it may go on
        subprocess.run(stop, env=environment, capture_output=True, check=False)


def _address(run: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for file in run.glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text())["url"])
            except ValueError:
                break
        time.sleep(0.05)
    raise AssertionError(f"the Jupyter server did not start: {(run.parent / 'log').read_text()}")


@pytest.fixture
def lab(jupyter: Jupyter) -> Iterator[httpx.Client]:
    """Requests to the Jupyter server; the local engine runs."""
    with jupyter.http() as client:
        assert client.post("flexwm/engines/local/start").status_code == 200
        yield client
