"""Starting a job and following it to its end: live line, staying line, result or error."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Awaitable, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from flexwm_nb import journal
from flexwm_nb.display import results
from flexwm_nb.display.live import LiveRun, show_final, show_graph
from flexwm_nb.display.logs import LogTail
from flexwm_nb.display.wording import Headline, short
from flexwm_nb.errors import ExecutionError, FlexwmError, JobCanceled, JobNotFound
from flexwm_nb.magics.awaiting import END, INTERRUPTS, Feed
from flexwm_nb.magics.failing import failed
from flexwm_nb.magics.failures import shown_as
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import Arguments

if TYPE_CHECKING:
    from flexwm_nb.display.graph import Graph
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.magics.session import Session
    from flexwm_nb.models.jobs import Job, JobUpdate
    from flexwm_nb.stages.stage import Stage

T = TypeVar("T")


class Watch(Protocol):
    """What draws a flow's run."""

    waits: bool  # for an approval
    document: Mapping[str, Any]

    def see(self, status: Any) -> None:
        """Take the status of an update in, where it has one."""

    async def look(self, call: Call, execution: Execution) -> None:
        """See how it stands, every so often."""

    def graph(self) -> Graph:
        """As it stood."""

    async def final(self, call: Call, execution: Execution) -> Graph:
        """As it stands in the end, with times."""


UPLOADS = "windmill_uploads/upload_"  # where what is passed on once is kept
TICK = 0.1  # seconds between two looks at the clock while nothing happens
INTERRUPTED = "interrupted in the notebook"
TRIES = 10  # to cancel a job that is not there
WAITS = "waits for an approval: %windmill_approve"
PAUSE = 0.1  # seconds between them


async def upload(call: Call, engine: Engine, arguments: Arguments) -> dict[str, Any]:
    """The arguments as they are sent: files are uploaded, and stand in them by their keys."""
    values = dict(arguments.values)
    for file in arguments.files:
        key = f"{UPLOADS}{sha256(file.data).hexdigest()}"  # the same frame is the same argument: --cache knows it
        values[file.name] = {"s3": await call.work(engine.files.upload, file.data, key)}
    return values


async def launch(
    call: Call,
    job_id: str,
    reference: str,
    arguments: Mapping[str, Any],
    headline: Headline,
    *,
    timeout: float | None,
    tag: str | None,
) -> tuple[Execution, Headline]:
    """Submit a job under an id of ours."""
    engine = await call.engine()
    limit = None if timeout is None else math.ceil(timeout)
    execution = await call.work(
        engine.executions.submit, reference, dict(arguments), job_id=job_id, timeout=limit, tag=tag
    )
    return execution, begun(call, engine, headline, job_id)


def begun(call: Call, engine: Engine, headline: Headline, job_id: str) -> Headline:
    """Keep a run that was just started, here and for the next kernel; the headline with it."""
    return noted(call.session, engine, headline.evolve(job_id=job_id, state="queued"))


def noted(session: Session, engine: Engine, headline: Headline) -> Headline:
    """Keep a run, here and for the next kernel; the headline with it."""
    session.remember(headline.job_id, headline)
    _note(engine, headline)
    return headline


def _note(engine: Engine, headline: Headline) -> None:
    where, workspace = address(engine)
    subject = headline.stable or headline.subject
    journal.note(
        journal.Record(
            job_id=headline.job_id, subject=subject, engine=where, workspace=workspace, notebook=journal.notebook()
        )
    )


def address(engine: Engine) -> tuple[str, str]:
    """Which engine and workspace, as the journal names them."""
    endpoint = engine.client.endpoint
    return "local" if endpoint.kind == "local" else endpoint.url, endpoint.workspace


async def follow(
    call: Call, execution: Execution, headline: Headline, *, quiet: bool = False, watch: Watch | None = None
) -> Job:
    """Show a run until it ends, waits or is detached, and give the job. `watch` draws a flow's."""
    live = LiveRun("plain" if quiet else call.session.face)
    stage = None if quiet else await _stage(call, execution, headline, watch)
    tail = LogTail(call.session.settings.tail_lines)
    clock = Clock(headline)
    feed = Feed(execution.events(steps=watch is not None), abort=execution.abort)
    last: Job | None = None
    try:
        while (update := await call.pace.take(feed, TICK)) is not END:
            if update is not None:
                tail.feed(update.new_logs or "")
                clock.see(update)
                last = update.job or last
                if watch is not None:
                    watch.see(update.flow_status)
                if stage is not None:
                    stage.see(update)
            if watch is not None:
                await watch.look(call, execution)
                if watch.waits:  # it goes on only when somebody says so
                    break
            if stage is not None and stage.lives(live, clock.headline()):
                if stage.detached.is_set():
                    break
            else:
                live.update(clock.headline(), tail.lines, tail.hidden, None if watch is None else watch.graph())
        job = last if last is not None else await call.work(execution.job)
    finally:
        feed.close()
        live.close()
        if stage is not None and (last is None or not last.done):
            stage.leave()
    if stage is not None and job.done:
        await call.work(stage.end, job)
    tail.finish()
    headline = headline.ended(job)
    call.session.remember(job.id, headline)
    if stage is not None and stage.widget is not None:
        return job
    if not job.done:
        headline = headline.evolve(state="", notes=(*headline.notes, WAITS))
    if not quiet or not job.done:
        if watch is not None:
            show_graph(await watch.final(call, execution))
        show_final(headline, call.session.face, tail.lines, tail.hidden)
    return job


async def _stage(call: Call, execution: Execution, headline: Headline, watch: Watch | None) -> Stage | None:
    """A stage for the run, where a page may draw widgets."""
    if not call.session.desk.is_asked:
        return None
    engine = await call.engine()
    return call.session.desk.stage(engine, execution, headline, None if watch is None else watch.document)


class Clock:
    """How long a run has been waiting and running, as seen from here."""

    def __init__(self, headline: Headline) -> None:
        """Start."""
        self._headline = headline
        self._submitted = datetime.now(timezone.utc)
        self._started: datetime | None = None

    def see(self, update: JobUpdate) -> None:
        """Note its start."""
        if update.running:
            self.begin()

    def begin(self) -> None:
        """It runs."""
        if self._started is None:
            self._started = datetime.now(timezone.utc)

    def headline(self) -> Headline:
        """The line now."""
        now = datetime.now(timezone.utc)
        if self._started is None:
            return self._headline.evolve(state="queued", queued=now - self._submitted)
        return self._headline.evolve(state="running", ran=now - self._started)


async def guarded(call: Call, job_id: str, work: Awaitable[T]) -> T:
    """Do what starts or follows a job. An interrupt at any moment of it cancels the job, or leaves it as configured."""
    try:
        return await work
    except INTERRUPTS:
        await interrupted(call, job_id)


async def interrupted(call: Call, job_id: str) -> NoReturn:
    """The notebook was interrupted: cancel the job, or leave it, and say so as an error."""
    if call.session.settings.on_interrupt == "detach":
        text = f"detached (job {short(job_id)}); come back with %windmill_attach {short(job_id)}"
        raise shown_as(ExecutionError(text, job_id=job_id), lambda: [text])
    engine = await call.engine()
    with contextlib.suppress(FlexwmError):  # it ended meanwhile, or never reached the engine
        await call.work(_cancel, engine, job_id)
    text = "cancelled" if call.session.face == "plain" else f"cancelled (job {short(job_id)})"
    raise shown_as(JobCanceled(text, job_id=job_id), lambda: [text])


def _cancel(engine: Engine, job_id: str) -> None:
    """Cancel a job whose submission may still be on its way. Raises JobNotFound where it does not come."""
    for left in reversed(range(TRIES)):
        try:
            engine.executions.cancel(job_id, reason=INTERRUPTED)
            return
        except JobNotFound:
            if not left:
                raise
            time.sleep(PAUSE)


async def conclude(call: Call, execution: Execution, job: Job, output: str | None = None) -> Any:
    """The result of a job that ended, for the notebook. Raises JobFailed and JobCanceled as the notebook shows them."""
    if not job.done:  # it waits, as its line says
        call.put(output, execution)
        return None
    if job.state == "canceled":
        raise await canceled(call, job)
    if job.state == "failure":
        raise await failed(call, job)
    value = await call.work(execution.result)
    attributes = {"job_id": job.id, "path": job.path, "hash": job.hash}
    shown = results.present(value, autoframe=call.session.settings.autoframe, attributes=attributes, job=job)
    call.put(output, shown)
    return shown


async def canceled(call: Call, job: Job) -> FlexwmError:
    """The error of a job that somebody cancelled."""
    why = f": {job.canceled_reason}" if job.canceled_reason else ""
    by = f" by {job.canceled_by}" if job.canceled_by else ""
    text = f"cancelled{by}{why}" if call.session.face == "plain" else f"cancelled{by} (job {short(job.id)}){why}"
    return shown_as(JobCanceled(text, job_id=job.id, by=job.canceled_by, reason=job.canceled_reason), lambda: [text])
