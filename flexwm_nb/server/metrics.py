"""What a server counts of itself: noted for next to nothing, put into Prometheus' form when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

SECOND = 1_000_000  # microseconds
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0)


@dataclass(slots=True)
class Histogram:
    """How many took how long."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0  # seconds

    def note(self, seconds: float) -> None:
        """One took so long."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """How many took at most so long, as Prometheus wants it."""
        made, sum_so_far = [], 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.counts):
            sum_so_far += count
            made.append((bound, float(sum_so_far)))
        return made


@dataclass(slots=True)
class Metrics:
    """The counts since the server's start."""

    jobs: Counter[tuple[str, str]] = field(default_factory=Counter)  # by how they ended, and language
    runs: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))  # by language
    waits: Histogram = field(default_factory=Histogram)  # of jobs for their start
    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # by method, area and status
    answers: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))  # by area

    def ended(self, status: str, language: str, seconds: float) -> None:
        """A job ended so, after running so long."""
        self.jobs[status, language] += 1
        self.runs[language].note(seconds)

    def started(self, due: int, moment: int) -> None:
        """A job that was due then started at that moment; in microseconds."""
        self.waits.note(max(moment - due, 0) / SECOND)

    def answered(self, method: str, area: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests[method, area, str(status)] += 1
        self.answers[area].note(seconds)
