"""The published `wmill` client inside a job, with the job's own token, about other jobs."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

CALLED = "import time\ndef main(x: int):\n    time.sleep(0.05)\n    return {'twice': 2 * x}"
SLOW = "import time\ndef main():\n    time.sleep(60)"
CALLS = {
    "run_script": ('wmill.run_script(PATH, args={"x": 4})', {"twice": 8}),
    "run_script_by_path": ('wmill.run_script_by_path(PATH, args={"x": 5})', {"twice": 10}),
    "async_and_result": (
        'wait(wmill.run_script_async(PATH, args={"x": 6}))',
        {"twice": 12},
    ),
    "status": ('status(wmill.run_script_async(PATH, args={"x": 6}))', ["COMPLETED", True, {"twice": 12}]),
    "root": ('root(wmill.run_script_async(PATH, args={"x": 6}))', True),
    "failure": ("failure()", True),
    "cancel": ("cancel()", True),
}
HELPERS = """
import os, time, wmill
client = wmill.Windmill()

def wait(job):
    while not client.get(f"/w/{client.workspace}/jobs_u/completed/get_result_maybe/{job}").json()["completed"]:
        time.sleep(0.02)
    return wmill.get_result(job)

def status(job):
    result = wait(job)
    found = client.get_job(job)
    return [wmill.get_job_status(job), found["success"], result]

def root(job):
    wait(job)
    return wmill.get_root_job_id(job) == os.environ["WM_JOB_ID"]

def failure():
    try:
        wmill.run_script_by_path(PATH, args={"y": 1})
    except Exception as error:
        return "was not successful" in str(error)

def cancel():
    job = wmill.run_script_async(SLOW)
    while client.get_job_status(job) != "RUNNING":
        time.sleep(0.02)
    client.post(f"/w/{client.workspace}/jobs_u/queue/cancel/{job}", json={"reason": "enough"})
    wait(job)
    return client.get_job(job)["canceled"]
"""


def made(http: httpx.Client, content: str) -> str:
    """The path of a new script."""
    path = f"u/admin/wmill_{uuid4().hex}"
    body = {"path": path, "summary": "", "description": "", "content": content, "language": "python3", "lock": ""}
    assert http.post("/w/demo/scripts/create", json=body).status_code == 201
    return path


@pytest.fixture(scope="module")
def preamble(server: Any) -> str:
    """The source that every call begins with."""
    with server.http() as http:
        return f"PATH = {made(http, CALLED)!r}\nSLOW = {made(http, SLOW)!r}\n{HELPERS}"


@pytest.mark.parametrize("name", CALLS)
def test_the_published_client_works_inside_a_job(http: httpx.Client, preamble: str, name: str) -> None:
    """Its requests are answered as it expects."""
    call, expected = CALLS[name]
    content = f"{preamble}\ndef main():\n    return {call}"
    answer = http.post("/w/demo/jobs/run_wait_result/preview", json={"language": "python3", "content": content})
    assert answer.json() == expected


@pytest.mark.differs("jobs that wait for jobs of their own", run=False)
def test_jobs_that_wait_for_their_children_do_not_fill_every_slot(http: httpx.Client, preamble: str) -> None:
    """More parents than slots, each waiting for a child, all end."""
    content = f"{preamble}\ndef main(x: int):\n    return wmill.run_script_by_path(PATH, args={{'x': x}})"
    body = {"language": "python3", "content": content}
    ids = [http.post("/w/demo/jobs/run/preview", json={**body, "args": {"x": number}}).text for number in range(12)]
    for number, job in enumerate(ids):
        with http.stream("GET", f"/w/demo/jobs_u/getupdate_sse/{job}", params={"only_result": "true"}) as answer:
            last = answer.read().decode().strip().splitlines()[-1]
        assert f'"twice": {2 * number}' in last


TASKS = """
from wmill import task


@task()
def twice(n: int):
    return 2 * n


def main(n: int):
    return [twice(n), twice(n=n + 1)]
"""


def test_a_task_is_a_job_of_its_own(http: httpx.Client) -> None:
    """Its result comes back to the function that called it; the log names the jobs."""
    job = http.post("/w/demo/jobs/run/preview", json={"language": "python3", "content": TASKS, "args": {"n": 4}}).text
    while not (found := http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json())["completed"]:
        time.sleep(0.02)
    assert found["result"] == [8, 10]
    assert "Executing task twice on job" in http.get(f"/w/demo/jobs_u/get_logs/{job}").text
