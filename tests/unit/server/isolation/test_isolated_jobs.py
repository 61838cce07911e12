"""How jobs are isolated: what is recorded and shown, what is refused, and what they may reach."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

import flexwm_nb
from flexwm_nb.server.isolation.levels import find
from flexwm_nb.server.isolation.policy import Wish
from tests.conftest import TOKEN, WORKSPACE, running_server

FETCH = """
import os, urllib.request, urllib.error
for name in ("no_proxy", "NO_PROXY"):  # this machine's own addresses go past the proxy
    os.environ.pop(name, None)
def main(url: str, direct: bool):
    handlers = [urllib.request.ProxyHandler({})] if direct else []
    try:
        return urllib.request.build_opener(*handlers).open(url, timeout=5).read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code}: {error.read().decode()}"
    except OSError as error:
        return str(error)
"""


PROXIES = {
    "python3": "import os\ndef main(): return os.environ.get('https_proxy')",
    "bun": "export function main() { return process.env.https_proxy }",
    "deno": "export function main() { return Deno.env.get('https_proxy') }",
}


def run(http: httpx.Client, content: str, language: str = "python3", **arguments: Any) -> dict[str, Any]:
    """A job's document when it has ended, with its log."""
    body = {"content": content, "language": language, "args": arguments}
    job = http.post("/w/demo/jobs/run/preview", json=body).text
    while True:
        found: dict[str, Any] = http.get(f"/w/demo/jobs_u/get/{job}").json()
        if found["type"] == "CompletedJob":
            return found
        time.sleep(0.02)


@contextmanager
def website(text: str) -> Iterator[int]:
    """A web server of this machine; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("wish", ["auto", "plain", "required"])
def test_the_level_is_recorded_and_shown(tmp_path: Path, wish: Any) -> None:
    """In the job's document and log, in the engine's description, in the view of a run."""
    level = find(Wish(isolation=wish)).level
    assert level is not None
    with running_server(tmp_path, "--isolation", wish) as server, server.http() as http:
        job = run(http, "def main(): return 1")
        assert job["isolation"] == level.name
        assert f"isolation={level.name.replace('plain', 'none')}\n" in job["logs"]
        assert http.get("/flexwm/engine").json()["isolation"] == level.name
        with flexwm_nb.connect(server.url, token=TOKEN, workspace=WORKSPACE) as engine:
            (check,) = [check for check in engine.health.check() if check.name == "isolation"]
            assert check.message.startswith(f"{level.name}: a process of its own")
            assert check.status == "ok"
            assert engine.executions.get(job["id"]).isolation == level.name


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--isolation", "bubblewrap"), "bubblewrap: bwrap is not on PATH). Install it: apt install bubblewrap"),
        (("--isolation", "plain", "--network", "none"), "plain: it cannot be kept from the network)"),
        (("--isolation", "plain", "--network", "pypi.org"), "Set FLEXWM_ISOLATION=auto, or FLEXWM_NETWORK=full"),
    ],
    ids=["no bubblewrap", "plain with a closed network", "plain with listed hosts"],
)
def test_what_cannot_be_had_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], part: str
) -> None:
    """No job runs, and both its error and the doctor say why and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with running_server(tmp_path / "store", *options) as server, server.http() as http:
        job = run(http, f"def main(): open({str(tmp_path / 'ran')!r}, 'w')")
        assert part in job["result"]["error"]["message"]
        assert "isolation" not in job
        assert not (tmp_path / "ran").exists()
        with flexwm_nb.connect(server.url, token=TOKEN, workspace=WORKSPACE) as engine:
            (check,) = [check for check in engine.health.check() if check.name == "isolation"]
            assert (check.status, check.remedy is not None) == ("fail", True)


@pytest.mark.parametrize("wish", ["landlock", "bubblewrap", "required"])
def test_a_closed_network_leaves_the_engine_and_listed_hosts(tmp_path: Path, wish: str) -> None:
    """`wmill` works, a listed host answers through the proxy, and nothing else does."""
    with website("listed") as listed, website("other") as other:
        options = ("--isolation", wish, "--network", f"localhost:{listed}")
        with running_server(tmp_path, *options) as server, server.http() as http:
            assert run(http, "import wmill\ndef main(): return wmill.get_workspace()")["result"] == WORKSPACE
            for port, direct, answer in (
                (listed, False, "listed"),
                (other, False, "403: jobs of this engine may not reach"),
                (listed, True, "refused"),
            ):
                url = f"http://localhost:{port}/"
                assert answer in run(http, FETCH, url=url, direct=direct)["result"]


def test_every_kind_of_process_knows_the_proxy(tmp_path: Path) -> None:
    """Those that were started ahead, and those that are kept for a script, too."""
    with running_server(tmp_path, "--network", "example.org") as server, server.http() as http:
        for language, content in PROXIES.items():
            assert run(http, content, language)["result"].startswith("http://")
        script = {"path": "f/cages/kept", "content": PROXIES["python3"], "language": "python3", "lock": ""}
        script |= {"summary": "", "description": "", "dedicated_worker": True}
        assert http.post("/w/demo/scripts/create", json=script).status_code == 201
        for _ in range(2):
            answer = http.post("/w/demo/jobs/run_wait_result/p/f/cages/kept", json={})
            assert answer.json().startswith("http://"), answer.text


def test_an_engine_that_isolates_otherwise_is_restarted(tmp_path: Path) -> None:
    """When it has nothing to do; who configures nothing takes it as it is."""
    for wanted, found in ((None, "auto"), ("plain", "plain"), (None, "plain"), ("required", "required")):
        with flexwm_nb.connect("local", store=tmp_path / "store", isolation=wanted, idle_timeout=5) as engine:
            assert engine.client.get("/flexwm/engine")["isolation_wanted"] == found
