"""Many jobs, many cancels and very much output leave no process, no descriptor and no file.

FLEXWM_LONG=1 makes it 10,000 jobs and 500 cancels.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.conftest import running_server

LONG = bool(os.environ.get("FLEXWM_LONG"))
JOBS, CANCELS = (10_000, 500) if LONG else (300, 50)
PATIENCE = 600 if LONG else 60  # seconds
TREE = "import subprocess, time\ndef main():\n    subprocess.Popen(['sleep', '300'], start_new_session=True)\n    "
MEGABYTE = 1 << 20


def submit(http: httpx.Client, content: str, language: str = "python3") -> str:
    """The id of a job of this source."""
    return http.post("/w/demo/jobs/run/preview", json={"content": content, "language": language, "args": {}}).text


def counts(http: httpx.Client) -> dict[str, int]:
    """The jobs that wait or run."""
    return http.get("/w/demo/jobs/queue/count").json()


def wait_until(done: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not (came := done()) and time.monotonic() < end:
        time.sleep(0.05)
    return came


def things(process: psutil.Process, store: Path) -> dict[str, int]:
    """What a server has: processes below it, descriptors, folders of jobs, threads."""
    return {
        "processes": len(process.children(recursive=True)),
        "descriptors": process.num_fds(),
        "folders": len(list((store / "jobs").iterdir())) + len(list((store / "shared").iterdir())),
    }


def test_nothing_is_left_of_many_jobs(tmp_path: Path) -> None:
    """Short jobs that return, and jobs with a tree that are cancelled at any time of their life."""
    with running_server(tmp_path) as server, server.http() as http:
        process = psutil.Process(server.process.pid)
        for _ in range(20):
            submit(http, "def main(): return 1")
        assert wait_until(lambda: counts(http)["database_length"] == 0)
        time.sleep(1)
        before = things(process, tmp_path)
        for number in range(JOBS):
            job = submit(http, "def main(): return 1")
            if number % (JOBS // CANCELS) == 0:
                job = submit(http, f"{TREE}time.sleep(300)")
                time.sleep(number % 7 / 100)
                http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={"reason": "test"})
        assert wait_until(lambda: process_is_idle(http))
        assert wait_until(lambda: not is_more(things(process, tmp_path), before), 10), (
            things(process, tmp_path),
            before,
        )
        ended = http.get("/w/demo/jobs/completed/count_jobs").json()
        assert ended == JOBS + CANCELS + 20


def process_is_idle(http: httpx.Client) -> bool:
    """Whether no job waits or runs."""
    return http.get("/flexwm/engine").json()["unfinished"] is False


def is_more(found: dict[str, int], before: dict[str, int]) -> bool:
    """Whether anything is left; a connection and a spare may come and go."""
    return any(found[name] > before[name] + (3 if name == "descriptors" else 1) for name in found)


def test_output_without_bound_ends_the_job(tmp_path: Path) -> None:
    """Two gigabytes: the job ends at the limit with an error that says so, and the server stays small."""
    with running_server(tmp_path) as server, server.http() as http:
        job = submit(http, "yes 'a line of a hundred characters or so' | head -c 2000000000", "bash")
        process, peak = psutil.Process(server.process.pid), 0

        def ended() -> bool:
            nonlocal peak
            peak = max(peak, process.memory_info().rss)
            return bool(http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json()["completed"])

        assert wait_until(ended)
        result: Any = http.get(f"/w/demo/jobs_u/completed/get_result/{job}").json()
        assert "the job wrote more than 105 MB of output, which is the limit" in result["error"]["message"]
        assert peak < 400 * MEGABYTE
        assert sum(file.stat().st_size for file in (tmp_path / "logs").iterdir()) < 120 * MEGABYTE
