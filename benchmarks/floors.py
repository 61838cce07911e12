"""The floors: what the parts that the engine stands on cost by themselves on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import httpx

from benchmarks.measuring import Figure, latency


def measure() -> list[Figure]:
    """Every floor."""
    return [durable_insert(), fork(), spawn_bash(), start_python(), bare_request()]


def durable_insert() -> Figure:
    """One row, committed with WAL and synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        connection = apsw.Connection(str(Path(folder) / "floor.db"))
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)")
        text = "x" * 350
        figure = latency(
            "floor: durable insert into SQLite",
            lambda: connection.execute("INSERT INTO row (text) VALUES (?)", (text,)),
            times=500,
        )
        connection.close()
    return figure


def fork() -> Figure:
    """Fork this small process, and wait for the child to end."""

    def call() -> None:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    return latency("floor: fork and wait", call, times=200)


def spawn_bash() -> Figure:
    """Start bash, read its output to the end."""
    command = ["bash", "-c", "echo 1"]
    return latency("floor: spawn bash", lambda: subprocess.run(command, capture_output=True, check=True), times=200)


def start_python() -> Figure:
    """Start a Python that does nothing."""
    command = [sys.executable, "-c", "pass"]
    return latency("floor: start python", lambda: subprocess.run(command, check=True), times=20, warm=2)


async def answer(scope: dict[str, object], receive: object, send: object) -> None:
    """The smallest ASGI application."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


def bare_request() -> Figure:
    """From httpx to uvicorn over a Unix socket, in another process, with no work done."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "floor.sock"
        with bare_server(path), httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            return latency("floor: httpx to uvicorn, Unix socket", lambda: client.get("http://floor/"), times=500)


@contextmanager
def bare_server(path: Path) -> Iterator[None]:
    """Run uvicorn with the smallest application on a Unix socket."""
    options = [
        "--uds",
        str(path),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--log-level",
        "critical",
        "--lifespan",
        "off",
    ]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", "benchmarks.floors:answer", *options])
    try:
        while not path.exists():
            threading.Event().wait(0.02)
        threading.Event().wait(0.1)
        yield
    finally:
        process.terminate()
        process.wait()
