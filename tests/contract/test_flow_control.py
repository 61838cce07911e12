"""Ending, keeping and taking up flows while they run."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.contract.test_flow_rules import HANDLER, loop, run, start, step, until
from tests.waiting import eventually

SLEEPER = {"type": "rawscript", "language": "bash", "content": "sleep 30", "input_transforms": {}}


def completed(document: dict[str, Any]) -> bool:
    """Whether the job has ended."""
    return bool(document["type"] == "CompletedJob")


def unfinished(http: httpx.Client, flow: str) -> list[str]:
    """The jobs below a flow that have not ended."""
    children = http.get("/w/demo/jobs/list", params={"parent_job": flow, "per_page": 1000}).json()
    left = [job["id"] for job in children if not completed(job)]
    return left + [job for child in children for job in unfinished(http, child["id"])]


def test_cancelling_a_parallel_loop_ends_iterations_that_wait(http: httpx.Client) -> None:
    """Running and waiting iterations end with the flow."""
    job = start(http, [loop("l", "[1, 2, 3, 4]", {"id": "i", "value": SLEEPER}, parallel=True, parallelism=2)])
    until(http, job, lambda found: (found.get("flow_status") or {}).get("step") == 0)
    time.sleep(0.3)
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    assert until(http, job, completed)["canceled"] is True
    assert eventually(lambda: not unfinished(http, job))


def test_force_cancelling_a_step_ends_the_whole_flow_at_once(http: httpx.Client) -> None:
    """The answer comes when the root has ended."""
    job = start(http, [loop("l", "[1]", {"id": "i", "value": SLEEPER})])
    running = until(http, job, lambda found: (found["flow_status"]["modules"][0]).get("job"))
    part = running["flow_status"]["modules"][0]["job"]
    http.post(f"/w/demo/jobs_u/queue/force_cancel/{part}", json={"reason": "now"})
    found = until(http, job, completed)
    assert (found["canceled"], found["canceled_reason"]) == (True, "now")


def test_cancelling_only_a_step_fails_it(http: httpx.Client) -> None:
    """The flow sees a failed step, and its failure module runs."""
    job = start(http, [{"id": "a", "value": SLEEPER}], failure_module=HANDLER)
    running = until(http, job, lambda found: (found["flow_status"]["modules"][0]).get("type") == "InProgress")
    http.post(f"/w/demo/jobs_u/queue/cancel/{running['flow_status']['modules'][0]['job']}", json={"reason": "no"})
    found = until(http, job, completed)
    assert (found["success"], found["canceled"]) == (False, False)
    assert "cancelled by admin (reason: no)" in found["result"]


def test_a_waiting_step_that_is_cancelled_fails(http: httpx.Client) -> None:
    """Its flow goes on from there at once."""
    job = start(http, [step("a", sleep={"type": "static", "value": 60}), step("b", continue_on_error=True), step("c")])
    waits = until(http, job, lambda found: (found["flow_status"]["modules"][1]).get("job"))
    http.post(f"/w/demo/jobs_u/queue/cancel/{waits['flow_status']['modules'][1]['job']}", json={})
    found = until(http, job, completed)
    kinds = [module["type"] for module in found["flow_status"]["modules"]]
    assert (found["success"], kinds) == (True, ["Success", "Failure", "Success"])


def test_a_flow_s_result_is_kept_for_equal_arguments(http: httpx.Client) -> None:
    """With `cache_ttl` a second run of the flow has the first one's result and no steps of its own."""
    code = "import uuid\ndef main():\n    return str(uuid.uuid4())\n"
    value = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}
    flow = {"cache_ttl": 60}
    first, second = (run(http, [{"id": "kept", "value": value}], {"n": 5}, **flow) for _ in range(2))
    assert first["result"] == second["result"]
    assert http.get("/w/demo/jobs/list", params={"parent_job": second["id"]}).json() == []


def test_a_later_try_waits_for_its_time(http: httpx.Client) -> None:
    """The status counts failures meanwhile."""
    code = "raise ValueError('again')"
    value = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}
    job = start(http, [{"id": "a", "value": value, "retry": {"constant": {"attempts": 1, "seconds": 1}}}])
    waits = until(http, job, lambda found: (found.get("flow_status") or {}).get("retry"))
    assert waits["flow_status"]["retry"]["fail_count"] == 1
    found = until(http, job, completed)
    assert found["duration_ms"] >= 1_000
    assert found["flow_status"]["modules"][0]["type"] == "Failure"


@pytest.mark.differs("how fast steps follow each other", run=False)
def test_a_long_loop_does_not_slow_down(http: httpx.Client) -> None:
    """The status of a loop with many iterations is complete, whatever is stored while it goes on."""
    job = run(http, [loop("l", "[...Array(600).keys()]", {"id": "i", "value": {"type": "identity"}})])
    (module,) = job["flow_status"]["modules"]
    assert (len(module["flow_jobs"]), module["flow_jobs_success"]) == (600, [True] * 600)


@pytest.mark.differs("a flow that starts itself", run=False)
def test_a_flow_that_starts_itself_ends_with_a_clear_error(http: httpx.Client) -> None:
    """A recursion without an end is refused at a depth that no flow needs."""
    itself = {"id": "f", "value": {"type": "flow", "path": "u/admin/starts_itself", "input_transforms": {}}}
    body = {"path": "u/admin/starts_itself", "summary": "", "value": {"modules": [itself]}}
    assert http.post("/w/demo/flows/create", json=body).status_code == 201
    job = http.post("/w/demo/jobs/run/f/u/admin/starts_itself", json={}).text
    found = until(http, job, completed)
    assert found["success"] is False
    assert "Does it start itself" in found["result"]["error"]["message"]


@pytest.mark.differs("a flow of many levels that is cancelled", run=False)
def test_a_deep_flow_is_cancelled_as_a_whole(http: httpx.Client) -> None:
    """However many flows stand inside one another, the cancel of the first reaches the last."""
    modules = [{"id": "s", "value": SLEEPER}]
    for depth in range(20):
        modules = [{"id": f"b{depth}", "value": {"type": "branchone", "branches": [], "default": modules}}]
    job = start(http, modules)
    until(http, job, lambda found: (found.get("flow_status") or {}).get("step") == 0)
    time.sleep(0.3)
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    assert until(http, job, completed)["canceled"] is True
