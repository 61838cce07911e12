"""The engine is killed; who uses it goes on."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from flexwm_nb.engine import Engine
from flexwm_nb.execution import Execution
from flexwm_nb.models.scripts import ScriptDraft
from flexwm_nb.result import Result
from flexwm_nb.testing import local_engine

# httpcore leaves the Unix socket of a refused connection to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:.*<socket.socket:pytest.PytestUnraisableExceptionWarning")


def kill(store: Path) -> int:
    """End the server as a crash would."""
    pid: int = json.loads((store / "runtime.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    return pid


def started(execution: Execution) -> None:
    """Wait until a job runs."""
    while execution.state == "queued":
        time.sleep(0.01)


def test_the_next_request_starts_the_engine_again(tmp_path: Path) -> None:
    """What was acknowledged is there."""
    with local_engine(tmp_path) as engine:
        draft = ScriptDraft(path="f/a/b", language="bash", content="echo hi")
        registered = engine.scripts.register(draft)
        done = engine.run("f/a/b")
        assert done.result() == "hi"
        pid = kill(tmp_path)
        assert engine.scripts.get("f/a/b").hash == registered.hash
        assert json.loads((tmp_path / "runtime.json").read_text())["pid"] != pid
        assert engine.jobs.attach(done.id).result() == "hi"
        assert engine.run("f/a/b").result() == "hi"


def test_a_wait_survives(tmp_path: Path) -> None:
    """The job is found again, and ends: the engine starts again what it was running."""
    with local_engine(tmp_path) as engine:
        execution = engine.jobs.preview("bash", "sleep 2; echo survived")
        started(execution)
        threading.Timer(0.3, kill, [tmp_path]).start()
        assert execution.result(30) == "survived"


def test_events_go_on(tmp_path: Path) -> None:
    """Up to the last one with the job's record."""
    with local_engine(tmp_path) as engine:
        execution = engine.jobs.preview("bash", "echo line; sleep 2; echo end")
        updates = []
        for update in execution.events():
            updates.append(update)
            if len(updates) == 1:
                kill(tmp_path)
        assert updates[-1].job is not None and updates[-1].job.result == "end"


def test_many_threads_start_one(tmp_path: Path) -> None:
    """Each goes on, through the one engine that took the place."""
    with local_engine(tmp_path) as engine:
        engine.scripts.register(ScriptDraft(path="f/a/b", language="bash", content="echo hi"))
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(engine.jobs.run("f/a/b"))) for _ in range(8)]
        kill(tmp_path)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ["hi"] * 8


def test_another_kernel_started_it_again(tmp_path: Path) -> None:
    """At the same address with another token: the first one finds that out by itself."""
    with local_engine(tmp_path) as first:
        assert first.ready
        kill(tmp_path)
        with Engine(first.config) as second:
            assert second.client.endpoint.token != first.client.endpoint.token
            execution = second.jobs.preview("bash", "echo hi")
            assert first.jobs.get(execution.id).id == execution.id
            assert first.jobs.attach(execution.id).result() == "hi"
            assert first.client.endpoint.token == second.client.endpoint.token


def test_an_engine_that_was_stopped_starts_again(tmp_path: Path) -> None:
    """By whoever asks next."""
    with local_engine(tmp_path) as first, Engine(first.config) as second:
        assert first.stop()
        assert second.jobs.preview("bash", "echo hi").result() == "hi"
        first.start()


def test_recovery_is_quick(tmp_path: Path) -> None:
    """From the crash to the next answer."""
    with local_engine(tmp_path) as engine:
        assert engine.ready
        kill(tmp_path)
        begin = time.monotonic()
        assert engine.jobs.list() == []
        assert time.monotonic() - begin < 10


@pytest.mark.parametrize("seed", range(3))
def test_acknowledged_submissions_survive(tmp_path: Path, seed: int) -> None:
    """Each accepted job is there exactly once, whenever the engine was killed."""
    with local_engine(tmp_path) as engine:
        engine.scripts.register(ScriptDraft(path="f/a/b", language="bash", content='x="$1"\necho $x'))
        threading.Timer(0.05 + 0.1 * seed, kill, [tmp_path]).start()
        executions = [engine.run("f/a/b", x=number) for number in range(60)]
        assert len({execution.id for execution in executions}) == 60
        assert [execution.result(60) for execution in executions] == [str(number) for number in range(60)]
        assert len(engine.jobs.list("f/a/b", per_page=1_000)) == 60


def test_a_stop_while_somebody_waits_is_no_fault(tmp_path: Path) -> None:
    """The log has no traceback of it."""
    with local_engine(tmp_path) as engine:
        body = {"language": "bash", "content": "echo", "args": {}}
        later = {"scheduled_in_secs": 60}
        waiting = threading.Thread(
            target=lambda: Result.of(engine.client.post, "/w/demo/jobs/run_wait_result/preview", body, **later)
        )
        waiting.start()
        time.sleep(0.3)
        engine.client.post("/flexwm/stop")
        waiting.join()
        engine.stop()
    assert "Traceback" not in (tmp_path / "server.log").read_text()
