"""Processes that are kept for a dedicated script: quick, alone, and replaced when they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from flexwm_nb.server.runners.base import Outcome
from flexwm_nb.server.runners.registry import Runners
from tests.unit.server.runners.test_runners import error_of, launch, request, with_runners

COUNTS = """
import os
print("imported")
calls = 0
def main(do: str = ""):
    global calls
    calls += 1
    print("call", calls)
    if do:
        exec(do)
    return [calls, os.getpid()]
"""


async def call(runners: Runners, do: str = "", **more: Any) -> tuple[Outcome, str]:
    """One job of the dedicated script; its outcome and its log after the banner."""
    log: list[str] = []
    wanted = request(COUNTS, dedicated=True, arguments=json.dumps({"do": do}), **more)
    outcome = await (await launch(runners, wanted, log.append)).outcome()
    return outcome, "".join(log).partition("EXECUTION ---\n")[2].strip()


def test_a_dedicated_script_is_imported_once(tmp_path: Path) -> None:
    """Each job has its own log; what the module keeps, stays."""

    async def action(runners: Runners) -> list[tuple[Any, str]]:
        return [(json.loads(outcome.result), log) for outcome, log in [await call(runners) for _ in range(3)]]

    first, second, third = with_runners(tmp_path, action)
    assert [first[0][0], second[0][0], third[0][0]] == [1, 2, 3]
    assert first[0][1] == second[0][1] == third[0][1]
    assert [first[1], second[1], third[1]] == ["imported\ncall 1", "call 2", "call 3"]


def test_jobs_at_once_have_processes_of_their_own(tmp_path: Path) -> None:
    """A busy process is not waited for."""

    async def action(runners: Runners) -> list[tuple[Outcome, str]]:
        return list(await asyncio.gather(*(call(runners, "import time; time.sleep(0.3)") for _ in range(3))))

    assert len({json.loads(outcome.result)[1] for outcome, _ in with_runners(tmp_path, action)}) == 3


def test_a_cancelled_job_ends_its_process(tmp_path: Path) -> None:
    """The next job gets a new one."""

    async def action(runners: Runners) -> tuple[Outcome, Outcome, Outcome]:
        before, _ = await call(runners)
        wanted = request(COUNTS, dedicated=True, arguments=json.dumps({"do": "import time; time.sleep(60)"}))
        job = await launch(runners, wanted, lambda _: None)
        await asyncio.sleep(0.1)
        job.terminate("that is enough")
        return before, await job.outcome(), (await call(runners))[0]

    before, cancelled, after = with_runners(tmp_path, action)
    assert "that is enough" in error_of(cancelled)["message"]
    assert json.loads(after.result)[0] == 1
    assert json.loads(after.result)[1] != json.loads(before.result)[1]


def test_a_process_that_died_idle_loses_no_job(tmp_path: Path) -> None:
    """Killed between two jobs, even at the moment of the second, it is replaced."""

    async def action(runners: Runners) -> list[int]:
        found = []
        for _ in range(4):
            outcome, _ = await call(runners)
            found.append(json.loads(outcome.result)[0])
            os.kill(json.loads(outcome.result)[1], signal.SIGKILL)
        return found

    assert with_runners(tmp_path, action) == [1, 1, 1, 1]


def test_a_job_that_ends_its_process_has_its_exit_code(tmp_path: Path) -> None:
    """It is not run again, and the next job is not harmed."""

    async def action(runners: Runners) -> tuple[Outcome, Outcome]:
        return (await call(runners, "os._exit(7)"))[0], (await call(runners))[0]

    ended, after = with_runners(tmp_path, action)
    assert error_of(ended)["exit_code"] == 7
    assert json.loads(after.result)[0] == 1


def test_a_script_that_cannot_be_imported_fails_each_job(tmp_path: Path) -> None:
    """With the traceback's end in the error, as a job on a process of its own."""

    async def action(runners: Runners) -> list[Outcome]:
        wanted = request("import nothing_such\ndef main(): pass", dedicated=True, lock="")
        return [await (await launch(runners, wanted, lambda _: None)).outcome() for _ in range(2)]

    for outcome in with_runners(tmp_path, action):
        assert "No module named 'nothing_such'" in error_of(outcome)["message"]
