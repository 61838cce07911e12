"""kill -9 of the engine while a schedule is under way."""

from __future__ import annotations

import time
from pathlib import Path

from tests.conftest import Server, running_server
from tests.contract.test_schedules import SECONDLY, jobs_of, make, make_script


def count(server: Server, path: str) -> tuple[int, int]:
    """How many of a schedule's jobs wait, and how many have ended."""
    with server.http() as http:
        jobs = jobs_of(http, path)
    return sum(job["type"] == "QueuedJob" for job in jobs), sum(job["type"] == "CompletedJob" for job in jobs)


def test_a_killed_engine_goes_on_with_its_schedules(tmp_path: Path) -> None:
    """After kill -9 the missed ticks are made up for by one, and one job waits again."""
    path = ""
    for round_number in range(3):
        with running_server(tmp_path) as server:
            if not round_number:
                with server.http() as http:
                    make_script(http, "u/admin/s", "sleep 0.2")
                    path = make(http, "u/admin/s", schedule=SECONDLY)
            time.sleep(1.6)
            server.process.kill()
            server.process.wait()
    with running_server(tmp_path) as server:
        time.sleep(2.5)
        with server.http() as http:
            jobs = jobs_of(http, path, success=True)
        waiting, _ = count(server, path)
    starts = [job["started_at"][:19] for job in jobs]
    assert len(starts) >= 4
    assert waiting == 1
