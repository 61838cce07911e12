"""Jobs in processes of their own: results, errors, limits, and ends that leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from flexwm_nb.server.isolation.limits import Limits
from flexwm_nb.server.runners import registry, zygotes
from flexwm_nb.server.runners.base import Outcome, RunRequest
from flexwm_nb.server.runners.process import RunningJob
from flexwm_nb.server.runners.registry import RefusedJob, Runners

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/", "WM_WORKSPACE": "demo"}
MEGABYTE = 1024 * 1024


def request(content: str, language: str = "python3", **more: Any) -> RunRequest:
    """A job that runs this source."""
    defaults = {"job_id": "0", "path": None, "arguments": "{}", "environment": ENVIRONMENT}
    return RunRequest(language=language, content=content, **(defaults | more))


def with_runners(folder: Path, action: Callable[[Runners], Awaitable[Any]]) -> Any:
    """Start runners, act, close them."""

    async def run() -> Any:
        runners = Runners(folder / "jobs")
        await runners.start()
        try:
            return await action(runners)
        finally:
            await runners.close()

    return asyncio.run(run())


async def launch(runners: Runners, wanted: RunRequest, on_output: Callable[[str], None]) -> RunningJob | RefusedJob:
    """Start a job."""
    job = await runners.prepare(wanted, on_output)
    job.begin()
    return job


def run(folder: Path, wanted: RunRequest) -> tuple[Outcome, str]:
    """Run one job; how it ended, and its log."""

    async def action(runners: Runners) -> tuple[Outcome, str]:
        log: list[str] = []
        job = await launch(runners, wanted, log.append)
        return await job.outcome(), "".join(log)

    found: tuple[Outcome, str] = with_runners(folder, action)
    return found


def error_of(outcome: Outcome) -> dict[str, Any]:
    """The error in a failed job's result."""
    assert not outcome.success
    found: dict[str, Any] = json.loads(outcome.result)["error"]
    return found


def wait_until(done: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not (came := done()) and time.monotonic() < end:
        time.sleep(0.02)
    return came


@pytest.mark.parametrize(
    ("content", "result"),
    [
        ("def main(): return 1", "1"),
        ("def main(): return {'long': 1, 'b': 2, 'a': [1.0, None]}", '{"a": [1.0, null], "b": 2, "long": 1}'),
        ("def main(): return float('nan')", "null"),
        ("import os\ndef main(): return os.environ['WM_WORKSPACE']", '"demo"'),
        ("import os\ndef main(): return sorted(n for n in os.environ if n.startswith('FLEXWM'))", "[]"),
    ],
)
def test_a_python_result_is_what_main_returns(tmp_path: Path, content: str, result: str) -> None:
    """Results are JSON in PostgreSQL's key order; the environment is the job's own."""
    outcome, _ = run(tmp_path, request(content))
    assert (outcome.success, outcome.result) == (True, result)


def test_an_exception_carries_the_scripts_frames_only(tmp_path: Path) -> None:
    """Name, message and the stack from the script's own line on."""
    outcome, log = run(tmp_path, request("def main():\n    raise KeyError('JFK')\n"))
    error = error_of(outcome)
    assert (error["name"], error["message"]) == ("KeyError", "'JFK'")
    assert 'main.py", line 2, in main' in error["stack"]
    assert "child.py" not in error["stack"]
    assert log.endswith("CODE EXECUTION ---\n")


@pytest.mark.parametrize(
    ("content", "result"),
    [
        ('name="$1"\necho "hello $name"', '"hello Ada"'),
        ("echo 1 > result.json", "1"),
        ("printf 'a\\nb\\n' > result.out", '"a\\nb\\n"'),
        ("echo out; echo err >&2", '"err"'),
        ("true", '""'),
    ],
)
def test_a_bash_result_is_a_file_or_the_last_line(tmp_path: Path, content: str, result: str) -> None:
    """`result.json`, else `result.out`, else the last line of the output."""
    outcome, _ = run(tmp_path, request(content, "bash", arguments='{"name": "Ada"}'))
    assert (outcome.success, outcome.result) == (True, result)


@pytest.mark.parametrize(
    ("limits", "content", "part"),
    [
        ({"memory_bytes": 400 * MEGABYTE}, "def main(): return len(bytearray(800_000_000))", "MemoryError"),
        ({"open_files": 32}, "def main(): return len([open('/dev/null') for _ in range(64)])", "Too many open files"),
        ({"file_bytes": MEGABYTE}, "def main(): open('x', 'wb').write(bytes(2 << 20))", "File too large"),
        ({"output_bytes": MEGABYTE}, "def main():\n while True: print('x' * 1000)", "more than 1 MB of output"),
        ({"result_bytes": MEGABYTE}, "def main(): return 'x' * (2 << 20)", "the result is too large: 2.1 MB"),
    ],
    ids=["memory", "open files", "file size", "output", "result"],
)
def test_a_job_over_a_limit_fails_and_says_which(
    tmp_path: Path, limits: dict[str, int], content: str, part: str
) -> None:
    """Each limit ends in an error that names what was too much."""
    outcome, _ = run(tmp_path, request(content, limits=Limits(**limits)))
    assert part in json.dumps(error_of(outcome))


DAEMON = """
import os, subprocess, sys, time
def main(leave: bool):
    # a grandchild in a session of its own, whose parent ends: a daemon
    code = "import os,time\\nif os.fork(): os._exit(0)\\nos.setsid()\\nif os.fork(): os._exit(0)\\n" \\
        "open('daemon.pid','w').write(str(os.getpid()))\\ntime.sleep(600)"
    subprocess.run([sys.executable, "-c", code])
    while not (os.path.exists("daemon.pid") and open("daemon.pid").read()):
        time.sleep(0.01)
    print("daemon", open("daemon.pid").read(), flush=True)
    if not leave:
        time.sleep(600)
"""


@pytest.mark.parametrize("leave", [True, False], ids=["job ends", "job is terminated"])
def test_a_daemon_ends_with_its_job(tmp_path: Path, leave: bool) -> None:
    """A process that left the job's session and group is killed when the job ends, however it ends."""

    async def action(runners: Runners) -> None:
        log: list[str] = []
        job = await launch(runners, request(DAEMON, arguments=json.dumps({"leave": leave})), log.append)
        while "daemon " not in "".join(log):
            await asyncio.sleep(0.01)
        pid = int("".join(log).rpartition("daemon ")[2])
        if not leave:
            job.terminate("stopped by the test")
        outcome = await job.outcome()
        assert outcome.success is leave
        assert await asyncio.to_thread(wait_until, lambda: not psutil.pid_exists(pid))

    with_runners(tmp_path, action)


@pytest.mark.parametrize(
    ("language", "content", "grace"),
    [
        ("bash", "trap '' TERM\necho ready\nwhile true; do sleep 0.1; done", 0.2),
        ("python3", "import time\nprint('ready', flush=True)\ndef main(): time.sleep(600)", 0.0),
    ],
)
def test_termination_ends_a_job_that_does_not_want_to(
    tmp_path: Path, language: str, content: str, grace: float
) -> None:
    """SIGKILL follows, and the reason is the error."""

    async def action(runners: Runners) -> Outcome:
        log: list[str] = []
        job = await launch(runners, request(content, language), log.append)
        while "ready" not in "".join(log):
            await asyncio.sleep(0.01)
        job.terminate("job process terminated for the test", grace=grace)
        return await asyncio.wait_for(job.outcome(), 5)

    assert (
        error_of(with_runners(tmp_path, action))["message"] == "execution error:\njob process terminated for the test"
    )


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """After a hundred jobs there are as many descriptors, processes and folders as before."""

    async def action(runners: Runners) -> None:
        own = psutil.Process()
        await (await launch(runners, request("def main(): return 1"), lambda _: None)).outcome()
        before = own.num_fds()
        jobs = [await launch(runners, request("def main(): return 1"), lambda _: None) for _ in range(100)]
        assert all([(await job.outcome()).success for job in jobs])
        folders = tmp_path / "jobs"
        assert await asyncio.to_thread(wait_until, lambda: len(list(folders.iterdir())) <= 4)
        await asyncio.sleep(0.1)
        assert own.num_fds() <= before + 4

    with_runners(tmp_path, action)


def test_a_killed_launcher_fails_its_jobs_and_is_replaced(tmp_path: Path) -> None:
    """When the warm process dies, its jobs end with an error and the next job runs."""

    async def action(runners: Runners) -> None:
        job = await launch(runners, request("import time\ndef main(): time.sleep(600)"), lambda _: None)
        parent = psutil.Process(job.pid).parent()
        assert parent is not None
        os.kill(parent.pid, signal.SIGKILL)
        assert "together with its launcher" in error_of(await asyncio.wait_for(job.outcome(), 5))["message"]
        again = await launch(runners, request("def main(): return 2"), lambda _: None)
        assert (await asyncio.wait_for(again.outcome(), 5)).result == "2"

    with_runners(tmp_path, action)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("import os\ndef main(): os._exit(3)", 'exit code for "python run": 3'),
        ("import os, signal\ndef main(): os.kill(os.getpid(), signal.SIGSEGV)", "terminated by signal: Some(11)"),
        ("import sys\ndef main(): sys.exit(0)", "SystemExit"),
        ("raise ValueError('at import')", "ValueError: at import"),
        ("def other(): pass", "has no attribute 'main'"),
    ],
)
def test_every_way_to_end_badly_has_its_error(tmp_path: Path, content: str, part: str) -> None:
    """Codes, signals and exceptions are told apart."""
    outcome, _ = run(tmp_path, request(content))
    error = error_of(outcome)
    assert part in f"{error['name']}: {error['message']}"


def test_an_interpreter_that_does_not_exist_is_an_error_of_the_job(tmp_path: Path) -> None:
    """The kernel whose packages a script saw may be gone."""
    outcome, _ = run(tmp_path, request("def main(): pass", interpreter="/no/such/python"))
    assert "no process can be started" in error_of(outcome)["message"]
    assert "/no/such/python" in error_of(outcome)["message"]


def test_nothing_of_a_job_runs_before_it_is_told_to_begin(tmp_path: Path) -> None:
    """A job that is ready waits; one that is never begun leaves nothing."""

    async def action(runners: Runners) -> None:
        marker = tmp_path / "ran"
        job = await runners.prepare(request(f"open({str(marker)!r}, 'w')\ndef main(): return 1"), lambda _: None)
        await asyncio.sleep(0.2)
        assert not marker.exists()
        job.terminate("not wanted")
        assert "not wanted" in error_of(await job.outcome())["message"]
        assert not marker.exists()

    with_runners(tmp_path, action)


def test_interpreters_that_are_not_used_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are many; this one stays, and so do those at work."""
    monkeypatch.setattr(registry, "MOST_ZYGOTES", 2)
    monkeypatch.setattr(zygotes, "REST", 0.0)
    others = [tmp_path / name for name in ("first", "second", "third")]
    for other in others:
        other.symlink_to(sys.executable)

    async def action(runners: Runners) -> list[str]:
        for other in others:
            job = await launch(runners, request("def main(): ...", interpreter=str(other), lock=""), lambda _: None)
            await job.outcome()
            await asyncio.sleep(0.1)
        return list(runners._zygotes)

    assert with_runners(tmp_path, action) == [sys.executable, str(others[-1])]
