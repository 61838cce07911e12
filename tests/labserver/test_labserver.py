"""Engines reached through the Jupyter server: with its rules, without the engine's token."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from flexwm_nb.labserver.allowed import is_allowed
from tests.conftest import TOKEN, WORKSPACE, Server
from tests.labserver.conftest import Jupyter

API = "flexwm/e/local/api/w/demo"
ENGINE_TOKEN = "runtime.json"


def run(lab: httpx.Client, content: str, language: str = "bash") -> str:
    """Start a preview; its job."""
    answer = lab.post(f"{API}/jobs/run/preview", json={"content": content, "language": language, "args": {}})
    assert answer.status_code == 201, answer.text
    return answer.text


def secret(jupyter: Jupyter) -> str:
    """The engine's token."""
    return str(json.loads((jupyter.folder / "store" / ENGINE_TOKEN).read_text())["token"])


def test_the_local_engine_is_listed_and_started(jupyter: Jupyter, lab: httpx.Client) -> None:
    """With its version and workspace, and nothing secret."""
    answer = lab.get("flexwm/engines")
    found = {engine["name"]: engine for engine in answer.json()["engines"]}["local"]
    assert (found["state"], found["kind"], found["workspace"], found["problem"]) == ("running", "local", "demo", None)
    assert (answer.json()["protocol"] >= 1, secret(jupyter) in answer.text) == (True, False)


def test_jobs_run_and_are_read(jupyter: Jupyter, lab: httpx.Client) -> None:
    """Through the prefix, as the engine answers; the token stays here."""
    job = run(lab, "echo hello")
    answer = lab.get(f"{API}/jobs_u/completed/get_result_maybe/{job}", params={"get_started": "true"})
    while not answer.json()["completed"]:
        answer = lab.get(f"{API}/jobs_u/completed/get_result_maybe/{job}")
    assert answer.json()["result"] == "hello"
    assert secret(jupyter) not in answer.text + str(answer.headers)
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_a_stream_comes_as_it_is_written(lab: httpx.Client) -> None:
    """The first log line is there before the job has ended; a browser that leaves ends the engine's stream."""
    job = run(lab, "echo first; sleep 5; echo last")
    with lab.stream("GET", f"{API}/jobs_u/getupdate_sse/{job}", params={"running": "true"}) as answer:
        for line in answer.iter_lines():
            if "first" in line:
                break
    assert lab.get(f"{API}/jobs_u/get/{job}").json()["type"] == "QueuedJob"
    assert lab.post(f"{API}/jobs_u/queue/cancel/{job}", json={}).status_code == 200


REFUSED = [
    pytest.param("GET", "w/demo/variables/get_value/u/admin/secret", id="a secret variable"),
    pytest.param("GET", "w/demo/resources/get_value_interpolated/u/admin/db", id="a resource's secrets"),
    pytest.param("POST", "users/tokens/create", id="making a token"),
    pytest.param("POST", "auth/login", id="logging in"),
    pytest.param("GET", "w/demo/jobs_u/cancel/1/2/3", id="a link that changes something"),
    pytest.param("GET", "w/demo/jobs/resume_urls/1/2", id="links that anybody can use"),
    pytest.param("POST", "flexwm/stop", id="stopping the engine"),
    pytest.param("GET", "w/demo/scripts/../../users/tokens/list", id="a way around"),
    pytest.param("GET", "w/demo/settings/x", id="an area that nobody needs"),
]


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_what_is_not_open_to_the_browser(lab: httpx.Client, method: str, path: str) -> None:
    """It is refused before the engine hears of it."""
    assert not is_allowed(method, path)
    if ".." not in path:  # a client resolves these itself
        answer = lab.request(method, f"flexwm/e/local/api/{path}", json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["problem"]["code"]) == (403, "permission-denied")


STRANGERS = [
    pytest.param({}, 403, id="no token"),
    pytest.param({"Authorization": "token wrong"}, 403, id="a wrong token"),
]


@pytest.mark.parametrize(("headers", "status"), STRANGERS)
@pytest.mark.parametrize("path", ["flexwm/engines", f"{API}/jobs/list"])
def test_strangers_are_refused(
    jupyter: Jupyter, lab: httpx.Client, headers: dict[str, str], status: int, path: str
) -> None:
    """As on every other route of the Jupyter server."""
    answer = httpx.get(jupyter.url + path, headers=headers)
    assert answer.status_code == status


def test_a_form_of_another_site_is_refused(jupyter: Jupyter, lab: httpx.Client) -> None:
    """A browser's cookie alone, without the token of the page, changes nothing."""
    with httpx.Client(base_url=jupyter.url) as browser:
        assert browser.get("lab", params={"token": "lab-token"}).status_code in (200, 302, 404)
        assert browser.get("flexwm/engines").status_code == 200
        assert browser.post("flexwm/engines/local/start").status_code == 403
        right = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert browser.post("flexwm/engines/local/start", headers=right).status_code == 200
        assert browser.get("flexwm/engines", headers={"Origin": "http://evil.example"}).status_code == 404


@pytest.mark.parametrize("name", ["nobody", "127"])
def test_an_unknown_engine(lab: httpx.Client, name: str) -> None:
    """No address that somebody makes up is reached."""
    answer = lab.get(f"flexwm/e/{name}/api/version")
    assert (answer.status_code, answer.json()["problem"]["code"]) == (404, "not-found")


NOTE = """
import sys, time
from pathlib import Path
from flexwm_nb.backends import registered
from flexwm_nb.client.endpoint import Endpoint
print(registered.register(Endpoint(kind="managed", url=sys.argv[1], workspace="demo", token=sys.argv[2])), flush=True)
time.sleep(60)
"""


def test_an_engine_that_a_kernel_opened(jupyter: Jupyter, lab: httpx.Client, server: Server) -> None:
    """It is there for as long as the kernel lives; its note is closed to others."""
    command = [sys.executable, "-c", NOTE, server.url, TOKEN]
    with subprocess.Popen(command, env=jupyter.environment, stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout is not None
        note = Path(kernel.stdout.readline().strip())
        engines = lab.get("flexwm/engines").json()["engines"]
        (name,) = [engine["name"] for engine in engines if engine["kind"] == "managed"]
        assert lab.get(f"flexwm/e/{name}/api/w/{WORKSPACE}/users/whoami").json()["username"] == "admin"
        assert note.stat().st_mode & 0o777 == 0o600
        kernel.kill()
    assert [engine["kind"] for engine in lab.get("flexwm/engines").json()["engines"]] == ["local"]
    assert not note.exists()


CONNECT = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "flexwm_nb")
shell.run_line_magic("windmill_connect", sys.argv[1] + " --workspace demo")
print("connected", flush=True)
sys.stdin.readline()
"""


def test_a_remote_engine_that_a_kernel_has_connected_to(
    jupyter: Jupyter, lab: httpx.Client, server: Server, tmp_path: Path
) -> None:
    """Its token is in a file of this user's alone, and goes with the kernel, and the way to the engine with it."""
    environment = {**jupyter.environment, "WM_TOKEN": TOKEN, "HOME": str(tmp_path)}
    command = [sys.executable, "-c", CONNECT, server.url]
    piped: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    notes = jupyter.folder / "xdg" / "flexwm_nb" / "engines"
    with subprocess.Popen(command, env=environment, **piped) as kernel:
        assert kernel.stdout is not None
        assert "connected\n" in iter(kernel.stdout.readline, "")
        answer = lab.get("flexwm/engines")
        (found,) = [engine for engine in answer.json()["engines"] if engine["kind"] == "remote"]
        assert (found["title"], found["workspace"], TOKEN in answer.text) == (server.url[7:], "demo", False)
        whoami = f"flexwm/e/{found['name']}/api/w/{WORKSPACE}/users/whoami"
        assert lab.get(whoami).json()["username"] == "admin"
        (note,) = [file for file in notes.iterdir() if TOKEN in file.read_text()]
        assert (note.stat().st_mode & 0o777, notes.stat().st_mode & 0o777) == (0o600, 0o700)
        kernel.communicate("\n", timeout=30)
    assert not note.exists()
    assert lab.get(whoami).status_code == 404
    assert others(lab) == []


OTHER_STORE = """
import sys
from pathlib import Path
from flexwm_nb.backends import registered
from flexwm_nb.config import Config
from flexwm_nb.engine import Engine
engine = Engine.builder().with_config(Config(engine="local", store=Path(sys.argv[1]))).build().start()
registered.register(engine.client.endpoint, engine.log.parent)
print(engine.client.endpoint.url, flush=True)
while command := sys.stdin.readline().strip():
    engine.stop()
    if command == "again":
        engine = Engine.builder().with_config(Config(engine="local", store=Path(sys.argv[1]))).build().start()
    print("done", flush=True)
"""


def test_a_local_engine_of_another_store(jupyter: Jupyter, lab: httpx.Client) -> None:
    """It has a name of its own, which stays when it is started anew; once it has left it is not listed."""
    store = jupyter.folder / "elsewhere"
    command = [sys.executable, "-c", OTHER_STORE, str(store)]
    piped: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=jupyter.environment, **piped) as kernel:
        kernel.stdout.readline()
        (found,) = others(lab)
        assert (found["title"], found["state"]) == ("local engine in elsewhere", "running")
        tell(kernel, "again")
        assert [engine["name"] for engine in others(lab)] == [found["name"]]
        assert lab.get(f"flexwm/e/{found['name']}/api/w/{found['workspace']}/users/whoami").status_code == 200
        tell(kernel, "stop")
        assert others(lab) == []


def others(lab: httpx.Client) -> list[Any]:
    """The engines beside the first local one."""
    return [engine for engine in lab.get("flexwm/engines").json()["engines"] if engine["name"] != "local"]


def tell(kernel: subprocess.Popen[str], command: str) -> None:
    """Have it done, and wait until it is."""
    assert kernel.stdin is not None and kernel.stdout is not None
    print(command, file=kernel.stdin, flush=True)
    assert kernel.stdout.readline() == "done\n"


def test_the_engine_goes_and_comes_back(jupyter: Jupyter, lab: httpx.Client) -> None:
    """While it is away that is said with what to do; afterwards everything goes on."""
    subprocess.run(
        [sys.executable, "-m", "flexwm_nb", "stop"], env=jupyter.environment, capture_output=True, check=True
    )
    answer = lab.get(f"{API}/jobs/list")
    assert (answer.status_code, "does not run" in answer.json()["problem"]["what"]) == (503, True)
    engines = {engine["name"]: engine["state"] for engine in lab.get("flexwm/engines").json()["engines"]}
    assert engines["local"] == "stopped"
    assert lab.post("flexwm/engines/local/start").status_code == 200
    assert lab.get(f"{API}/jobs/list").status_code == 200


def test_the_engine_is_killed_in_the_middle_of_a_stream(jupyter: Jupyter, lab: httpx.Client) -> None:
    """The stream ends instead of hanging."""
    job = run(lab, "sleep 30")

    def kill() -> None:
        time.sleep(0.5)
        command = [sys.executable, "-m", "flexwm_nb", "stop", "--force"]
        subprocess.run(command, env=jupyter.environment, capture_output=True, check=True)

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(httpx.RemoteProtocolError), lab.stream("GET", f"{API}/jobs_u/getupdate_sse/{job}") as answer:
        answer.read()
    thread.join()


def test_a_large_result_passes(lab: httpx.Client) -> None:
    """It is handed on as it comes."""
    job = run(lab, "def main():\n    return 'x' * 20_000_000", "python3")
    while lab.get(f"{API}/jobs_u/get/{job}", params={"no_logs": "true"}).status_code != 200:
        time.sleep(0.1)
    while not lab.get(f"{API}/jobs_u/completed/get_result_maybe/{job}").json()["completed"]:
        time.sleep(0.1)
    assert len(lab.get(f"{API}/jobs_u/completed/get_result/{job}").json()) == 20_000_000
