"""An engine that is killed while it installs packages: the next one starts from a clean place."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from flexwm_nb.server.environments.cache import Cache
from tests.conftest import Server, running_server
from tests.wheels import make_wheel

MANY = 60  # packages, so that installing them takes a while
SOURCE = "import many0\ndef main():\n    return many0.__version__\n"


def test_a_killed_install_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is started again, its packages are complete, and nothing half-made is left."""
    (tmp_path / "wheels").mkdir()
    for number in range(MANY):
        make_wheel(tmp_path / "wheels", f"many{number}", "1")
    for name, value in (("UV_NO_INDEX", "1"), ("UV_FIND_LINKS", "wheels"), ("UV_CACHE_DIR", "uv")):
        monkeypatch.setenv(name, value if value == "1" else str(tmp_path / value))
    lock = "\n".join(f"many{number}==1" for number in range(MANY))
    body = {"content": SOURCE, "language": "python3", "lock": lock, "args": {}}
    cache = tmp_path / "store" / "cache"
    with running_server(tmp_path / "store") as server:
        with server.http() as http:
            job = http.post("/w/demo/jobs/run/preview", json=body).text
        while not list(cache.glob("building/*/files/lib")):
            time.sleep(0.005)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with running_server(tmp_path / "store") as server:
        assert result_of(server, job) == {"completed": True, "success": True, "result": "1"}
        assert list((cache / "building").iterdir()) == []
        assert len(Cache(cache).entries()) == 1


def result_of(server: Server, job: str) -> dict[str, object]:
    """How a job ended."""
    with server.http() as http:
        while True:
            found: dict[str, object] = http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json()
            if found["completed"]:
                return {name: found[name] for name in ("completed", "success", "result")}
            time.sleep(0.05)
