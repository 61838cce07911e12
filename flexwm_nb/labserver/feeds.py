"""Runs that pages follow: each is a stage as in a notebook, whose widget writes into a stream, not a kernel's comm."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.logs import LogTail
from flexwm_nb.display.run_view import RunView
from flexwm_nb.display.widgets.run import RunWidget
from flexwm_nb.display.wording import Headline
from flexwm_nb.engine import Engine
from flexwm_nb.errors import FlexwmError, NotFound
from flexwm_nb.labserver.engines import Engines, Found, describe
from flexwm_nb.stages.stage import Stage
from flexwm_nb.stages.watcher import Watcher

if TYPE_CHECKING:
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.jobs import Job

Message = dict[str, Any]
TAIL = 10  # log lines of a picture, which no page asks for
WAITING = 1_000  # messages after which a page that does not read them is let go


class Place:
    """Where the stages stand: one watcher follows all runs."""

    is_seen = True
    tail_lines = TAIL

    def __init__(self) -> None:
        """Nothing is followed yet."""
        self.watcher = Watcher()

    def remember(self, headline: Headline) -> None:
        """A page remembers by itself."""

    def started(self, engine: Engine, headline: Headline) -> None:
        """The run is no notebook's."""


class Streamed(RunWidget):
    """A run's widget whose messages go into a stream."""

    into: Callable[[Message], None] | None = None

    def stream(self, into: Callable[[Message], None]) -> None:
        """Write into a stream from now on, first all that is known."""
        self.act({"act": "hello"})
        with self._change:
            into({"set": self.whole()})
            self.into = into

    def send(self, content: Any, buffers: Any = None) -> None:
        """Hand a message on."""
        if self.into is not None:
            self.into(content)

    def show(self) -> None:
        """There is no output to put it into."""

    def settle(self) -> None:
        """There is no notebook to keep a picture."""


class Feed:
    """One page that follows one run. Its messages are read from `next`."""

    def __init__(self, engine: Engine, job: str, place: Place) -> None:
        """Nothing is read yet; made in the event loop."""
        self._engine, self._job, self._place = engine, job, place
        self._loop = asyncio.get_running_loop()
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._stage: _FedStage | None = None

    async def open(self) -> None:
        """Read how the run stands, and follow it. Raises FlexwmError."""
        await asyncio.to_thread(self._open)

    async def next(self) -> Message | None:
        """The next message; None for a page that is let go since it does not read them."""
        return None if self._messages.qsize() > WAITING else await self._messages.get()

    def act(self, message: Message) -> None:
        """Do what a button of the page asks for."""
        if self._stage is not None and self._stage.widget is not None:
            self._stage.widget.act(message)

    def close(self) -> None:
        """Say nothing any more."""
        if self._stage is not None and isinstance(self._stage.widget, Streamed):
            self._stage.widget.into = None

    def _open(self) -> None:
        execution = self._engine.executions.attach(self._job)
        view = read_view(self._engine, execution)
        job = view.job
        stage = self._stage = _FedStage(self._place, self._engine, execution, headline_of(job), job.raw_flow)
        stage.kind, stage.at_end = Streamed, lambda: self._put({"end": True})
        stage.at_break = lambda error: self._put({"broken": describe(error)})
        steps = execution.steps(nested=True) if isinstance(job.flow_status, Mapping) else []
        stage.show(view, steps)
        widget = stage.widget
        assert isinstance(widget, Streamed)
        widget.stream(self._put)
        if job.done:
            self._put({"end": True})

    def _put(self, message: Message) -> None:
        self._loop.call_soon_threadsafe(self._messages.put_nowait, message)


class _FedStage(Stage):
    """A stage that says when nothing more comes."""

    at_end: Callable[[], None] | None = None
    at_break: Callable[[FlexwmError], None] | None = None

    def ended(self, error: BaseException | None) -> None:
        """Its run was read to the end: show its result or error too, which a notebook has as an output of its own.

        Where the engine has gone before that, the page is told, and comes again.
        """
        job = self._job
        if isinstance(error, FlexwmError) and self.at_break is not None and not (job is not None and job.done):
            self.at_break(error)
            return
        super().ended(error)
        if job is not None and job.done and self.widget is not None:
            with suppress(FlexwmError):  # the engine is gone: it stays as it was seen last
                self.widget.see(read_view(self._engine, self._execution))
        if self.at_end is not None:
            self.at_end()


class Feeds:
    """All pages that follow runs, and the engines that they follow them on."""

    def __init__(self, engines: Engines) -> None:
        """Nobody follows anything yet."""
        self._engines, self._place = engines, Place()
        self._opened: dict[str, Engine] = {}
        self._open: dict[tuple[str, str], list[Feed]] = {}
        self._change = threading.Lock()

    async def begin(self, name: str, job: str) -> Feed:
        """Follow a run for a page. Raises FlexwmError."""
        for attempt in (1, 2):
            engine = await self._engine(name)
            feed = Feed(engine, job, self._place)
            try:
                await feed.open()
                break
            except NotFound:
                raise
            except FlexwmError:
                with self._change:
                    self._opened.pop(name, None)
                if attempt == 2:
                    raise
        self._open.setdefault((name, job), []).append(feed)
        return feed

    def end(self, name: str, job: str, feed: Feed) -> None:
        """A page has gone."""
        feed.close()
        left = [other for other in self._open.get((name, job), ()) if other is not feed]
        if left:
            self._open[name, job] = left
        else:
            self._open.pop((name, job), None)

    def act(self, name: str, job: str, message: Message) -> None:
        """Do what a button asks for, in each page that follows the run. Raises NotFound where none does."""
        feeds = self._open.get((name, job))
        if not feeds:
            raise NotFound("Nobody follows this job any more", remedy="Open it again")
        seen_by_all = message.get("act") in ("fold", "open")
        for feed in feeds if seen_by_all else feeds[-1:]:
            feed.act(message)

    async def _engine(self, name: str) -> Engine:
        endpoint = await self._engines.find(name)
        with self._change:
            known = self._opened.get(name)
        if known is not None and known.client.endpoint.url == endpoint.url:
            return known
        engine = await asyncio.to_thread(Engine.builder().with_backend(Found(endpoint)).build().start)
        with self._change:
            self._opened[name] = engine
        return engine


def headline_of(job: Job) -> Headline:
    """The line about a run of which no notebook knows more."""
    subject = job.path or f"{job.language or job.kind} preview"
    return Headline(subject=subject, language=job.language or "", job_id=job.id).ended(job)


def read_view(engine: Engine, execution: Execution) -> RunView:
    """All that is known of a run. Raises FlexwmError."""
    job = execution.job()
    logs = engine.executions.logs(job.id)
    tail = LogTail(TAIL)
    tail.feed(logs)
    tail.finish()
    error = job.error or {}
    said = f"{error.get('name') or 'Error'}: {error.get('message') or ''}".rstrip(": ").split("\n")
    stack = str(error.get("stack") or "").split("\n") if error.get("stack") else []
    return RunView(
        job=job,
        headline=headline_of(job),
        logs=logs,
        lines=tail.lines,
        hidden=tail.hidden,
        value=execution.result() if job.state == "success" else None,
        failure=[*stack, *said] if job.state == "failure" else [],
    )
