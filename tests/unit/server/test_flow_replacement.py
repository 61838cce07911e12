"""Replacing what a suspended flow will do before it goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import running_server


def flow(*later: str, first: str = "echo a", step: str = "a") -> dict[str, Any]:
    """A flow that asks after its first step, and echoes texts then."""
    modules = [
        {"id": f"s{number}", "value": {"type": "rawscript", "language": "bash", "content": f"echo {text}"}}
        for number, text in enumerate(later)
    ]
    asking = {"id": step, "value": {"type": "rawscript", "language": "bash", "content": first}}
    return {"modules": [{**asking, "suspend": {"required_events": 1, "timeout": 600}}, *modules]}


def wait(http: httpx.Client, job: str, key: str, value: Any) -> dict[str, Any]:
    """The job's document, once a field of it has that value."""
    limit = time.monotonic() + 20
    while (found := http.get(f"/w/demo/jobs_u/get/{job}").json()).get(key) != value:
        assert time.monotonic() < limit, found
        time.sleep(0.02)
    return dict(found)


def suspended(http: httpx.Client) -> str:
    """The job of such a flow that waits."""
    job = http.post("/w/demo/jobs/run/preview_flow", json={"value": flow("old")}).text
    wait(http, job, "suspend", 1)
    return job


def test_a_suspended_flow_goes_on_with_another_definition(http: httpx.Client) -> None:
    """It still waits, and then follows the new steps; what has run stays."""
    job = suspended(http)
    assert http.post(f"/w/demo/jobs/flow/replace/{job}", json={"value": flow("new", "newer")}).status_code == 200
    waiting = wait(http, job, "suspend", 1)["flow_status"]["modules"]
    assert [module["type"] for module in waiting] == ["Success", "WaitingForEvents", "WaitingForPriorSteps"]
    http.post(f"/w/demo/jobs/flow/resume/{job}", json={})
    ended = wait(http, job, "type", "CompletedJob")
    assert (ended["result"], len(ended["raw_flow"]["modules"])) == ("newer", 3)


def test_the_new_definition_survives_a_killed_engine(tmp_path: Path) -> None:
    """What was acknowledged counts after kill -9."""
    with running_server(tmp_path) as server, server.http() as http:
        job = suspended(http)
        http.post(f"/w/demo/jobs/flow/replace/{job}", json={"value": flow("new")})
        server.process.kill()
        server.process.wait()
    with running_server(tmp_path) as server, server.http() as http:
        http.post(f"/w/demo/jobs/flow/resume/{job}", json={})
        assert wait(http, job, "type", "CompletedJob")["result"] == "new"


REFUSED = [
    pytest.param(flow("x", step="b"), 500, "step a has run already", id="a step that has run"),
    pytest.param({"modules": flow()["modules"][:0]}, 500, "step a has run already", id="nothing"),
    pytest.param({}, 422, "missing field `modules`", id="no flow"),
]


@pytest.mark.parametrize(("value", "status", "text"), REFUSED)
def test_what_cannot_take_its_place(http: httpx.Client, value: dict[str, Any], status: int, text: str) -> None:
    """The answer says why, and the flow waits on."""
    job = suspended(http)
    answer = http.post(f"/w/demo/jobs/flow/replace/{job}", json={"value": value})
    assert (answer.status_code, text in answer.text) == (status, True), answer.text
    http.post(f"/w/demo/jobs/flow/resume/{job}", json={})
    assert wait(http, job, "type", "CompletedJob")["result"] == "old"


def test_a_flow_that_does_not_wait_keeps_its_definition(http: httpx.Client) -> None:
    """Neither while it runs nor afterwards."""
    running = {"modules": [{"id": "a", "value": {"type": "rawscript", "language": "bash", "content": "sleep 20"}}]}
    job = http.post("/w/demo/jobs/run/preview_flow", json={"value": running}).text
    assert (
        "it does not wait for an event" in http.post(f"/w/demo/jobs/flow/replace/{job}", json={"value": running}).text
    )
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    wait(http, job, "type", "CompletedJob")
    assert http.post(f"/w/demo/jobs/flow/replace/{job}", json={"value": running}).status_code == 500
