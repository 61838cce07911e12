"""Languages: processes kept warm, databases, and what each level of isolation costs."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import httpx

from benchmarks.engine import PYTHON, accepted, engine
from benchmarks.measuring import Figure, latency, timed
from flexwm_nb.server.isolation.levels import LEVELS
from tests.databases import running_postgresql

TYPESCRIPT = "export function main(n: number) { return n + 1 }"
ENGINES = 5  # started for the figures of first runs
PAUSE = 0.15  # seconds in which the next process gets ready
ROWS = 336_776  # as many as the flights of the quickstart
QUERY = "select origin, count(*)::int as flights, avg(delay) as delay from '{file}' group by all order by all"


def measure() -> list[Figure]:
    """Every figure of the languages."""
    return [*dedicated(), *typescript(), *databases(), *isolation()]


def dedicated() -> list[Figure]:
    """Scripts that have a process to themselves."""
    figures = []
    with engine() as running, running.client() as client:
        for language, content in (("python3", PYTHON), ("bun", TYPESCRIPT)):
            run = _script(client, language, content, dedicated_worker=True)
            figures.append(latency(f"dedicated {language}", run, times=300, goal=1.5))
    return figures


def typescript() -> list[Figure]:
    """The first run of an engine, and those for which a process waits."""
    figures = []
    for language in ("bun", "deno"):
        first = []
        for _ in range(ENGINES):
            with engine() as running, running.client() as client:
                run = _script(client, language, TYPESCRIPT)
                first.append(timed(run))
        figures.append(Figure(name=f"{language}, first run", unit="ms", p50=statistics.median(first), goal=60))
        with engine() as running, running.client() as client:
            run = _script(client, language, TYPESCRIPT)
            run()
            spans = [timed(run) for _ in range(40) if not time.sleep(PAUSE)]
            figures.append(Figure(name=f"{language}, later runs", unit="ms", p50=statistics.median(spans), goal=10))
    return figures


def databases() -> list[Figure]:
    """A query on a kept connection, and what a job adds to the library's own time."""
    with engine() as running, running.client() as client, tempfile.TemporaryDirectory() as folder:
        with running_postgresql() as resource:
            arguments = {"database": resource}
            run = _script(client, "postgresql", "select 1 as one", arguments=arguments)
            select = latency("postgresql, select 1", run, times=200, goal=3.0)
        file = Path(folder) / "flights.parquet"
        rows = f"select ['EWR', 'JFK', 'LGA'][i % 3 + 1] as origin, i % 97 as delay from range({ROWS}) numbers(i)"
        duckdb.sql(f"copy ({rows}) to '{file}' (format parquet)")
        query = QUERY.format(file=file)
        library = latency("duckdb by itself", lambda: duckdb.connect().execute(query).fetchall(), times=50)
        job = latency("duckdb as a job", _script(client, "duckdb", query), times=50)
    added = Figure(name="what a job adds to duckdb", unit="ms", p50=job.p50 - library.p50, goal=5.0)
    return [select, library, job, added]


def isolation() -> list[Figure]:
    """The same job at each level of this machine, the best first."""
    figures = {}
    for level in LEVELS:
        if level.lack(closed=False) is None:
            with engine("--isolation", level.name) as running, running.client() as client:
                run = _script(client, "python3", PYTHON)
                figures[level.name] = latency(f"python3 job, {level.name}", run, times=200)
    if "landlock" not in figures:
        return [*figures.values()]
    adds = figures["landlock"].p50 - figures["plain"].p50
    return [*figures.values(), Figure(name="what landlock adds", unit="ms", p50=adds, goal=5.0)]


_numbers = itertools.count()


def _script(
    client: httpx.Client, language: str, content: str, *, arguments: dict[str, Any] | None = None, **more: Any
) -> Callable[[], httpx.Response]:
    """Create a script; what runs it and waits for its result."""
    path = f"u/admin/language{next(_numbers)}"
    body = {"path": path, "summary": "", "content": content, "language": language, **more}
    accepted(client.post("/scripts/create", json=body))
    return lambda: accepted(client.post(f"/jobs/run_wait_result/p/{path}", json=arguments or {"n": 1}))
