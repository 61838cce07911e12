"""Flows on the local engine: long ones, wide ones, deep ones."""

from __future__ import annotations

import statistics
import time
from typing import Any

import httpx

from benchmarks.engine import engine
from benchmarks.measuring import Figure

RUNS = 5
STEPS = 40
PARALLEL = 1_000  # iterations at once
LOOP = 10_000  # iterations one after the other, of a step without a process
DEPTH = 20  # loops within one another
PYTHON = "def main(n: int):\n    return n + 1\n"
BASH = 'n="$1"\necho "$((n + 1))"\n'


def measure() -> list[Figure]:
    """Every figure of flows."""
    with engine() as running, running.client() as client:
        return [
            _timed(client, f"flow of {STEPS} python3 steps", chain("python3", PYTHON), goal=0.12),
            _timed(client, f"flow of {STEPS} bash steps", chain("bash", BASH), goal=0.12),
            _timed(
                client, "100 parallel python3 iterations", wide(100, rawscript("python3", PYTHON)), goal=0.3, runs=3
            ),
            _timed(
                client,
                f"{PARALLEL} parallel python3 iterations",
                wide(PARALLEL, rawscript("python3", PYTHON)),
                goal=4,
                runs=1,
            ),
            _timed(client, f"loop of {LOOP} iterations without a process", long_loop(), runs=1),
            _timed(client, f"loops nested {DEPTH} deep", deep(), runs=3),
        ]


def rawscript(language: str, content: str) -> dict[str, Any]:
    """A step's value that adds one to what it gets."""
    return {"type": "rawscript", "language": language, "content": content, "input_transforms": {"n": static(1)}}


def static(value: Any) -> dict[str, Any]:
    """An input that does not depend on anything."""
    return {"type": "static", "value": value}


def expression(text: str) -> dict[str, Any]:
    """An input in JavaScript."""
    return {"type": "javascript", "expr": text}


def chain(language: str, content: str) -> dict[str, Any]:
    """Steps of which each takes the result of the one before."""
    modules = []
    for number in range(STEPS):
        value = rawscript(language, content)
        if number:
            value["input_transforms"] = {"n": expression(f"results.s{number - 1}")}
        modules.append({"id": f"s{number}", "value": value})
    return {"modules": modules}


def loop(items: int, modules: list[dict[str, Any]], *, parallel: bool) -> dict[str, Any]:
    """A loop over that many numbers."""
    over = expression(f"Array.from({{length: {items}}}, (_, i) => i)")
    return {"type": "forloopflow", "iterator": over, "modules": modules, "skip_failures": False, "parallel": parallel}


def wide(items: int, step: dict[str, Any]) -> dict[str, Any]:
    """All iterations at once."""
    return {"modules": [{"id": "a", "value": loop(items, [{"id": "b", "value": step}], parallel=True)}]}


def long_loop() -> dict[str, Any]:
    """Iterations one after the other that start no process."""
    return {"modules": [{"id": "a", "value": loop(LOOP, [{"id": "b", "value": {"type": "identity"}}], parallel=False)}]}


def deep() -> dict[str, Any]:
    """Loops of one iteration within one another."""
    value: dict[str, Any] = {"type": "identity"}
    for level in range(DEPTH):
        value = loop(1, [{"id": f"l{level}", "value": value}], parallel=False)
    return {"modules": [{"id": "top", "value": value}]}


def _timed(
    client: httpx.Client, name: str, value: dict[str, Any], *, goal: float | None = None, runs: int = RUNS
) -> Figure:
    """The seconds from the request to the flow's result."""
    spans = []
    for _ in range(runs):
        began = time.perf_counter()
        answer = client.post("/jobs/run_wait_result/preview_flow", json={"value": value, "args": {}}, timeout=600)
        spans.append(time.perf_counter() - began)
        answer.raise_for_status()
    return Figure(name=name, unit="s", p50=statistics.median(spans), p95=max(spans), goal=goal)
