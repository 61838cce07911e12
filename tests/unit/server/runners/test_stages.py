"""Preparations that are a part of the job: their log, their failures, their end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flexwm_nb.server.environments.cache import Cache
from flexwm_nb.server.runners.base import Outcome, RunnerError, RunRequest
from flexwm_nb.server.runners.bash import Bash
from flexwm_nb.server.runners.output import Output
from flexwm_nb.server.runners.registry import Runners
from flexwm_nb.server.runners.stages import Stage, StagedJob
from tests.unit.server.runners.test_runners import error_of, request, wait_until, with_runners

Preparation = Callable[[RunRequest, Stage], Awaitable[RunRequest]]


class Prepared(Bash):
    """bash, after something else."""

    def __init__(self, preparation: Preparation, folder: Path) -> None:
        super().__init__(Cache(folder / "cache"))
        self.preparation, self.folder = preparation, folder

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Do it."""
        return await self.preparation(request, stage)


async def staged(runners: Runners, preparation: Preparation, log: list[str], folder: Path) -> StagedJob:
    """A bash job that is prepared like that, begun."""
    wanted = request("echo ran", "bash", log_head="head\n")
    output = Output(log.append, limit=1_000_000, tail=wanted.log_head)
    runner = Prepared(preparation, folder)
    job = StagedJob(wanted, runner, output, lambda settled: runners._place(settled, runner, output))
    job.begin()
    return job


def tool(script: str) -> Preparation:
    """A preparation that runs this bash script."""

    async def prepare(wanted: RunRequest, stage: Stage) -> RunRequest:
        stage.note("\n\n--- TOOL ---\n")
        await stage.run("tool install", ["bash", "-c", script], Path("/"), wanted.environment)
        return replace(wanted, content="echo prepared")

    return prepare


def run(folder: Path, preparation: Preparation) -> tuple[Outcome, str]:
    """How a job with this preparation ends, and its log."""

    async def action(runners: Runners) -> tuple[Outcome, str]:
        log: list[str] = []
        job = await staged(runners, preparation, log, folder)
        return await job.outcome(), "".join(log)

    found: tuple[Outcome, str] = with_runners(folder, action)
    return found


def test_what_a_tool_prints_stands_before_the_jobs_own(tmp_path: Path) -> None:
    """Banner, output, banner, output; the request that was made ready is what runs."""
    outcome, log = run(tmp_path, tool("echo installing"))
    assert outcome.result == '"prepared"'
    assert log == "\n\n--- TOOL ---\n\ninstalling\n\n--- BASH CODE EXECUTION ---\n\nprepared"


def test_a_tool_that_fails_is_the_jobs_failure(tmp_path: Path) -> None:
    """Its name and exit code, and the log up to there with the job's first line."""
    outcome, _ = run(tmp_path, tool("echo no such package; exit 3"))
    error = error_of(outcome)
    assert error["exit_code"] == 3
    assert error["message"] == (
        'exit code for "tool install": 3, last log lines:\nhead\n\n\n--- TOOL ---\n\nno such package'
    )


async def refuse(wanted: RunRequest, stage: Stage) -> RunRequest:
    """Know better."""
    raise RunnerError("there is no lock")


async def stumble(wanted: RunRequest, stage: Stage) -> RunRequest:
    """Go wrong."""
    raise ValueError("unforeseen")


@pytest.mark.parametrize(
    ("preparation", "message"),
    [(refuse, "execution error:\nthere is no lock"), (stumble, "execution error:\nInternal: ValueError: unforeseen")],
    ids=["refused", "unforeseen"],
)
def test_a_preparation_that_raises_ends_the_job(tmp_path: Path, preparation: Preparation, message: str) -> None:
    """The error says what was wrong."""
    assert error_of(run(tmp_path, preparation)[0])["message"] == message


def test_a_cancel_ends_the_whole_tool(tmp_path: Path) -> None:
    """The job has ended at once, and nothing of the tool goes on."""
    mark = tmp_path / "mark"

    async def action(runners: Runners) -> tuple[Outcome, float]:
        job = await staged(runners, tool(f"(while true; do date +%N > {mark}; sleep 0.02; done) & wait"), [], tmp_path)
        while not mark.exists():
            await asyncio.sleep(0.01)
        began = time.monotonic()
        job.terminate("enough of it")
        return await job.outcome(), time.monotonic() - began

    outcome, seconds = with_runners(tmp_path, action)
    assert "enough of it" in error_of(outcome)["message"]
    assert seconds < 1
    assert wait_until(lambda: is_still(mark))


def is_still(file: Path) -> bool:
    """Whether nobody writes it any more."""
    before = file.stat().st_mtime_ns
    time.sleep(0.1)
    return file.stat().st_mtime_ns == before
