"""Jobs as a program starts, follows and ends them."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from flexwm_nb.client.identifiers import new_id
from flexwm_nb.engine import Engine
from flexwm_nb.errors import (
    ExecutionTimeout,
    InvalidArguments,
    InvalidInput,
    JobCanceled,
    JobFailed,
    JobNotFound,
    ScriptNotFound,
    UnknownLanguage,
)
from flexwm_nb.models.scripts import ScriptDraft

PATH = "f/services/double"
ANYBODY = "01234567-89ab-7def-8123-456789abcdef"


@pytest.fixture(scope="module", autouse=True)
def double(engine: Engine) -> ScriptDraft:
    """A script in two versions."""
    for factor in (3, 2):
        source = f"def main(n: int = 1):\n    print('doubling', n)\n    return n * {factor}\n"
        draft = ScriptDraft(path=PATH, language="python3", content=source)
        engine.scripts.register(draft)
    return draft


@pytest.mark.parametrize(("version", "result"), [("", 10), ("@v1", 15), ("@v2", 10), ("@2040-01-01", 10)])
def test_running_a_version(engine: Engine, version: str, result: int) -> None:
    """By path, or by any reference."""
    assert engine.run(f"{PATH}{version}", n=5).result() == result


def test_running_by_hash(engine: Engine) -> None:
    """Exactly that version."""
    first = engine.scripts.history(PATH)[-1]
    assert engine.jobs.run(f"{PATH}@{first.hash}", n=5) == 15


def test_the_record_of_a_run(engine: Engine) -> None:
    """Says what ran, with which arguments, and how long."""
    execution = engine.run(PATH, n=4)
    job = execution.wait()
    assert (job.state, job.path, job.result, job.language) == ("success", PATH, 8, "python3")
    assert execution.done
    assert engine.jobs.get(execution.id).arguments == {"n": 4}
    assert job.created_at is not None and job.created_at.tzinfo is not None
    assert timedelta(0) <= (job.duration or timedelta(-1)) < timedelta(seconds=30)
    assert repr(execution) == f"<Execution {execution.id} success>"


def test_events_end_with_the_record(engine: Engine) -> None:
    """And together they carry the whole log once."""
    execution = engine.jobs.preview("bash", "echo one; sleep 0.3; echo two")
    updates = list(execution.events())
    assert updates[-1].completed
    assert updates[-1].job is not None and updates[-1].job.result == "two"
    logs = "".join(update.new_logs or "" for update in updates)
    assert logs == engine.jobs.logs(execution.id)
    assert "one\ntwo" in logs


def test_logs_come_while_it_runs(engine: Engine) -> None:
    """The first line long before the end; afterwards the whole log is there at once."""
    execution = engine.jobs.preview("bash", "echo early; sleep 3; echo late")
    pieces = execution.logs()
    seen = ""
    while "early" not in seen:
        seen += next(pieces)
    assert not execution.done
    seen += "".join(pieces)
    assert seen == "".join(execution.logs(follow=False))


def test_awaiting(engine: Engine) -> None:
    """Many at once, in the order in which they were started."""

    async def gather() -> list[int]:
        return await asyncio.gather(*[engine.run(PATH, n=number) for number in range(5)])

    assert asyncio.run(gather()) == [0, 2, 4, 6, 8]


def test_an_await_that_is_cancelled(engine: Engine) -> None:
    """Ends at once, thread and all; the job goes on."""
    execution = engine.jobs.preview("bash", "sleep 30")

    async def impatient() -> None:
        await asyncio.wait_for(execution, 0.3)

    started = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(impatient())
    assert time.monotonic() - started < 5
    assert not execution.done
    execution.cancel()


def test_a_wait_has_an_end(engine: Engine) -> None:
    """The error says that the job goes on."""
    execution = engine.jobs.preview("bash", "sleep 30")
    with pytest.raises(ExecutionTimeout, match=r"after 0.2 s.*It goes on") as caught:
        execution.result(timeout=0.2)
    assert caught.value.job_id == execution.id
    assert execution.state == "running"
    execution.cancel()


def test_a_job_that_fails(engine: Engine) -> None:
    """The error has the job's own, traceback included."""
    execution = engine.jobs.preview("python3", "def main():\n    return {}['JKF']\n")
    with pytest.raises(JobFailed, match=r"KeyError: 'JKF'") as caught:
        execution.result()
    assert caught.value.job_id == execution.id
    assert "line 2" in caught.value.error["stack"]
    assert execution.state == "failure"


def test_a_job_that_takes_too_long(engine: Engine) -> None:
    """Its own limit, not that of the wait."""
    execution = engine.jobs.preview("bash", "sleep 30", timeout=1)
    with pytest.raises(ExecutionTimeout, match="longer than it may"):
        execution.result()


def test_cancelling(engine: Engine) -> None:
    """Who and why are on the error; a second time nothing happens."""
    execution = engine.jobs.preview("bash", "sleep 30")
    execution.cancel("wrong input")
    with pytest.raises(JobCanceled, match="cancelled by admin: wrong input"):
        execution.result()
    execution.cancel()
    assert execution.state == "canceled"


def test_cancelling_by_force(engine: Engine) -> None:
    """Its record ends at once."""
    execution = engine.jobs.preview("bash", "sleep 30")
    engine.jobs.cancel(execution.id, force=True)
    assert execution.wait(10).state == "canceled"


def test_aborting_what_follows(engine: Engine) -> None:
    """From another thread; the job goes on."""
    execution = engine.jobs.preview("bash", "echo; sleep 30")
    seen: list[bool] = []
    follower = threading.Thread(target=lambda: seen.extend(bool(update.completed) for update in execution.events()))
    follower.start()
    time.sleep(0.3)
    execution.abort()
    follower.join(5)
    assert not follower.is_alive()
    assert not any(seen)
    execution.cancel()


def test_the_same_id_twice(engine: Engine) -> None:
    """Is the same job: a submission may be repeated."""
    job_id = new_id()
    first, second = (engine.jobs.submit(PATH, {"n": 1}, job_id=job_id) for _ in range(2))
    assert first.id == second.id == job_id
    assert second.result() == 2
    assert [job.id for job in engine.jobs.list(PATH)].count(job_id) == 1


def test_coming_back_to_a_job(engine: Engine) -> None:
    """By its id, also after its end."""
    started = engine.jobs.preview("bash", "sleep 0.5; echo done")
    assert engine.jobs.attach(started.id).result() == "done"
    again = engine.jobs.attach(started.id)
    assert again.done
    assert list(again.events())[-1].completed


@pytest.mark.parametrize("size", [100, 95_000, 2_000_000])
def test_large_results(engine: Engine, size: int) -> None:
    """Are whole, though the job's record leaves them out."""
    source = "import random\ndef main(n: int):\n    return random.Random(1).randbytes(n // 2).hex()\n"
    assert len(engine.jobs.preview("python3", source, {"n": size}).result()) == size


def test_a_large_error(engine: Engine) -> None:
    """Is whole too."""
    source = "import random\ndef main():\n    raise ValueError(random.Random(1).randbytes(60_000).hex())\n"
    execution = engine.jobs.preview("python3", source)
    error = execution.wait().error
    assert error is not None and len(error["message"]) == 120_000


@pytest.mark.parametrize("value", [None, 0, "", [], {}, "WINDMILL_TOO", {"a": [1, None, "ü"]}], ids=repr)
def test_results_are_what_was_returned(engine: Engine, value: object) -> None:
    """Nothing and empty things included."""
    assert engine.jobs.preview("python3", f"def main():\n    return {value!r}\n").result() == value


def test_listing(engine: Engine) -> None:
    """Newest first, by script and by state."""
    ids = [engine.run(PATH, n=number).wait().id for number in range(3)]
    listed = engine.jobs.list(PATH, per_page=3)
    assert [job.id for job in listed] == ids[::-1]
    assert {job.state for job in engine.jobs.list(state="success")} == {"success"}
    assert engine.jobs.list(PATH, "failure") == []


def test_listing_what_waits_and_runs(engine: Engine) -> None:
    """A job of the future is queued."""
    later = engine.jobs.submit(PATH, scheduled_for=datetime.now(timezone.utc) + timedelta(hours=1))
    running = engine.jobs.preview("bash", "sleep 30")
    while running.state == "queued":
        time.sleep(0.02)
    assert later.id in {job.id for job in engine.jobs.list(state="queued")}
    assert running.id in [job.id for job in engine.jobs.list(state="running")]
    assert engine.jobs.counts().running >= 1
    for execution in (later, running):
        execution.cancel()
        execution.wait(10)


def test_paging(engine: Engine) -> None:
    """By the time of the last one seen."""
    for _ in range(3):
        engine.run(PATH).wait()
    newest = engine.jobs.list(PATH, per_page=2)
    older = engine.jobs.list(PATH, per_page=2, created_before=newest[-1].created_at)
    assert older[0].id == newest[-1].id


def test_the_oldest_come_first_where_that_is_asked_for(engine: Engine) -> None:
    """In the order in which they were created, whichever ended first."""
    path = "f/services/naps"
    source = "import time\ndef main(n: float):\n    time.sleep(n)"
    engine.scripts.register(ScriptDraft(path=path, language="python3", content=source))
    started = [engine.run(path, n=seconds) for seconds in (0.6, 0.0, 0.0)]
    assert {execution.wait().state for execution in started} == {"success"}
    found = engine.jobs.list(path, per_page=2, oldest_first=True)
    assert [job.id for job in found] == [execution.id for execution in started[:2]]


def test_an_unknown_state(engine: Engine) -> None:
    """Those that there are are listed."""
    with pytest.raises(InvalidInput, match="queued, running, success, failure, canceled"):
        engine.jobs.list(state="done")


def test_counting(engine: Engine) -> None:
    """What has ended grows."""
    before = engine.jobs.counts().completed
    engine.run(PATH).wait()
    assert engine.jobs.counts().completed == before + 1


def test_deleting(engine: Engine) -> None:
    """Result and log are gone."""
    execution = engine.run(PATH)
    execution.wait()
    engine.jobs.delete(execution.id)
    assert engine.jobs.get(execution.id).result is None


@pytest.mark.parametrize("what", ["get", "logs", "cancel", "attach", "delete"])
def test_a_job_that_is_not_there(engine: Engine, what: str) -> None:
    """Is not found, with its id."""
    with pytest.raises(JobNotFound, match=ANYBODY):
        getattr(engine.jobs, what)(ANYBODY)


@pytest.mark.parametrize("reference", ["f/services/never", "f/services/never@v1", f"{PATH}@{'0' * 16}", f"{PATH}@v9"])
def test_a_script_that_is_not_there(engine: Engine, reference: str) -> None:
    """Cannot be run."""
    with pytest.raises(ScriptNotFound):
        engine.run(reference)


def test_arguments_that_cannot_travel(engine: Engine) -> None:
    """Nothing is started."""
    for start in (lambda: engine.run(PATH, n=object()), lambda: engine.jobs.preview("bash", "", {"n": object()})):
        with pytest.raises(InvalidArguments, match="'n' cannot be sent"):
            start()


def test_a_language_that_there_is_not(engine: Engine) -> None:
    """Is refused before anything is started."""
    with pytest.raises(UnknownLanguage):
        engine.jobs.preview("cobol", "DISPLAY 'HI'")
