"""Windmill's published clients, installed by `make`, against a running engine: what works there works here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import wmill

from flexwm_nb import sync
from flexwm_nb.engine import Engine
from flexwm_nb.flows.builder import Flow
from tests.conftest import WORKSPACE, Server
from tests.contract.languages import wait_for_lock

TOURS = Path(__file__).parent / "clients"
MODULES = Path(sys.prefix) / "node" / "node_modules"  # of npm
WINDMILL_API = Path(sys.prefix) / "windmill-api"  # of PyPI, beside an httpx of its own
NOT_AS_DESCRIBED = {  # a real Windmill too answers with less than the generated models of these want
    "get_script_by_path", "get_script_by_hash", "list_scripts", "get_flow_by_path", "get_job", "list_jobs",
    "get_variable", "list_variable", "get_resource", "get_schedule", "list_schedules",
}  # fmt: skip
FLOW_VALUE = {"modules": [{"id": "a", "value": {"type": "rawscript", "language": "bash", "content": "echo $n",
              "input_transforms": {}}}]}  # fmt: skip


@pytest.fixture
def home(http: httpx.Client) -> str:
    """A folder of the test's own."""
    name = f"theirs_{uuid4().hex[:8]}"
    http.post("/w/demo/folders/create", json={"name": name})
    return f"f/{name}"


def said(command: list[str], tmp_path: Path, **environment: str) -> Any:
    """What a program prints, as JSON."""
    variables = {**os.environ, **environment}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def node(tmp_path: Path, program: str, *arguments: str, **environment: str) -> Any:
    """What a program of Node's prints, which finds its packages beside itself."""
    if not (tmp_path / "node_modules").exists():
        (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / program).write_text((TOURS / program).read_text())
    return said(["node", program, *arguments], tmp_path, **environment)


def test_windmill_api(server: Server, home: str, tmp_path: Path) -> None:
    """The generated Python client: scripts, flows, jobs, variables, resources, schedules."""
    command = [sys.executable, str(TOURS / "windmill_api_tour.py"), server.url, server.token, WORKSPACE, home]
    found = said(command, tmp_path, PYTHONPATH=str(WINDMILL_API))
    assert set(found.pop("not as described")) <= NOT_AS_DESCRIBED
    assert found == {
        "script": "twice", "same hash": f"{home}/s", "scripts": [f"{home}/s"], "exists": True, "result": 8,
        "waited": 10, "flow": "one step", "flows": [f"{home}/f"], "flow result": 12,
        "canceled": True, "echo": "hello", "log": True, "jobs": True, "completed": True, "queue": True,
        "variable": "two", "variables": [f"{home}/v"], "resource": "any", "resources": [f"{home}/r"],
        "interpolated": {"a": "two"}, "gone": False,
        "schedule": "0 0 3 * * *", "schedules": [f"{home}/at"], "no schedule": False,
    }  # fmt: skip


FILES = pytest.mark.differs("files (`engine.files`, `wmill.write_s3_file`)")


@pytest.mark.parametrize("files", [pytest.param(["files"], marks=FILES, id="files"), pytest.param([], id="no files")])
def test_windmill_client(server: Server, home: str, tmp_path: Path, files: list[str]) -> None:
    """The TypeScript client that scripts import."""
    where = {"WM_TOKEN": server.token, "BASE_INTERNAL_URL": server.url, "WM_WORKSPACE": WORKSPACE}
    assert node(tmp_path, "windmill_client_tour.mjs", home, *files, **where, NO_PROXY="127.0.0.1") == {
        "script": "twice", "result": 8, "later": 10, "flow": 12, "variable": "two", "resource": {"a": "two"},
        "missing": True, "state": {"n": 1}, "schedule": "0 0 3 * * *", "canceled": True,
        **({"file": "some text"} if files else {}),
    }  # fmt: skip


def test_wmill_outside_of_a_job(server: Server, http: httpx.Client, home: str) -> None:
    """The Python client that scripts import, in a program of its own."""
    client = wmill.Windmill(base_url=server.url, token=server.token, workspace=WORKSPACE)
    content = "def main(x: int):\n    return 2 * x\n"
    script = {"path": f"{home}/s", "summary": "", "description": "", "content": content, "language": "python3"}
    wait_for_lock(http, http.post("/w/demo/scripts/create", json=script).raise_for_status().text)
    http.post("/w/demo/flows/create", json={"path": f"{home}/f", "summary": "", "value": FLOW_VALUE, "schema": {}})
    assert client.run_script_by_path(f"{home}/s", args={"x": 4}) == 8
    job = client.run_flow_async(f"{home}/f", {})
    assert client.wait_job(job) == ""
    client.set_variable(f"{home}/v", "one", is_secret=True)
    client.set_resource({"a": f"$var:{home}/v"}, f"{home}/r", "any")
    assert (client.get_variable(f"{home}/v"), client.get_resource(f"{home}/r")) == ("one", {"a": "one"})
    client.set_state({"n": 1}, f"{home}/state")
    assert client.get_state(f"{home}/state") == {"n": 1}
    assert client.get_job_status(job) == "COMPLETED"
    assert client.whoami()["email"] == http.get("/users/whoami").json()["email"]
    client.client.close()


@FILES
def test_wmill_keeps_files(server: Server, home: str) -> None:
    """And reads them back."""
    client = wmill.Windmill(base_url=server.url, token=server.token, workspace=WORKSPACE)
    file = client.write_s3_file({"s3": f"{home}/b"}, b"bytes", None)
    assert client.load_s3_file(file, None) == b"bytes"
    client.client.close()


def test_the_files_that_we_write_are_valid(engine: Engine, home: str, tmp_path: Path) -> None:
    """In the eyes of the validator that editors use."""
    flow = Flow(f"{home}/flow", summary="All sorts")
    first = flow.code("python3", "def main(n: int = 1):\n    return [n]\n", "first")
    with flow.for_each(first.result) as each:
        flow.code("bash", 'n="$1"\necho "$n"\n', "one", n=each.item)
    engine.flows.register(flow)
    engine.schedules.set(f"{home}/nightly", "0 3 * * *", f"{home}/flow", {"n": 1}, is_flow=True, enabled=False)
    sync.pull(sync.plan_pull(engine.client, tmp_path, home), tmp_path)
    names = [f"{home}/flow.flow/flow.yaml", f"{home}/nightly.schedule.yaml"]
    assert node(tmp_path, "validate.mjs", *names) == {name: [] for name in names}
