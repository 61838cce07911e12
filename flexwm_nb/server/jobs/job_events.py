"""What has happened to a job since a client last asked: one update, or all of them as server-sent events.

Nothing polls: a follower sleeps until the job's signal, and then rests for a moment so that a flood of output travels
in few, large messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from flexwm_nb.server.context import Context
from flexwm_nb.server.jobs import job_views
from flexwm_nb.server.jobs.records import Ending
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.http import context, fragment, workspace

REST = 0.01  # seconds between two messages
PING = 5.0  # seconds of silence
LONGEST = 60.0  # seconds of one stream; the client connects anew

Update = dict[str, Any]

_encoder = msgspec.json.Encoder()


class UpdateQuery(msgspec.Struct):
    """What a client knows of a job already, and wants to be told."""

    running: bool | None = None  # whether it knows that the job runs
    log_offset: int | None = None  # of the next character, from 1
    stream_offset: int | None = None  # of the next character of what the job streams, from 0
    get_progress: bool = False
    no_logs: bool = False
    only_result: bool = False
    is_flow: bool = False  # whether to tell how a flow's steps stand


async def since(parts: Context, row: Row, known: UpdateQuery) -> Update:
    """One update."""
    completed = job_views.is_completed(row)
    if known.only_result:
        return _result_since(parts, row, known, completed)
    update: Update = {"completed": completed}
    if completed:
        update["running"] = False
    elif row["status"] == "running" and known.running is False:
        update["running"] = True
    if not known.no_logs:
        start = max((known.log_offset or 1) - 1, 0)
        text = await parts.logs.read(row["id"], start)
        if text is not None:
            update |= {"new_logs": text, "log_offset": start + len(text) + 1}
    update |= _streamed_since(parts, row, known)
    if row["mem_peak"] is not None:
        update["mem_peak"] = row["mem_peak"]
    if known.get_progress and row["progress"] is not None:
        update["progress"] = row["progress"]
    if known.is_flow and (status := _flow_status(parts, row)) is not None:
        update["flow_status"] = fragment(status)
    return update


def _result_since(parts: Context, row: Row, known: UpdateQuery, completed: bool) -> Update:
    """One update for who waits for the result alone: nothing is told that was not asked for."""
    update = _streamed_since(parts, row, known)
    if known.running is not None and not completed:
        update["running"] = known.running or row["status"] == "running"
    if completed:
        update |= {"completed": True, "only_result": fragment(_outcome(parts, row)["result"] or "null")}
    return update


def _streamed_since(parts: Context, row: Row, known: UpdateQuery) -> Update:
    """What the job has streamed of its result."""
    stream, start = parts.worker.stream(row["id"]), known.stream_offset or 0
    return {"new_result_stream": stream[start:], "stream_offset": len(stream)} if len(stream) > start else {}


def _flow_status(parts: Context, row: Row) -> str | None:
    """How a flow's steps stand, None for another job."""
    going_on = parts.flows.status(row["id"])
    stored = None if going_on else parts.database.one("steps_flow", id=row["id"], workspace=row["workspace_id"])
    return going_on if stored is None else stored["flow_status"]


def _outcome(parts: Context, row: Row) -> Row:
    return parts.database.one("job_outcome", id=row["id"], workspace=row["workspace_id"]) or {"result": None}


def response(request: Request, job_id: str, known: UpdateQuery) -> Response:
    """A job's updates until its end."""
    events = _Follower(context(request), workspace(request), job_id, known).events()
    return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-cache"})


class _Follower:
    """One client that follows one job."""

    def __init__(self, parts: Context, workspace: str, job_id: str, known: UpdateQuery) -> None:
        self._parts, self._workspace, self._job_id, self._known = parts, workspace, job_id, known
        self._signals = parts.logs.signals
        self._progress: int | None = None
        self._flow_status: msgspec.Raw | None = None

    async def events(self) -> AsyncIterator[bytes]:
        """The messages."""
        ended = self._parts.worker.ended(self._job_id)
        try:
            async for message in self._until(ended):
                yield message
        finally:
            self._parts.worker.forget(self._job_id, ended)

    async def _until(self, ended: asyncio.Future[Ending]) -> AsyncIterator[bytes]:
        """The messages; the last one follows the end at once."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST
        while loop.time() < end:
            change = self._signals.expect(self._job_id)
            try:
                row = self._row()
                if row is None:
                    yield _message({"type": "notfound"})
                    return
                if (update := await self._news(row)) is not None:
                    yield _message({"type": "update", **update})
                    if update.get("completed"):
                        return
                    await asyncio.wait({ended}, timeout=REST)
                await asyncio.wait({change}, timeout=min(PING, end - loop.time()))
                if not change.done() and loop.time() < end:
                    yield _message({"type": "ping"})
            finally:
                self._signals.forget(self._job_id, change)
        yield _message({"type": "timeout"})

    def _row(self) -> Row | None:
        return self._parts.database.one("job_state", id=self._job_id, workspace=self._workspace)

    async def _news(self, row: Row) -> Update | None:
        """What the client does not know yet, None when there is nothing; noted as known."""
        known = self._known
        update = await since(self._parts, row, known)
        if not update.get("new_logs"):
            update.pop("new_logs", None)
            update.pop("log_offset", None)
        if update.get("progress") == self._progress:
            update.pop("progress", None)
        if update.get("flow_status") == self._flow_status:
            update.pop("flow_status", None)
        if update.get("completed"):
            return update if known.only_result else {**update, "job": self._document()}
        if not update.keys() & {"running", "new_logs", "new_result_stream", "progress", "flow_status"}:
            return None
        known.running = True if update.get("running") else known.running
        known.log_offset = update.get("log_offset", known.log_offset)
        known.stream_offset = update.get("stream_offset", known.stream_offset)
        self._progress = update.get("progress", self._progress)
        self._flow_status = update.get("flow_status", self._flow_status)
        return update

    def _document(self) -> job_views.Document | None:
        row = self._parts.database.one("job_read", id=self._job_id, workspace=self._workspace)
        return None if row is None else job_views.document(row, code=False)


def _message(update: Update) -> bytes:
    return b"data: " + _encoder.encode(update) + b"\n\n"
