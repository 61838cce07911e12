"""kill -9 of the engine: what was acknowledged is there afterwards, and every job ends in one state."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.conftest import Server, running_server

JOBS = 200
FINAL = {"success", "failure", "canceled"}
CONTENT = "import time\ndef main(n: int):\n    time.sleep(0.02)\n    return n\n"


def kill(server: Server) -> None:
    """End the server as the system would: at once, with no word to it."""
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)


def submit(http: httpx.Client, number: int, content: str = CONTENT) -> str:
    """A job's identifier, acknowledged."""
    body = {"language": "python3", "content": content, "args": {"n": number}}
    answer = http.post("/w/demo/jobs/run/preview", json=body)
    assert answer.status_code == 201, answer.text
    return answer.text


def result(http: httpx.Client, job: str) -> dict[str, Any]:
    """How a job ended, waited for."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found: dict[str, Any] = http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json()
        if found["completed"]:
            return found
        time.sleep(0.05)
    raise AssertionError(f"job {job} did not end")


@pytest.mark.parametrize("after", [20, 120, JOBS], ids=["early", "midway", "all submitted"])
def test_every_acknowledged_job_ends_after_the_engine_was_killed(tmp_path: Path, after: int) -> None:
    """Jobs that waited, ran or had ended: none is lost, each ends once, with its own result."""
    jobs: dict[str, int] = {}
    with running_server(tmp_path) as server, server.http() as http:
        for number in range(after):
            jobs[submit(http, number)] = number
        before = {job["id"]: job["success"] for job in http.get("/w/demo/jobs/completed/list").json()}
        kill(server)
    with running_server(tmp_path) as server, server.http() as http:
        for number in range(after, JOBS):
            jobs[submit(http, number)] = number
        ended = {job: result(http, job) for job in jobs}
        listed = http.get("/w/demo/jobs/completed/list", params={"per_page": 1000}).json()
    assert all(found["success"] for found in ended.values())
    assert {job: found["result"] for job, found in ended.items()} == jobs
    assert sorted(job["id"] for job in listed) == sorted(jobs)
    assert all(before[job] for job in before)


def test_an_acknowledged_script_is_there_after_the_engine_was_killed(tmp_path: Path) -> None:
    """A script, a variable and a token outlive the process that made them."""
    with running_server(tmp_path) as server, server.http() as http:
        body = {"path": "u/admin/kept", "summary": "", "content": "echo kept", "language": "bash"}
        created = http.post("/w/demo/scripts/create", json=body)
        variable = {"path": "u/admin/secret", "value": "s3cret", "is_secret": True, "description": ""}
        assert http.post("/w/demo/variables/create", json=variable).status_code == 201
        kill(server)
    with running_server(tmp_path) as server, server.http() as http:
        assert http.get(f"/w/demo/scripts/get/h/{created.text}").json()["content"] == "echo kept"
        assert http.get("/w/demo/variables/get_value/u/admin/secret").json() == "s3cret"
        assert http.post("/w/demo/jobs/run_wait_result/p/u/admin/kept", json={}).json() == "kept"


def test_a_source_that_was_sent_for_previews_is_there_after_the_engine_was_killed(tmp_path: Path) -> None:
    """As long as a week has not passed."""
    with running_server(tmp_path) as server, server.http() as http:
        hashed = http.post("/w/demo/scripts/raw_temp/store", json=CONTENT).json()
        kill(server)
    with running_server(tmp_path) as server, server.http() as http:
        answer = http.get("/w/demo/scripts/raw/p/f/a/b.py", params={"temp_script_hash": hashed})
        assert answer.text == CONTENT


def test_a_killed_engine_leaves_no_process_behind(tmp_path: Path) -> None:
    """The jobs of a dead engine end with it; their work starts anew with the next one."""
    endless = "import time\ndef main(n: int):\n    print('begun', flush=True)\n    time.sleep(600)\n"
    with running_server(tmp_path) as server, server.http() as http:
        job = submit(http, 1, endless)
        while "begun" not in http.get(f"/w/demo/jobs_u/get_logs/{job}").text:
            time.sleep(0.02)
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert len(family) >= 2
        kill(server)
        _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    with running_server(tmp_path) as server, server.http() as http:
        found = http.get(f"/w/demo/jobs_u/get/{job}").json()
        assert found["type"] == "QueuedJob"
        assert "the engine stopped while it ran" in http.get(f"/w/demo/jobs_u/get_logs/{job}").text
        assert http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={}).status_code == 200
        assert result(http, job)["success"] is False


def test_a_job_that_brings_the_engine_down_is_given_up(tmp_path: Path) -> None:
    """After three restarts the job fails and says why; it does not bring the engine down for ever."""
    job = ""
    endless = "import time\ndef main(n: int):\n    time.sleep(600)\n"
    for start in range(4):
        with running_server(tmp_path) as server, server.http() as http:
            job = job or submit(http, 1, endless)
            while not http.get(f"/w/demo/jobs_u/get/{job}").json().get("running"):
                time.sleep(0.02)
            assert start < 4
            kill(server)
    with running_server(tmp_path) as server, server.http() as http:
        error = result(http, job)["result"]["error"]
    assert "the engine stopped 4 times while it ran" in error["message"]
