"""The end of a job is the end of everything that it started, however it resists."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.server.isolation.limits import Limits
from flexwm_nb.server.runners.base import RunRequest
from flexwm_nb.server.runners.registry import Runners
from tests.unit.server.isolation.escapes import WISHES, launch, runs, waiting, with_runners

PYTHON = {
    "a daemon without descriptors": """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 256)
    time.sleep(300)""",
    "one that ignores signals": """
import signal
if os.fork() == 0:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(300)""",
    "one that flees from child to child": """
if os.fork() == 0:
    os.setsid()
    while True:
        if os.fork():
            os._exit(0)
        os.setpgid(0, 0)""",
    "one that has stopped": """
import signal
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)""",
    "many in groups of their own": """
for _ in range(40):
    if os.fork() == 0:
        os.setpgid(0, 0)
        time.sleep(300)""",
}
ENDS = {
    "returns": "",
    "kills itself": "os.kill(os.getpid(), 9)",
    "is terminated": "time.sleep(300)",
}


def request(content: str, language: str = "python3") -> RunRequest:
    """A job of this source."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/"}
    return RunRequest(
        job_id="0",
        language=language,
        content=content,
        path=None,
        arguments="{}",
        environment=environment,
        limits=Limits(memory_bytes=1 << 30, processes=500),
    )


async def nothing_is_left(runners: Runners) -> bool:
    """Whether, before long, nothing runs but what waits for jobs."""
    for _ in range(400):
        if runs(runners) <= waiting(runners):
            return True
        await asyncio.sleep(0.025)
    return False


@pytest.mark.parametrize("level", ["plain", "landlock", "bubblewrap"])
@pytest.mark.parametrize("resists", PYTHON)
def test_nothing_outlives_a_job(tmp_path: Path, resists: str, level: str) -> None:
    """Neither when it returns, nor when it dies, nor when it is terminated."""

    async def action(runners: Runners) -> None:
        for name, end in ENDS.items():
            source = PYTHON[resists].strip().replace("\n", "\n    ")
            content = (
                f"import os, time\ndef main():\n    {source}\n    print('begun', flush=True)\n    {end or 'pass'}\n"
            )
            log: list[str] = []
            job = await launch(runners, request(content), log)
            while "begun" not in "".join(log) and name == "is terminated":
                await asyncio.sleep(0.01)
            if name == "is terminated":
                job.terminate("stopped by the test")
            await asyncio.wait_for(job.outcome(), 20)
            assert await nothing_is_left(runners), f"something is left of a job that {name}"

    (tmp_path / "store").mkdir()
    asyncio.run(with_runners(WISHES[level], tmp_path / "store", action))


def test_a_tree_gets_the_signal_and_its_time(tmp_path: Path) -> None:
    """SIGTERM reaches every process of a bash job; those that do not end get SIGKILL after the grace."""

    async def action(runners: Runners) -> str:
        wait = "while :; do sleep 0.05 || true; done"
        script = f"(trap 'echo child told' TERM; echo ready; {wait}) &\ntrap 'echo told' TERM\necho ready\n{wait}"
        log: list[str] = []
        job = await launch(runners, request(script, "bash"), log)
        while "".join(log).count("ready") < 2:
            await asyncio.sleep(0.01)
        job.terminate("stopped by the test", grace=0.5)
        await asyncio.wait_for(job.outcome(), 20)
        assert await nothing_is_left(runners)
        return "".join(log)

    (tmp_path / "store").mkdir()
    lines: Any = asyncio.run(with_runners(WISHES["plain"], tmp_path / "store", action)).splitlines()
    assert {"told", "child told"} <= set(lines)


def test_a_runtime_without_an_address_limit_is_held_to_its_memory(tmp_path: Path) -> None:
    """What reserves far more address space than it uses is watched instead, and its error tells why it ended."""
    source = """export async function main() {
        const kept = [];
        while (true) {
            kept.push(new Uint8Array(30_000_000).fill(7));
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }"""

    async def action(runners: Runners) -> str:
        wanted = replace(request(source, "bun"), limits=Limits(memory_bytes=400 << 20))
        job = await launch(runners, wanted, [])
        return str((await asyncio.wait_for(job.outcome(), 60)).result)

    (tmp_path / "store").mkdir()
    assert "terminated due to memory" in asyncio.run(with_runners(WISHES["plain"], tmp_path / "store", action))
