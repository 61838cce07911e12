"""The real `wmill` command line, which `make` installs beside this Python, against a running engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from flexwm_nb import sync
from flexwm_nb.engine import Engine
from flexwm_nb.flows.builder import Flow
from flexwm_nb.models.scripts import ScriptDraft
from tests.conftest import WORKSPACE, Server

NODE = Path(sys.prefix) / "node" / "node_modules" / ".bin"

SETTINGS = 'defaultTs: bun\nincludes: ["{}/**"]\nexcludes: []\nincludeSchedules: true\n'
FLOW = """summary: s
description: ''
value:
  modules:
    - id: a
      value:
        type: rawscript
        content: '!inline a.inline_script.sh'
        input_transforms: {}
        language: bash
schema:
  type: object
  properties: {}
"""
Wmill = Callable[..., str]


@pytest.fixture
def folder(http: httpx.Client) -> str:
    """A folder of the test's own."""
    name = f"cli_{uuid4().hex[:8]}"
    http.post("/w/demo/folders/create", json={"name": name})
    return f"f/{name}"


@pytest.fixture
def files(tmp_path: Path, folder: str) -> Path:
    """A directory that is laid out as `wmill sync` lays it."""
    (tmp_path / "wmill.yaml").write_text(SETTINGS.format(folder))
    flow = tmp_path / folder / "fl.flow"
    flow.mkdir(parents=True)
    (flow / "flow.yaml").write_text(FLOW)
    (flow / "a.inline_script.sh").write_text("echo 1\n")
    (tmp_path / folder / "s.py").write_text("def main(n: int = 1):\n    return n\n")
    (tmp_path / folder / "v.variable.yaml").write_text("value: one\nis_secret: false\ndescription: ''\n")
    return tmp_path


@pytest.fixture
def wmill(server: Server, files: Path) -> Wmill:
    """Run one command; what it says."""

    def run(*command: str) -> str:
        where = ["--base-url", f"{server.url}/", "--token", server.token, "--workspace", WORKSPACE]
        environment = {**os.environ, "HOME": str(files), "NO_COLOR": "1", "CI": "1"}
        done = subprocess.run(
            [str(NODE / "wmill"), *command, *where],
            cwd=files, env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_a_round_trip_leaves_no_difference(http: httpx.Client, wmill: Wmill, files: Path, folder: str) -> None:
    """What is pushed stands in the engine, and neither pull nor push finds anything to do then."""
    wmill("generate-metadata", "--yes")
    wmill("folder", "add-missing", "--yes")
    wmill("sync", "push", "--yes")
    flow = http.get(f"/w/demo/flows/get/{folder}/fl").json()
    assert flow["value"]["modules"][0]["value"]["content"] == "echo 1\n"
    assert http.get(f"/w/demo/scripts/get/p/{folder}/s").json()["schema"]["properties"]["n"]["default"] == 1
    assert http.get(f"/w/demo/variables/get_value/{folder}/v").json() == "one"
    assert "0 changes to apply" in wmill("sync", "pull", "--yes")
    assert "0 changes to apply" in wmill("sync", "push", "--yes")


def test_changes_travel_both_ways(http: httpx.Client, wmill: Wmill, files: Path, folder: str) -> None:
    """A pushed change makes a version, a change in the engine is pulled."""
    wmill("folder", "add-missing", "--yes")
    wmill("sync", "push", "--yes")
    (files / folder / "fl.flow" / "a.inline_script.sh").write_text("echo 2\n")
    wmill("sync", "push", "--yes")
    assert len(http.get(f"/w/demo/flows/history/p/{folder}/fl").json()) == 2
    http.post(f"/w/demo/variables/update/{folder}/v", json={"value": "two"})
    wmill("sync", "pull", "--yes")
    assert "value: two" in (files / folder / "v.variable.yaml").read_text()


def test_a_flow_is_pushed_and_run(http: httpx.Client, wmill: Wmill, folder: str) -> None:
    """The logs of each step are shown, then the result."""
    wmill("flow", "push", f"{folder}/fl.flow", f"{folder}/fl")
    said = wmill("flow", "run", f"{folder}/fl")
    assert "====== a ======" in said
    assert said.index("Flow ran to completion") < said.index('"1"')
    assert '"1"' in wmill("flow", "preview", f"{folder}/fl.flow")
    of_flow = {"script_path_exact": f"{folder}/fl", "job_kinds": "flow"}
    job = http.get("/w/demo/jobs/list", params=of_flow).json()[0]["id"]
    assert len(wmill("job", "rerun", job).split()[-1]) == len(job)


def test_a_preview_takes_what_it_imports_from_the_files(
    http: httpx.Client, wmill: Wmill, files: Path, folder: str
) -> None:
    """A script beside it that was never pushed, for a script and a flow."""
    (files / folder / "beside.py").write_text("def answer():\n    return 42\n")
    code = f"from {folder.replace('/', '.')}.beside import answer\n\ndef main():\n    return [answer()]\n"
    (files / folder / "main.py").write_text(code)
    flow = files / folder / "fl.flow"
    (flow / "flow.yaml").write_text(FLOW.replace(".sh", ".py").replace("bash", "python3"))
    (flow / "a.inline_script.py").write_text(code)
    assert "42" in wmill("script", "preview", f"{folder}/main.py", "-s")
    assert "42" in wmill("flow", "preview", f"{folder}/fl.flow", "-s")
    assert http.get(f"/w/demo/scripts/exists/p/{folder}/beside").json() is False


def test_files_that_we_pulled_are_as_its_own(engine: Engine, wmill: Wmill, files: Path, folder: str) -> None:
    """It finds nothing to change in them, whatever kind they are of."""
    flow = Flow(f"{folder}/ours", summary="ours")
    flow.code("python3", "def main():\n    return 1\n", "first")
    engine.flows.register(flow)
    script = ScriptDraft(path=f"{folder}/our_script", language="bash", content="echo 1\n", timeout=5, labels=["a"])
    engine.scripts.register(script)
    engine.resources.set(f"{folder}/r", {"a": 1}, resource_type="c_any", description="d")
    engine.schedules.set(f"{folder}/at", "0 3 * * *", flow.path, {"n": 1}, is_flow=True, enabled=False)
    shutil.rmtree(files / "f")
    sync.pull(sync.plan_pull(engine.client, files, folder), files)
    assert "0 changes to apply" in wmill("sync", "push", "--yes")
    assert "0 changes to apply" in wmill("sync", "pull", "--yes")


def test_values_and_schedules_by_the_command_line(engine: Engine, wmill: Wmill, files: Path, folder: str) -> None:
    """Each kind has commands of its own."""
    wmill("folder", "add-missing", "--yes")
    wmill("sync", "push", "--yes")
    (files / "one.resource.yaml").write_text("value:\n  a: 1\ndescription: ''\nresource_type: c_any\n")
    wmill("resource", "push", "one.resource.yaml", f"{folder}/one")
    (files / "one.variable.yaml").write_text("value: hello\nis_secret: true\ndescription: ''\n")
    wmill("variable", "push", "--plain-secrets", "one.variable.yaml", f"{folder}/secret")
    when = "schedule: 0 0 3 * * *\ntimezone: UTC\nenabled: false\nis_flow: true\nargs: {}\n"
    (files / "at.schedule.yaml").write_text(f"{when}script_path: {folder}/fl\n")
    wmill("schedule", "push", "at.schedule.yaml", f"{folder}/at")
    assert engine.resources.get(f"{folder}/one") == {"a": 1}
    assert engine.variables.get(f"{folder}/secret") == "hello"
    assert engine.schedules.get(f"{folder}/at").cron == "0 0 3 * * *"
    for kind, name in (
        ("script", "s"),
        ("flow", "fl"),
        ("variable", "secret"),
        ("resource", "one"),
        ("schedule", "at"),
    ):
        assert f"{folder}/{name}" in wmill(kind, "list", "--json") if kind != "resource" else wmill(kind, "list")
    assert "4" in wmill("script", "run", f"{folder}/s", "-d", '{"n": 4}', "-s")
