"""A job's updates as they happen: server-sent events, taken up again where a connection breaks."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from flexwm_nb.client.client import Client
from flexwm_nb.client.http import httpx
from flexwm_nb.errors import EngineUnreachable, JobNotFound, NotFound, RequestRefused
from flexwm_nb.models.jobs import Job, JobUpdate

SILENCE = 20.0  # seconds without a byte after which a connection is given up; the engine pings every 5
POLL_INTERVAL = 0.25  # seconds, where an engine has no events
DATA = b"data:"
QUIET = frozenset({"ping", "timeout"})


class UpdateStream:
    """The updates of one job, from a position in its log until its end. Iterate once.

    After the engine was away (restarted, say) it goes on from the log position it had reached.
    Raises JobNotFound, EngineUnreachable when the engine stays away, RequestRefused.
    """

    def __init__(
        self,
        client: Client,
        job_id: str,
        *,
        log_offset: int = 0,
        logs: bool = True,
        steps: bool = False,
        deadline: float | None = None,
    ) -> None:
        """Prepare. `log_offset` in characters; `steps`: with how a flow's stand; `deadline` on the monotonic clock."""
        self._client, self._job_id, self._logs, self._deadline = client, job_id, logs, deadline
        self._steps = steps
        self.log_offset = log_offset
        self.stream_offset = 0
        self._running = not logs  # who wants no logs waits for the end: that it runs is no news
        self._stopped = threading.Event()
        self._answer: httpx.Response | None = None

    def __iter__(self) -> Iterator[JobUpdate]:
        """Give each update; the last one has `completed` and `job`."""
        failures = 0
        while not self._over():
            endpoint = self._client.endpoint
            try:
                for update in self._connected():
                    failures = 0
                    yield update
                    if update.completed:
                        return
            except EngineUnreachable:
                failures += 1
                if self._over():
                    return
                if failures >= self._client.attempts:
                    raise
                self._client.recover(endpoint, failures)

    def abort(self) -> None:
        """End the iteration from another thread, also while it waits for the engine."""
        self._stopped.set()
        answer = self._answer
        stream = answer.extensions.get("network_stream") if answer is not None else None
        raw = stream.get_extra_info("socket") if stream is not None else None
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    def _over(self) -> bool:
        return self._stopped.is_set() or (self._deadline is not None and time.monotonic() >= self._deadline)

    def _connected(self) -> Iterator[JobUpdate]:
        """The updates of one connection."""
        try:
            yield from self._events()
        except NotFound as error:
            if isinstance(error, JobNotFound) or error.details.get("body"):
                raise JobNotFound(why=self._job_id, job_id=self._job_id) from None
            yield from self._polled()

    def _events(self) -> Iterator[JobUpdate]:
        path = f"{self._client.workspace}/jobs_u/getupdate_sse/{self._job_id}"
        granted = self._silence()
        with self._client.stream(path, read_timeout=granted, fast=True, **self._position()) as answer:
            self._answer = answer
            try:
                for message in messages(answer):
                    if self._over():
                        return
                    if message.get("type") not in QUIET:
                        yield self._noted(message)
                    elif self._silence() < granted:
                        return  # the deadline comes before the silence that this connection was granted ends
            finally:
                self._answer = None

    def _polled(self) -> Iterator[JobUpdate]:
        """For an engine without events."""
        path = f"{self._client.workspace}/jobs_u/getupdate/{self._job_id}"
        while not self._over():
            update = self._noted(self._client.get(path, **self._position()))
            if update.completed:
                job = self._client.read(Job, f"{self._client.workspace}/jobs_u/get/{self._job_id}", no_logs=True)
                update = update.model_copy(update={"job": job})
            yield update
            if update.completed or self._stopped.wait(POLL_INTERVAL):
                return

    def _position(self) -> dict[str, Any]:
        offset = {"log_offset": self.log_offset} if self._logs else {"no_logs": True}
        told = {"is_flow": True} if self._steps else {}
        return {"running": self._running, "stream_offset": self.stream_offset or None, **offset, **told}

    def _silence(self) -> float:
        left = SILENCE if self._deadline is None else self._deadline - time.monotonic()
        return max(min(SILENCE, left), 0.01)

    def _noted(self, message: dict[str, Any]) -> JobUpdate:
        """The update of a message, its position remembered."""
        update = JobUpdate.read(message)
        if update.type == "notfound":
            raise JobNotFound(why=self._job_id, job_id=self._job_id)
        if update.type == "error":
            raise RequestRefused("The engine cannot follow the job", why=update.error, job_id=self._job_id)
        self.log_offset = update.log_offset or self.log_offset
        self.stream_offset = update.stream_offset or self.stream_offset
        self._running = self._running or bool(update.running)
        return update


def messages(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """The JSON documents of an event stream.

    Lines end at line feeds only: httpx would also split at U+2028 and its like, which JSON leaves as they are.
    """
    rest = b""
    for chunk in answer.iter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(DATA):
                yield json.loads(line[len(DATA) :])
