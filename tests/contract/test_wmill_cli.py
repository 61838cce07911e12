"""The real `wmill` command line, which `make` installs beside this Python, against a running engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.conftest import TOKEN, WORKSPACE, Server

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
        where = ["--base-url", f"{server.url}/", "--token", TOKEN, "--workspace", WORKSPACE]
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


def test_a_flow_is_pushed_and_run(wmill: Wmill, folder: str) -> None:
    """The logs of each step are shown, then the result."""
    wmill("flow", "push", f"{folder}/fl.flow", f"{folder}/fl")
    said = wmill("flow", "run", f"{folder}/fl")
    assert "====== a ======" in said
    assert said.index("Flow ran to completion") < said.index('"1"')
    assert '"1"' in wmill("flow", "preview", f"{folder}/fl.flow")
