"""kill -9 of the engine while a flow runs: the flow goes on and ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Server, running_server
from tests.faults.test_killed_server import kill, result

KILLS = int(os.environ.get("FLEXWM_KILLED_FLOWS", "12"))  # `make faults` asks for 100
LONGEST = 0.5  # seconds that the flow runs before the engine is killed
CODE = """
import os
def main(value, starts):
    with open(starts, "a") as file:
        file.write(os.environ["WM_JOB_ID"] + "\\n")
    return value
"""


def step(name: str, expression: str, **more: Any) -> dict[str, Any]:
    """A python step that notes its start and returns a value."""
    transforms = {
        "value": {"type": "javascript", "expr": expression},
        "starts": {"type": "javascript", "expr": "flow_input.starts"},
    }
    value = {"type": "rawscript", "language": "python3", "content": CODE, "input_transforms": transforms}
    return {"id": name, "value": value, **more}


def loop(name: str, items: list[Any], *modules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A loop over a list."""
    iterator = {"type": "static", "value": items}
    value = {"type": "forloopflow", "iterator": iterator, "modules": list(modules), "skip_failures": False, **more}
    return {"id": name, "value": value}


FLOW = {
    "modules": [
        step("a", "1"),
        loop("b", [1, 2, 3], step("c", "flow_input.iter.value * 10"), step("d", "previous_result + results.a")),
        {"id": "e", "value": {"type": "identity"}},
        loop("f", [1, 2, 3, 4], step("g", "flow_input.iter.value"), parallel=True, parallelism=2),
        {
            "id": "h",
            "value": {
                "type": "branchall",
                "parallel": True,
                "branches": [{"modules": [step("i", "'left'")]}, {"modules": [step("j", "'right'")]}],
            },
        },
        {
            "id": "k",
            "value": {
                "type": "branchone",
                "branches": [{"expr": "results.a == 1", "modules": [step("l", "'taken'"), step("m", "results.l")]}],
                "default": [],
            },
        },
        step("n", "[results.b, results.f, results.h, results.k]", sleep={"type": "static", "value": 0.05}),
        step("o", "results.n"),
    ]
}
EXPECTED = [[11, 21, 31], [1, 2, 3, 4], ["left", "right"], "taken"]
STEPS = 1 + 3 * 2 + 4 + 2 + 2 + 2  # that are python
JOBS = 1 + STEPS + 3 + 1 + 4 + 2 + 1  # with the flow, its iterations and branches, and the identity


def submit(http: httpx.Client, starts: Path) -> str:
    """The flow's identifier, acknowledged."""
    answer = http.post("/w/demo/jobs/run/preview_flow", json={"value": FLOW, "args": {"starts": str(starts)}})
    assert answer.status_code == 201, answer.text
    return answer.text


def attempts(store: Path, flow: str) -> dict[str, int]:
    """How often each python step of the flow was started, as the store counts."""
    with sqlite3.connect(f"file:{store / 'store.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT id, attempt, kind FROM job WHERE root_job = ? OR id = ?", (flow, flow))
        found = list(rows)
    assert len(found) == JOBS, Counter(kind for _, _, kind in found)
    return {job: count for job, count, kind in found if kind == "preview"}


def wait_for_start(server: Server, seed: int) -> None:
    """Let the flow run for its seeded time."""
    time.sleep(random.Random(seed).random() * LONGEST)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_flow_goes_on_after_the_engine_was_killed(tmp_path: Path, seed: int) -> None:
    """It has its result, each of its jobs once, and no step ran more often than the store counts starts."""
    starts = tmp_path / "starts"
    with running_server(tmp_path / "store") as server, server.http() as http:
        flow = submit(http, starts)
        wait_for_start(server, seed)
        kill(server)
    with running_server(tmp_path / "store") as server, server.http() as http:
        ended = result(http, flow)
        status = http.get(f"/w/demo/jobs_u/get/{flow}").json()["flow_status"]
    assert (ended["success"], ended["result"]) == (True, EXPECTED)
    assert [module["type"] for module in status["modules"]] == ["Success"] * len(FLOW["modules"])
    assert status["modules"][1]["flow_jobs_success"] == [True] * 3
    counted, seen = attempts(tmp_path / "store", flow), Counter(starts.read_text().split())
    assert len(counted) == STEPS
    assert all(1 <= seen[job] <= count for job, count in counted.items()), (counted, seen)


def test_a_waiting_flow_is_let_go_on_after_the_engine_was_killed(tmp_path: Path) -> None:
    """An approval that was acknowledged counts, and one that is given afterwards too."""
    asks = {"required_events": 2, "timeout": 600}
    flow = {"modules": [step("a", "'asked'", suspend=asks), step("b", "[previous_result, resumes.length]")]}
    body = {"value": flow, "args": {"starts": str(tmp_path / "starts")}}
    with running_server(tmp_path / "store") as server, server.http() as http:
        job = http.post("/w/demo/jobs/run/preview_flow", json=body).text
        while http.get(f"/w/demo/jobs_u/get/{job}").json().get("suspend") != 2:
            time.sleep(0.02)
        signature = http.get(f"/w/demo/jobs/resume_urls/{job}/7").json()["resume"]
        assert httpx.post(signature, json=1).status_code == 201
        kill(server)
    with running_server(tmp_path / "store") as server, server.http() as http:
        assert http.post(f"/w/demo/jobs/flow/resume/{job}", json=2).status_code == 201
        assert result(http, job)["result"] == ["asked", 2]


def test_a_flow_goes_on_after_the_engine_was_told_to_stop(tmp_path: Path) -> None:
    """What ran is run again by the next engine, and nothing of the flow is lost."""
    slow = "import time\ndef main(x):\n    time.sleep(0.1)\n    return x\n"
    inputs = {"x": {"type": "javascript", "expr": "flow_input.iter.value"}}
    value = {"type": "rawscript", "language": "python3", "content": slow, "input_transforms": inputs}
    body = {"value": {"modules": [loop("l", [1, 2, 3, 4, 5, 6], {"id": "i", "value": value})]}}
    with running_server(tmp_path, "--drain", "0") as server, server.http() as http:
        job = http.post("/w/demo/jobs/run/preview_flow", json=body).text
        time.sleep(0.4)
    with running_server(tmp_path) as server, server.http() as http:
        assert result(http, job)["result"] == [1, 2, 3, 4, 5, 6]
