"""Processes that are started ahead, for one job each: there when it comes, replaced when they die, ended when idle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from flexwm_nb.server.runners.base import Outcome
from flexwm_nb.server.runners.kept import REFILL_AFTER
from flexwm_nb.server.runners.registry import Runners
from flexwm_nb.server.runners.runtimes import BUN, DENO, Runtime
from tests.unit.server.runners.test_runners import launch, request, wait_until, with_runners

SOURCES = {
    "bun": "export function main(wait = 0) { return new Promise((done) => setTimeout(() => done(process.pid), wait)) }",
    "deno": "export function main(wait = 0) { return new Promise((done) => setTimeout(() => done(Deno.pid), wait)) }",
}
RUNTIMES = [pytest.param("bun", BUN, id="bun"), pytest.param("deno", DENO, id="deno")]


async def call(runners: Runners, language: str, wait: int = 0) -> Outcome:
    """One job."""
    wanted = request(SOURCES[language], language, arguments=json.dumps({"wait": wait}))
    return await (await launch(runners, wanted, lambda _: None)).outcome()


def waiting(runtime: Runtime, folder: Path) -> list[int]:
    """The processes of a runtime that have their directories below a folder."""
    path = runtime.find()
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.exe() == os.path.realpath(str(path)) and Path(process.cwd()).is_relative_to(folder):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


async def wait_for_another(runtime: Runtime, folder: Path, used: Outcome) -> int:
    """The process that waits after the one that had that job, which may still be about to end."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [pid for pid in waiting(runtime, folder) if str(pid) != used.result]
        return len(found) == 1

    assert await asyncio.to_thread(wait_until, is_there)
    return found[0]


@pytest.mark.parametrize(("language", "runtime"), RUNTIMES)
def test_the_next_job_has_a_process_already(tmp_path: Path, language: str, runtime: Runtime) -> None:
    """It is the one that waited, and another one waits after it."""

    async def action(runners: Runners) -> None:
        ready = await wait_for_another(runtime, tmp_path, await call(runners, language))
        second = await call(runners, language)
        assert second.result == str(ready)
        await wait_for_another(runtime, tmp_path, second)

    with_runners(tmp_path, action)


@pytest.mark.parametrize(("language", "runtime"), RUNTIMES)
def test_one_that_dies_while_it_waits_loses_no_job(tmp_path: Path, language: str, runtime: Runtime) -> None:
    """Even at the moment when the job comes."""

    async def action(runners: Runners) -> list[Outcome]:
        found = []
        for _ in range(3):
            found.append(await call(runners, language))
            os.kill(await wait_for_another(runtime, tmp_path, found[-1]), signal.SIGKILL)
        return found

    assert all(outcome.success for outcome in with_runners(tmp_path, action))


def test_a_job_that_kills_its_process_is_not_run_again(tmp_path: Path) -> None:
    """It had begun."""
    mark = tmp_path / "mark"
    content = (
        f"import {{ appendFileSync }} from 'fs'\nexport function main() {{ appendFileSync({str(mark)!r}, 'x'); "
        "process.kill(process.pid, 'SIGKILL') }"
    )

    async def action(runners: Runners) -> Any:
        return await (await launch(runners, request(content, "bun"), lambda _: None)).outcome()

    assert "terminated by signal: Some(9)" in with_runners(tmp_path, action).result
    assert mark.read_text() == "x"


def test_cancelled_jobs_leave_nothing(tmp_path: Path) -> None:
    """No process but the one that waits, and no directory but its own and the zygote's spares."""

    async def action(runners: Runners) -> None:
        for _ in range(5):
            jobs = [
                await launch(runners, request(SOURCES["bun"], "bun", arguments='{"wait": 60000}'), lambda _: None)
                for _ in range(3)
            ]
            for job in jobs:
                job.terminate("enough")
            for job in jobs:
                assert "enough" in (await job.outcome()).result
        assert await asyncio.to_thread(wait_until, lambda: len(waiting(BUN, tmp_path)) <= 1)
        folder = tmp_path / "jobs"
        assert await asyncio.to_thread(wait_until, lambda: len(list(folder.iterdir())) <= 4)

    with_runners(tmp_path, action)


def test_closed_runners_start_nothing(tmp_path: Path) -> None:
    """The process that was to be started ahead of the next job is not, once they are closed."""

    async def action(runners: Runners) -> None:
        await wait_for_another(BUN, tmp_path, await call(runners, "bun"))
        await call(runners, "bun")
        await runners.close()
        await asyncio.sleep(4 * REFILL_AFTER)
        assert not [child for child in psutil.Process().children() if str(tmp_path) in " ".join(child.cmdline())]

    with_runners(tmp_path, action)
