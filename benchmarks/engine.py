"""The local engine: latencies, throughput and memory, from the client's request to the answer."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.measuring import Figure, latency

TOKEN = "token-of-the-benchmark"
WORKSPACE = "demo"
MEGABYTE = 1024 * 1024
PYTHON = "def main(n: int):\n    return n + 1\n"
BASH = 'n="$1"\necho "$n"\n'
CLIENTS = (1, 10, 100)
JOBS = 400  # of one throughput run
AT_ONCE = 200  # jobs that run together
QUEUED = 1_000  # jobs that wait together


@dataclass(frozen=True, slots=True)
class Running:
    """An engine of its own."""

    process: subprocess.Popen[bytes]
    socket: str

    def client(self) -> httpx.Client:
        """Raw requests over the Unix socket."""
        transport = httpx.HTTPTransport(uds=self.socket, limits=httpx.Limits(max_connections=None))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(
            base_url=f"http://localhost/api/w/{WORKSPACE}", transport=transport, headers=headers, timeout=120
        )

    def memory(self) -> float:
        """MB that the server and its launcher have to themselves (proportional set size), jobs left out."""
        server = psutil.Process(self.process.pid)
        launchers = [child for child in server.children() if "zygote.py" in " ".join(child.cmdline())]
        return float(sum(process.memory_full_info().pss for process in (server, *launchers)) / MEGABYTE)


@contextmanager
def engine(*options: str) -> Iterator[Running]:
    """A local engine on a fresh store."""
    with tempfile.TemporaryDirectory() as store:
        read, write = os.pipe()
        command = [
            sys.executable,
            "-m",
            "flexwm_nb.server",
            "--store",
            store,
            "--token",
            TOKEN,
            "--workspace",
            WORKSPACE,
        ]
        with Path(store, "server.log").open("wb") as log:
            process = subprocess.Popen([*command, "--ready-fd", str(write), *options], pass_fds=[write], stderr=log)
        os.close(write)
        try:
            os.read(read, 1)
            yield Running(process, json.loads(Path(store, "runtime.json").read_text())["socket"])
        finally:
            os.close(read)
            process.terminate()
            process.wait()


def measure() -> list[Figure]:
    """Every figure of the engine."""
    figures: list[Figure] = []
    with engine() as running, running.client() as client:
        figures.append(at_rest(running))
        figures += latencies(client)
        figures += [throughput(running, clients) for clients in CLIENTS]
    with engine("--workers", str(AT_ONCE)) as running:
        figures.append(under_load(running))
    with engine() as running:
        figures.append(none_lost(running))
    return figures


def at_rest(running: Running) -> Figure:
    """Memory of a server that has nothing to do."""
    time.sleep(1)
    return Figure(name="memory at rest", unit="MB", p50=running.memory(), goal=50, note="server and launcher, PSS")


def latencies(client: httpx.Client) -> list[Figure]:
    """Creating and running, one after the other."""
    numbers = itertools.count()

    def create() -> None:
        content = f"# {next(numbers)}\n{PYTHON}"
        body = {
            "path": f"u/admin/s{next(numbers)}",
            "summary": "",
            "description": "",
            "content": content,
            "language": "python3",
        }
        accepted(client.post("/scripts/create", json=body))

    for language, content in (("python3", PYTHON), ("bash", BASH)):
        body = {"path": f"u/admin/{language}", "summary": "", "content": content, "language": language}
        accepted(client.post("/scripts/create", json=body))

    def run(language: str) -> None:
        accepted(client.post(f"/jobs/run_wait_result/p/u/admin/{language}", json={"n": 1}))

    def submit_and_wait() -> None:
        job = accepted(client.post("/jobs/run/p/u/admin/python3", json={"n": 1})).text
        with client.stream("GET", f"/jobs_u/getupdate_sse/{job}", params={"fast": "true"}) as events:
            for line in events.iter_lines():
                if '"completed":true' in line:
                    return

    return [
        latency("create a script", create, times=300, goal=1.0),
        latency("run python3, wait for its result", lambda: run("python3"), times=300, goal=3.0),
        latency("run bash, wait for its result", lambda: run("bash"), times=300, goal=3.0),
        latency("run python3, follow its events to the end", submit_and_wait, times=200),
    ]


def accepted(answer: httpx.Response) -> httpx.Response:
    """The answer of a request that went well. Raises httpx.HTTPStatusError."""
    answer.raise_for_status()
    return answer


def throughput(running: Running, clients: int) -> Figure:
    """Python jobs a second, run to their results by that many clients."""
    share = max(JOBS // clients, 1)
    ready = threading.Barrier(clients + 1)

    def work() -> None:
        with running.client() as client:
            client.get("/jobs/queue/count")
            ready.wait()
            for number in range(share):
                accepted(client.post("/jobs/run_wait_result/p/u/admin/python3", json={"n": number}))

    with ThreadPoolExecutor(clients) as pool:
        waiting = [pool.submit(work) for _ in range(clients)]
        ready.wait()
        began = time.perf_counter()
        for one in waiting:
            one.result()
        took = time.perf_counter() - began
    name = f"python3 jobs a second, {clients} client{'s' if clients > 1 else ''}"
    goal = 300.0 if clients == 10 else None
    return Figure(name=name, unit="1/s", p50=share * clients / took, goal=goal, more_is_better=True)


def under_load(running: Running) -> Figure:
    """Memory while many jobs run at once."""
    body = {"language": "bash", "content": "sleep 4; echo done", "args": {}}
    with running.client() as client:
        jobs = [accepted(client.post("/jobs/run/preview", json=body)).text for _ in range(AT_ONCE)]
        time.sleep(1)
        memory = running.memory()
        _finished(client, jobs)
    return Figure(
        name=f"memory with {AT_ONCE} jobs at once", unit="MB", p50=memory, goal=150, note="all jobs ended well"
    )


def none_lost(running: Running) -> Figure:
    """Seconds until many waiting jobs have all ended well."""
    body = {"language": "python3", "content": PYTHON, "args": {"n": 1}}
    with running.client() as client:
        began = time.perf_counter()
        jobs = [accepted(client.post("/jobs/run/preview", json=body)).text for _ in range(QUEUED)]
        _finished(client, jobs)
        took = time.perf_counter() - began
    return Figure(name=f"{QUEUED} jobs queued, all ended", unit="s", p50=took, note="none lost")


def _finished(client: httpx.Client, jobs: list[str]) -> None:
    """Wait for all of them; a job that failed or is lost raises."""
    for job in jobs:
        while not (found := _state(client, job))["completed"]:
            time.sleep(0.05)
        if not found["success"]:
            raise RuntimeError(f"job {job} failed: {found['result']}")


def _state(client: httpx.Client, job: str) -> Any:
    return client.get(f"/jobs_u/completed/get_result_maybe/{job}").json()
