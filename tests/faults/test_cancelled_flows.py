"""Flows and their steps that are cancelled while a transition is being stored."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.conftest import Server

TIMES, AT_ONCE = 60, 6
PATIENCE = 20  # seconds
STEP = {"type": "rawscript", "language": "bash", "content": "echo 1", "input_transforms": {}}
SLEEP = {"type": "static", "value": 60}
WAITS = {"modules": [{"id": "a", "value": STEP, "sleep": SLEEP}, {"id": "b", "value": STEP, "continue_on_error": True}]}
LOOP = {
    "type": "forloopflow",
    "iterator": {"type": "static", "value": [1, 2, 3]},
    "parallel": True,
    "skip_failures": True,
    "modules": [{"id": "i", "value": STEP, "sleep": SLEEP}, {"id": "j", "value": STEP}],
}
LONG = {"modules": [*({"id": name, "value": STEP} for name in "abcde"), {"id": "loop", "value": LOOP}]}


def many(server: Server, act: Callable[[httpx.Client], bool]) -> list[bool]:
    """What it gives, many times, some at once."""

    def once(_: int) -> bool:
        with server.http() as http:
            return act(http)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(once, range(TIMES)))


def start(http: httpx.Client, flow: dict[str, Any]) -> str:
    """Run it."""
    return http.post("/w/demo/jobs/run/preview_flow", json={"value": flow, "args": {}}).text


def ends(http: httpx.Client, job: str) -> bool:
    """Whether it ends in time."""
    end = time.monotonic() + PATIENCE
    while http.get(f"/w/demo/jobs_u/get/{job}").json()["type"] != "CompletedJob":
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_step_is_cancelled_as_soon_as_it_is_seen(server: Server) -> None:
    """Its flow goes on: nothing is shown of a step that is not stored yet."""

    def act(http: httpx.Client) -> bool:
        job, step = start(http, WAITS), None
        while step is None:
            step = http.get(f"/w/demo/jobs_u/get/{job}").json()["flow_status"]["modules"][1].get("job")
        http.post(f"/w/demo/jobs_u/queue/cancel/{step}", json={})
        return ends(http, job)

    assert many(server, act) == [True] * TIMES


def test_a_flow_is_cancelled_at_any_moment(server: Server) -> None:
    """It ends, and so do the steps that it was just about to begin."""
    chance = random.Random(7)

    def act(http: httpx.Client) -> bool:
        job = start(http, LONG)
        time.sleep(chance.random() * 0.25)
        http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
        left = http.get("/w/demo/jobs/queue/list", params={"per_page": 1_000}) if ends(http, job) else None
        return left is not None and not [found for found in left.json() if found.get("parent_job") == job]

    assert many(server, act) == [True] * TIMES
