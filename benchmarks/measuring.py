"""Timing a call many times, and what is told of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

MILLISECOND = 1e-3  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured thing."""

    name: str
    unit: str
    p50: float
    p95: float | None = None
    goal: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.p50 >= self.goal if self.more_is_better else self.p50 <= self.goal

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "reached": self.reached}


def latency(name: str, call: Callable[[], object], *, times: int, warm: int = 20, **more: Any) -> Figure:
    """The milliseconds of a call, after some that are not counted."""
    for _ in range(warm):
        call()
    spans = sorted(timed(call) for _ in range(times))
    p95 = spans[min(int(len(spans) * 0.95), len(spans) - 1)]
    return Figure(name=name, unit="ms", p50=statistics.median(spans), p95=p95, **more)


def timed(call: Callable[[], object]) -> float:
    """The milliseconds of one call."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) / MILLISECOND
