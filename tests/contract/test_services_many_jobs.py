"""Many jobs at once, as a program starts and awaits them."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any

import psutil
import pytest

from flexwm_nb.client.client import Client
from flexwm_nb.client.completions import FEW
from flexwm_nb.client.identifiers import new_id
from flexwm_nb.engine import Engine
from flexwm_nb.errors import ExecutionTimeout, InvalidArguments, JobCanceled, JobFailed, JobNotFound, ScriptNotFound
from flexwm_nb.execution import Execution
from flexwm_nb.models.scripts import ScriptDraft
from flexwm_nb.services.executions import ExecutionService

DOUBLE, NAP = "f/many/double", "f/many/nap"
MANY = 300


@pytest.fixture(scope="module", autouse=True)
def scripts(engine: Engine) -> None:
    """A quick script, and one that takes its time."""
    double = "def main(n: int):\n    return 2 * n\n"
    engine.scripts.register(ScriptDraft(path=DOUBLE, language="python3", content=double))
    nap = 'seconds="$1"\nsleep "$seconds"\necho "$seconds"\n'
    engine.scripts.register(ScriptDraft(path=NAP, language="bash", content=nap))


def test_gathering_many_takes_few_threads_and_sockets(engine: Engine) -> None:
    """All results come, in the order in which they were asked for."""
    process = psutil.Process()
    threads, sockets = threading.active_count(), len(process.net_connections())
    seen = [(0, 0)]

    async def gather() -> list[int]:
        waiting = asyncio.gather(*[engine.run(DOUBLE, n=number) for number in range(MANY)])
        while not waiting.done():
            seen.append((threading.active_count() - threads, len(process.net_connections()) - sockets))
            await asyncio.sleep(0.05)
        return await waiting

    assert asyncio.run(gather()) == [2 * number for number in range(MANY)]
    assert max(count for count, _ in seen) <= FEW + 2
    assert max(count for _, count in seen) <= FEW + 4


def test_starting_many(engine: Engine) -> None:
    """In a few requests, each with arguments of its own; nothing is started where one cannot be sent."""
    started = engine.jobs.submit_many(DOUBLE, ({"n": number} for number in range(20)), tag="python3")
    assert [execution.result() for execution in started] == [2 * number for number in range(20)]
    exact = engine.jobs.submit_many(f"{DOUBLE}@v1", [{"n": 3}], timeout=30)
    assert (exact[0].result(), engine.jobs.submit_many(DOUBLE, [])) == (6, [])
    with pytest.raises(ScriptNotFound):
        engine.jobs.submit_many("f/many/never", [{}])
    with pytest.raises(InvalidArguments):
        engine.jobs.submit_many(DOUBLE, [{"n": 1}, {"n": object()}])


def test_starting_many_where_each_takes_a_request(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a real Windmill, which does not have our route."""
    post = Client.post

    def without(client: Client, path: str, *arguments: Any, **named: Any) -> Any:
        return post(client, path.replace("/flexwm/run_many/", "/flexwm/nowhere/"), *arguments, **named)

    monkeypatch.setattr(Client, "post", without)
    service = ExecutionService(engine.client, resolve=engine.scripts.resolve)
    assert [execution.result() for execution in service.submit_many(DOUBLE, [{"n": 1}, {"n": 2}])] == [2, 4]


def test_awaiting_many_jobs_that_end_badly(engine: Engine) -> None:
    """Each gets its own error; one that is not there is found missing; an old one is found too."""
    old = engine.run(DOUBLE, n=1)
    old.wait()
    later = [engine.run(NAP, seconds=2) for _ in range(FEW)]
    bad = engine.jobs.preview("bash", "exit 3")
    gone = Execution(engine.client, new_id())
    again = Execution(engine.client, old.id)
    tired = Execution(engine.client, later[0].id, timeout=0.3)

    async def gather() -> list[object]:
        return await asyncio.gather(*later, bad, gone, again, tired, return_exceptions=True)

    *naps, failed, missing, found, late = asyncio.run(gather())
    assert (naps, found) == (["2"] * FEW, 2)
    assert [type(error) for error in (failed, missing, late)] == [JobFailed, JobNotFound, ExecutionTimeout]


@pytest.mark.parametrize("ordered", [True, False], ids=["in order", "as they end"])
def test_a_map(engine: Engine, ordered: bool) -> None:
    """Runs so many at once, and the slow one holds up only who wants the order."""
    seconds = [1 if ordered else 3, 0, 0, 0]
    found = list(engine.jobs.map(NAP, ({"seconds": each} for each in seconds), at_once=2, ordered=ordered))
    assert sorted(mapped.number for mapped in found) == [0, 1, 2, 3]
    assert [mapped.number for mapped in found][0 if ordered else -1] == 0
    assert {mapped.number: mapped.result.unwrap() for mapped in found}[0] == str(seconds[0])


def test_a_map_of_many(engine: Engine) -> None:
    """Is no slower than its jobs; scripts and flows go by the same name."""
    found = list(engine.map(DOUBLE, ({"n": number} for number in range(100)), at_once=50))
    assert [mapped.result.unwrap() for mapped in found] == [2 * number for number in range(100)]


def test_what_fails_in_a_map_is_an_outcome(engine: Engine) -> None:
    """Also arguments that cannot be sent; the others go on."""
    inputs = [{"n": 1}, {"n": "no number"}, {"n": object()}, {}]
    found = [mapped.result for mapped in engine.jobs.map(DOUBLE, inputs)]
    assert found[0].value == 2
    assert [type(result.error) for result in found[2:]] == [InvalidArguments, JobFailed]


def test_a_map_of_nothing(engine: Engine) -> None:
    """Is nothing; a script that is not there is said."""
    assert list(engine.map(DOUBLE, [])) == []
    with pytest.raises(ScriptNotFound):
        list(engine.map("f/many/never", [{}]))


def test_leaving_a_map_cancels_what_runs(engine: Engine) -> None:
    """An interrupt, a break, an error in the loop."""
    for mapped in engine.jobs.map(NAP, [{"seconds": 0}, {"seconds": 60}], at_once=2, ordered=False):
        assert mapped.number == 0
        break
    left = engine.jobs.list(NAP, per_page=1)[0]
    with pytest.raises(JobCanceled, match="map"):
        engine.jobs.attach(left.id).result(10)


def test_being_told_of_an_end(engine: Engine) -> None:
    """By a call from another thread; who does not want to know any more is not told."""
    told: list[object] = []
    heard = threading.Event()
    execution = engine.run(NAP, seconds=0.5)
    execution.when_done(lambda result: (told.append(result.value), heard.set()))
    stop = execution.when_done(lambda result: told.append("stopped"))
    stop()
    assert heard.wait(10)
    execution.wait()
    execution.when_done(lambda result: told.append("at once"))
    assert told == ["0.5", "at once"]


def test_the_timeline_of_a_run(engine: Engine) -> None:
    """When it waited, when it ran."""
    execution = engine.run(NAP, seconds=0.2)
    execution.wait()
    queued, running = execution.timeline()
    assert (queued.name, running.name, running.state) == ("queued", "running", "success")
    assert queued.ended == running.began
    assert timedelta(seconds=0.2) <= running.duration < timedelta(seconds=10)


def test_the_timeline_of_a_flow(engine: Engine) -> None:
    """Has each step."""
    value = {"modules": [{"id": name, "value": {"type": "script", "path": DOUBLE,
             "input_transforms": {"n": {"type": "static", "value": 1}}}} for name in "ab"]}  # fmt: skip
    execution = engine.jobs.preview_flow(value)
    execution.wait()
    assert [span.name for span in execution.timeline()] == ["queued", "running", "a", "b"]


def test_the_progress_of_a_run(engine: Engine) -> None:
    """Is what it says itself."""
    source = "import time, wmill\ndef main():\n    wmill.set_progress(40)\n    time.sleep(1)\n"
    execution = engine.jobs.preview("python3", source)
    deadline = time.monotonic() + 10
    while execution.progress is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert execution.progress == 40
    execution.cancel()


def test_the_whole_history(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, each job once."""
    path = "f/many/history"
    engine.scripts.register(ScriptDraft(path=path, language="bash", content="echo"))
    ids = [engine.run(path).wait().id for _ in range(7)]
    monkeypatch.setattr("flexwm_nb.services.executions.HISTORY_PAGE", 3)
    assert [job.id for job in engine.jobs.history(path)] == ids[::-1]
