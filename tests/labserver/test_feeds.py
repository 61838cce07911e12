"""Runs that a page follows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx

from tests.labserver.conftest import Jupyter

API = "flexwm/e/local/api/w/demo"


def run(lab: httpx.Client, content: str) -> str:
    """Start a preview; its job."""
    return lab.post(f"{API}/jobs/run/preview", json={"content": content, "language": "bash", "args": {}}).text


def messages(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """What the stream says."""
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])


def state_after(found: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The state of the view at the end, and the log's lines as `lines`."""
    state: dict[str, Any] = {"lines": []}
    for message in found:
        state |= message.get("set", {})
        for name, changes in message.get("merge", {}).items():
            state[name] = {**(state.get(name) or {}), **changes}
        state["lines"] += (message.get("log") or message.get("set", {}).get("log") or {}).get("lines", [])
    return state


def test_a_run_is_followed_to_its_end(lab: httpx.Client) -> None:
    """First how it stands, then what happens."""
    job = run(lab, "for n in 1 2 3; do echo line $n; sleep 0.2; done; echo done")
    with lab.stream("GET", f"flexwm/e/local/feed/{job}") as answer:
        found = list(messages(answer))
    state = state_after(iter(found))
    assert (found[0]["set"]["state"] in ("queued", "running"), found[-1]) == (True, {"end": True})
    assert (state["state"], state["result"]["value"]) == ("success", "done")
    assert [line for line in state["lines"] if line.startswith("line ")] == ["line 1", "line 2", "line 3"]


def test_a_run_that_has_ended_is_shown_whole(lab: httpx.Client) -> None:
    """With its error."""
    job = run(lab, "echo before; exit 3")
    with lab.stream("GET", f"flexwm/e/local/feed/{job}") as answer:
        list(messages(answer))
    with lab.stream("GET", f"flexwm/e/local/feed/{job}") as answer:
        state = state_after(messages(answer))
    assert (state["state"], any("exit code" in line for line in state["error"])) == ("failure", True)
    assert "before" in json.dumps(state["log"])


def test_buttons_reach_the_run(lab: httpx.Client) -> None:
    """An approval lets a flow go on; its picture and steps came with it."""
    step = {"type": "rawscript", "language": "bash", "content": "echo 1", "input_transforms": {}}
    modules = [{"id": "a", "value": step, "suspend": {"required_events": 1}}, {"id": "b", "value": step}]
    job = lab.post(f"{API}/jobs/run/preview_flow", json={"value": {"modules": modules}, "args": {}}).text
    with lab.stream("GET", f"flexwm/e/local/feed/{job}") as answer:
        state: dict[str, Any] = {}
        for message in messages(answer):
            state |= message.get("set", {})
            if state.get("approval") and "sent" not in state:
                assert [node["id"] for node in state["graph"]["nodes"]][:2] == ["a", "b"]
                state["sent"] = lab.post(
                    f"flexwm/e/local/feed/{job}", json={"act": "approve", "value": None}
                ).status_code
    assert (state["sent"], state["state"]) == (200, "success")


def test_a_page_comes_again_when_the_engine_does(jupyter: Jupyter, lab: httpx.Client) -> None:
    """The stream says that it is broken, not that the run has ended; the next one goes on with the run."""
    job = run(lab, "echo begun; sleep 60")
    stop = [sys.executable, "-m", "flexwm_nb", "stop", "--force"]
    with lab.stream("GET", f"flexwm/e/local/feed/{job}") as answer:
        for message in messages(answer):
            if "begun" in json.dumps(message):
                subprocess.run(stop, env=jupyter.environment, capture_output=True, check=True)
    assert set(message) == {"broken"} and message["broken"]["what"] == "The engine cannot be reached"
    assert lab.get(f"flexwm/e/local/feed/{job}").status_code == 503
    assert lab.post("flexwm/engines/local/start").status_code == 200
    with lab.stream("GET", f"flexwm/e/local/feed/{job}") as answer:
        found = messages(answer)
        assert next(found)["set"]["state"] in ("queued", "running")
        cancelled = lab.post(f"{API}/jobs_u/queue/cancel/{job}", json={"reason": "enough"})
        assert cancelled.status_code == 200, cancelled.text
        assert state_after(found)["state"] == "canceled"


def test_a_run_that_nobody_knows(lab: httpx.Client) -> None:
    """It is said, also to a button of a page that has gone."""
    unknown = str(uuid4())
    answer = lab.get(f"flexwm/e/local/feed/{unknown}")
    assert (answer.status_code, answer.json()["problem"]["code"]) == (404, "job-not-found")
    assert lab.post(f"flexwm/e/local/feed/{unknown}", json={"act": "cancel"}).status_code == 404
