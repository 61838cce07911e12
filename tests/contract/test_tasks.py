"""Functions of a running script as jobs of their own, as the decorator `task` of Windmill's clients calls them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.languages import W, deployed, preview, run

CODE = """
import json, os, time, urllib.error, urllib.request


def ask(path, body=None):
    url = os.environ["BASE_INTERNAL_URL"] + "/api/w/" + os.environ["WM_WORKSPACE"] + path
    headers = {"Authorization": "Bearer " + os.environ["WM_TOKEN"], "Content-Type": "application/json"}
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
    return urllib.request.urlopen(request).read().decode()


def double(n: int):
    return [2 * n, os.environ["MAIN_OVERRIDE"], os.environ["WM_JOB_ID"]]


def main(n: int):
    job = ask("/jobs/run/workflow_as_code/%s/double" % os.environ["WM_JOB_ID"], {"args": {"n": n}})
    for _ in range(600):
        found = json.loads(ask("/jobs_u/completed/get_result_maybe/" + job))
        if found["completed"]:
            return [job, found["result"]]
        time.sleep(0.05)
"""


@pytest.mark.parametrize("kind", ["preview", "script"])
def test_a_function_runs_as_a_job(http: httpx.Client, kind: str) -> None:
    """Of the same source, below the one that calls it, which tells of it."""
    path = f"f/tasks/{uuid4().hex[:8]}"
    if kind == "script":
        deployed(http, path, "python3", CODE, lock="# py: 3.11")
        caller = http.post(f"{W}/jobs/run/p/{path}", json={"n": 4}).text
    else:
        caller = preview(http, "python3", CODE, {"n": 4}, path=path)
    success, (task, result) = run(http, caller)
    assert (success, result) == (True, [8, "double", task])
    found = http.get(f"{W}/jobs_u/get/{task}").json()
    assert (found["job_kind"], found["script_path"], found["parent_job"]) == (kind, path, caller)
    assert found["args"] == {"n": 4, "_ENTRYPOINT_OVERRIDE": "double"}
    told = http.get(f"{W}/jobs_u/get/{caller}").json()["workflow_as_code_status"]
    assert {job: status["name"] for job, status in told.items()} == {task: "double"}


REFUSED = [
    pytest.param("{job}", "double", 404, "Queued Job not found", id="a job that has ended"),
    pytest.param("017e0ad5-f499-73b6-5488-92a61c5196dd", "double", 404, "Queued Job not found", id="no job"),
    pytest.param("x", "double", 400, "UUID parsing failed", id="no id"),
    pytest.param("{job}", "do-uble", 400, 'Invalid entrypoint "do-uble"', id="no name of a function"),
]


@pytest.mark.parametrize(("job", "function", "status", "text"), REFUSED)
def test_what_cannot_be_called(http: httpx.Client, job: str, function: str, status: int, text: str) -> None:
    """Nothing runs then."""
    ended = preview(http, "bash", "echo 1")
    run(http, ended)
    asked = f"{W}/jobs/run/workflow_as_code/{job.format(job=ended)}/{function}"
    answer: Any = http.post(asked, json={"args": {}})
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


def test_flows_have_no_functions(http: httpx.Client) -> None:
    """A job of another kind is refused."""
    module = {"id": "a", "value": {"type": "identity"}, "sleep": {"type": "static", "value": 60}}
    later = {"id": "b", "value": {"type": "identity"}}
    body = {"value": {"modules": [module, later]}, "args": {}}
    job = http.post(f"{W}/jobs/run/preview_flow", json=body).text
    try:
        answer = http.post(f"{W}/jobs/run/workflow_as_code/{job}/double", json={"args": {}})
        assert (answer.status_code, "Not supported" in answer.text) == (500, True)
    finally:
        http.post(f"{W}/jobs_u/queue/cancel/{job}", json={})
