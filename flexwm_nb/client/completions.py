"""Who waits for many jobs at once: told of each end, with one thread and one connection for all of them.

A few are followed by their events, which tell at once. Beyond `FEW`, one look at what has ended of late serves all:
engines list that in one answer, while a stream a job would take a socket and a thread each.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

from flexwm_nb.client.client import Client
from flexwm_nb.client.events import UpdateStream
from flexwm_nb.errors import FlexwmError, JobNotFound, NotFound
from flexwm_nb.models.jobs import Job

FEW = 4  # jobs that are followed by their events
PAGE = 1_000  # jobs in one answer
SPOT_CHECKS = 10  # jobs a look that are asked for by themselves: whatever a list leaves out is found so
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25  # seconds between looks, longer while nothing ends
OVERLAP = timedelta(seconds=1)  # what is looked at again: an end may be listed a little late
FIRST_LOOK_BACK = timedelta(seconds=5)  # before the first wait; clocks differ

Told = Callable[["Job | FlexwmError"], None]  # called once, from another thread


class Completions:
    """Tells when jobs end. Safe to use from many threads."""

    def __init__(self, client: Client) -> None:
        """Nothing is waited for yet."""
        self._client = client
        self._change = threading.Lock()
        self._news = threading.Event()
        self._streams: dict[UpdateStream, str] = {}
        self._waiting: dict[str, list[Told]] = {}  # by job, in the order in which they are spot-checked
        self._thread: threading.Thread | None = None
        self._since: datetime | None = None  # on the engine's clock

    def follow(self, job_id: str, told: Told) -> Callable[[], None]:
        """Call `told` with the record of the job's end, or the error that ends the wait; gives what stops waiting."""
        with self._change:
            if len(self._streams) < FEW and not self._waiting:
                stream = UpdateStream(self._client, job_id, logs=False)
                self._streams[stream] = job_id
                _thread(self._streamed, stream, told)
                return stream.abort
            self._waiting.setdefault(job_id, []).append(told)
            if self._thread is None:
                self._thread = _thread(self._look_until_all_ended)
        self._news.set()
        return lambda: self._forget(job_id, told)

    def _streamed(self, stream: UpdateStream, told: Told) -> None:
        """Follow one job by its events."""
        try:
            for update in stream:
                if update.completed:
                    told(update.job or self._read(self._streams[stream]))
                    return
        except FlexwmError as error:
            told(error)
        finally:
            with self._change:
                self._streams.pop(stream, None)

    def _look_until_all_ended(self) -> None:
        pause = FIRST_PAUSE
        while True:
            with self._change:
                if not self._waiting:
                    self._thread, self._since = None, None
                    return
            self._news.clear()
            try:
                ended = self._look()
            except FlexwmError as error:
                self._give_up(error)
                continue
            pause = FIRST_PAUSE if ended else min(pause * 2, LONGEST_PAUSE)
            if self._news.wait(pause):
                pause = FIRST_PAUSE

    def _look(self) -> int:
        """Tell of those that have ended, and how many did. Raises EngineError and RequestRefused."""
        since = self._since or self._now() - FIRST_LOOK_BACK
        newest, ended = since, 0
        for job in self._listed(since):
            newest = max(newest, job.completed_at or newest)
            ended += self._tell(job.id)
        self._since = max(newest - OVERLAP, since)
        return ended + sum(self._tell(job_id) for job_id in self._next_ones())

    def _listed(self, since: datetime) -> Iterator[Job]:
        """What has ended since then, those first that somebody waits for."""
        path, page = f"{self._client.workspace}/jobs/completed/list", 1
        while True:
            query = {"completed_after": since.isoformat(), "page": page, "per_page": PAGE}
            found = self._client.read_all(Job, path, **query)
            yield from (job for job in found if job.id in self._waiting)
            if len(found) < PAGE:
                return
            page += 1

    def _next_ones(self) -> list[str]:
        """Jobs that are due for a look of their own; they go to the end of the row."""
        with self._change:
            chosen = list(self._waiting)[:SPOT_CHECKS]
            for job_id in chosen:
                self._waiting[job_id] = self._waiting.pop(job_id)
        return chosen

    def _tell(self, job_id: str) -> bool:
        """Read the job and tell those who wait for it, if it has ended."""
        outcome: Job | FlexwmError
        try:
            outcome = self._read(job_id)
        except NotFound:
            outcome = JobNotFound(why=job_id, job_id=job_id)
        if isinstance(outcome, Job) and not outcome.done:
            return False
        with self._change:
            waiting = self._waiting.pop(job_id, [])
        for told in waiting:
            told(outcome)
        return bool(waiting)

    def _give_up(self, error: FlexwmError) -> None:
        """Tell everybody that the engine is not to be asked."""
        with self._change:
            waiting, self._waiting = self._waiting, {}
        for told in [told for everybody in waiting.values() for told in everybody]:
            told(error)

    def _forget(self, job_id: str, told: Told) -> None:
        with self._change, contextlib.suppress(KeyError, ValueError):
            self._waiting[job_id].remove(told)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def _read(self, job_id: str) -> Job:
        return self._client.read(Job, f"{self._client.workspace}/jobs_u/get/{job_id}", no_logs=True)

    def _now(self) -> datetime:
        """The engine's clock."""
        return datetime.fromtimestamp(float(self._client.get("/jobs/db_clock")) / 1_000, timezone.utc)


def _thread(target: Callable[..., None], *arguments: object) -> threading.Thread:
    made = threading.Thread(target=target, args=arguments, name="flexwm-completions", daemon=True)
    made.start()
    return made
