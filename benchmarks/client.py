"""The client: what it adds to raw requests, how fast it starts many jobs, and what it takes of a kernel's memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

import flexwm_nb
from benchmarks.engine import PYTHON, TOKEN, WORKSPACE, Running, engine
from benchmarks.measuring import Figure
from flexwm_nb.client.identifiers import new_id
from flexwm_nb.models.scripts import ScriptDraft

PATH = "f/bench/script"
TIMES = 150  # runs of each kind, in turns: both see the same machine
JOBS = 1_000
# what a client needs is imported first, then one works: what is left is its own
MEMORY = """import json, os, sys, psutil
import asyncio, httpcore, httpx, logging, pydantic, pydantic_settings, ssl, threading, zipfile
from pydantic import BaseModel
size = lambda: psutil.Process().memory_info().rss / 2**20
before = size()
import flexwm_nb
with flexwm_nb.connect(sys.argv[1], token=sys.argv[2]) as engine:
    for _ in range(50):
        engine.executions.run("f/bench/script", n=1)
    list(engine.map("f/bench/script", ({"n": number} for number in range(200)), at_once=50))
    engine.executions.list()
    print(json.dumps(size() - before))
"""


def measure() -> list[Figure]:
    """Every figure of the client."""
    with engine() as running:
        url = address(running)
        with flexwm_nb.connect(url, token=TOKEN, workspace=WORKSPACE) as client:
            client.scripts.register(ScriptDraft(path=PATH, language="python3", content=PYTHON))
            return [
                overhead(url, lambda: client.executions.run(PATH, n=1)),
                start_many(client),
                memory(url),
            ]


def address(running: Running) -> str:
    """The engine's TCP address."""
    with running.client() as raw:
        found = raw.get("http://localhost/api/flexwm/engine").json()
    return str(json.loads(Path(found["store"], "runtime.json").read_text("utf-8"))["url"])


def overhead(url: str, run: Callable[[], object]) -> Figure:
    """How much longer a run takes by the client than by the same requests, raw."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"{url}/api/w/{WORKSPACE}", headers=headers, timeout=60) as raw:
        spans: dict[str, list[float]] = {"raw": [], "ours": []}
        for number in range(-10, TIMES):
            for name, call in (("raw", lambda: by_hand(raw)), ("ours", run)):
                began = time.perf_counter()
                call()
                if number >= 0:
                    spans[name].append(time.perf_counter() - began)
    ratio = statistics.median(spans["ours"]) / statistics.median(spans["raw"])
    note = f"raw {statistics.median(spans['raw']) * 1e3:.2f} ms"
    return Figure(name="executions.run over raw httpx", unit="%", p50=(ratio - 1) * 100, goal=10, note=note)


def by_hand(raw: httpx.Client) -> object:
    """Start a job and follow its events to its result."""
    job = new_id()
    raw.post(f"/jobs/run/p/{PATH}", params={"job_id": job}, json={"n": 1}).raise_for_status()
    query = {"fast": "true", "running": "true", "no_logs": "true"}
    with raw.stream("GET", f"/jobs_u/getupdate_sse/{job}", params=query) as events:
        for line in events.iter_lines():
            if line.startswith("data:") and (update := json.loads(line[5:])).get("completed"):
                return update["job"]["result"]
    raise RuntimeError("the stream ended before the job")


def start_many(client: flexwm_nb.Engine) -> Figure:
    """Seconds until many jobs have been accepted, durably."""
    began = time.perf_counter()
    started = client.executions.submit_many(PATH, ({"n": number} for number in range(JOBS)))
    took = time.perf_counter() - began
    for execution in started[-1:]:
        execution.wait()
    return Figure(name=f"submit {JOBS} jobs", unit="s", p50=took, goal=1.0)


def memory(url: str) -> Figure:
    """MB that the client takes beyond the imports that it needs, after some hundred runs."""
    command = [sys.executable, "-c", MEMORY, url, TOKEN]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return Figure(name="memory of the client above its imports", unit="MB", p50=float(done.stdout), goal=15)
