"""The network between a client and its engine fails, in every way that networks have."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator

import pytest

import flexwm_nb
from flexwm_nb.client import events, transports
from flexwm_nb.engine import Engine
from flexwm_nb.errors import EngineUnreachable, ExecutionTimeout
from flexwm_nb.models.scripts import ScriptDraft
from tests.conftest import TOKEN, Server
from tests.faults.proxy import Proxy

LINES = 'for i in 1 2 3 4 5 6; do echo "line $i"; sleep 0.2; done; echo done'
_numbers = itertools.count()


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """What stands in between."""
    with Proxy(server.url).running() as made:
        yield made


@pytest.fixture
def engine(proxy: Proxy) -> Iterator[Engine]:
    """The engine, seen through the proxy."""
    with flexwm_nb.connect(proxy.url, token=TOKEN) as made:
        yield made


def lines(log: str) -> list[str]:
    """The script's own lines in a log."""
    return [line for line in log.splitlines() if line.startswith("line ")]


def cut_later(proxy: Proxy, *seconds: float) -> None:
    """Reset all connections so many seconds from now."""
    for each in seconds:
        threading.Timer(each, proxy.cut).start()


@pytest.mark.parametrize("fault", ["refusals", "resets"])
def test_reading_goes_on(engine: Engine, proxy: Proxy, fault: str) -> None:
    """After two answers of a gateway that has no engine behind it, or two resets."""
    proxy.cut()
    setattr(proxy, fault, 2)
    assert engine.workspaces.whoami().username == "admin"
    assert getattr(proxy, fault) == 0


@pytest.mark.parametrize("fault", ["refusals", "resets"])
def test_a_job_is_started_once(engine: Engine, proxy: Proxy, fault: str) -> None:
    """Though the request to start it had to be sent again."""
    path = f"f/net/once_{next(_numbers)}"
    engine.scripts.register(ScriptDraft(path=path, language="bash", content="echo hi"))
    proxy.cut()
    setattr(proxy, fault, 1)
    assert engine.jobs.run(path) == "hi"
    assert len(engine.jobs.list(path)) == 1


def test_an_answer_that_is_lost_starts_no_second_job(engine: Engine, proxy: Proxy) -> None:
    """The engine had taken the request; the connection broke before it said so."""
    path = f"f/net/lost_{next(_numbers)}"
    engine.scripts.register(ScriptDraft(path=path, language="bash", content="echo hi"))
    proxy.delay = 0.4
    cut_later(proxy, 0.2)
    execution = engine.run(path)
    proxy.delay = 0
    assert execution.result() == "hi"
    assert len(engine.jobs.list(path)) == 1


@pytest.mark.parametrize("fault", ["refusals", "resets"])
def test_a_fault_that_stays_is_a_typed_error(engine: Engine, proxy: Proxy, fault: str) -> None:
    """With what to do next; nothing of the gateway's page is shown."""
    proxy.cut()
    setattr(proxy, fault, 50)
    with pytest.raises(EngineUnreachable, match="doctor") as caught:
        engine.scripts.list()
    assert "<html>" not in str(caught.value)
    assert engine.ready is False


def test_logs_go_on_where_they_broke_off(engine: Engine, proxy: Proxy) -> None:
    """No line is lost, none comes twice, though the stream was cut three times."""
    execution = engine.jobs.preview("bash", LINES)
    cut_later(proxy, 0.3, 0.6, 0.9)
    assert lines("".join(execution.logs())) == [f"line {number}" for number in range(1, 7)]


def test_waits_go_on(engine: Engine, proxy: Proxy) -> None:
    """Of one, and of many that share a connection."""
    jobs = [engine.jobs.preview("bash", "sleep 0.8; echo hi") for _ in range(6)]
    cut_later(proxy, 0.2, 0.5)

    async def gather() -> list[object]:
        return await asyncio.gather(*jobs)

    assert asyncio.run(gather()) == ["hi"] * 6
    assert jobs[0].result() == "hi"


def test_a_half_open_connection_is_given_up(engine: Engine, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes on it, not even the engine's signs of life: the stream goes on over another."""
    monkeypatch.setattr(events, "SILENCE", 0.5)
    execution = engine.jobs.preview("bash", LINES)
    proxy.swallows = True
    threading.Timer(0.7, setattr, [proxy, "swallows", False]).start()
    began = time.monotonic()
    assert lines("".join(execution.logs()))[-1] == "line 6"
    assert time.monotonic() - began < 10


def test_an_answer_that_never_comes(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is waited for so long and no longer."""
    monkeypatch.setattr(transports, "ANSWER_TIMEOUT", 0.3)
    with flexwm_nb.connect(proxy.url, token=TOKEN, retry_attempts=2) as engine:
        proxy.swallows = True
        began = time.monotonic()
        with pytest.raises(EngineUnreachable, match="does not answer in time"):
            engine.scripts.list()
        assert time.monotonic() - began < 5


def test_slow_answers_are_waited_for(engine: Engine, proxy: Proxy) -> None:
    """They are no fault."""
    proxy.delay = 0.3
    assert engine.jobs.preview("bash", "echo hi").result() == "hi"


def test_a_deadline_holds_whatever_the_network_does(engine: Engine, proxy: Proxy) -> None:
    """A wait of half a second ends soon after it."""
    execution = engine.jobs.preview("bash", "sleep 20")
    proxy.swallows = True
    began = time.monotonic()
    with pytest.raises(ExecutionTimeout, match="does not answer either"):
        execution.wait(0.5)
    assert time.monotonic() - began < 5
    proxy.swallows = False
    proxy.cut()
    execution.cancel()
