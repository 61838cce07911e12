"""A disk without space: refusals say so, what was acknowledged stays, and work goes on when there is space again."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import Server, running_server

ROOM = 1_500_000  # bytes that a file of the store may have
FREE = resource.RLIM_INFINITY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of a running process")


def let_grow(server: Server, size: int) -> None:
    """Let the server's files grow to that many bytes; the system refuses to write more, as a full disk does."""
    psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def create(http: httpx.Client, number: int) -> httpx.Response:
    """Try to make a script of some size."""
    content = f"# {number}\n{'#' * 40_000}\necho {number}"
    body = {"path": f"u/admin/s{number}", "summary": "", "content": content, "language": "bash"}
    return http.post("/w/demo/scripts/create", json=body)


def test_what_was_acknowledged_before_the_disk_was_full_stays(tmp_path: Path) -> None:
    """Scripts are refused with the remedy; those that had an answer outlive the server."""
    with running_server(tmp_path) as server, server.http() as http:
        let_grow(server, ROOM)
        answers = [create(http, number) for number in range(60)]
        made = [answer.text for answer in answers if answer.status_code == 201]
        refused = {(answer.status_code, answer.text) for answer in answers if answer.status_code != 201}
        assert made
        assert {status for status, _ in refused} == {500}
        assert all("The store cannot be written" in text and "FLEXWM_STORE" in text for _, text in refused)
        let_grow(server, FREE)
        assert create(http, 100).status_code == 201
    with running_server(tmp_path) as server, server.http() as http:
        for script in made:
            assert http.get(f"/w/demo/scripts/get/h/{script}").status_code == 200


def test_a_job_whose_end_finds_no_space_ends_when_there_is_some(tmp_path: Path) -> None:
    """Its log says what it waits for; nothing of its result is lost."""
    with running_server(tmp_path) as server, server.http() as http:
        body = {"language": "python3", "content": f"def main(): return 'x' * {ROOM * 2}", "args": {}}
        let_grow(server, ROOM)
        job = http.post("/w/demo/jobs/run/preview", json=body).text
        end = time.monotonic() + 20
        while "cannot be stored yet" not in (log := http.get(f"/w/demo/jobs_u/get_logs/{job}").text):
            assert time.monotonic() < end, log
            time.sleep(0.05)
        let_grow(server, FREE)
        while not (found := http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json())["completed"]:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert found["success"]
    assert len(found["result"]) == ROOM * 2
