"""The living table of %windmill_jobs: what the page asks for, read from the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.display import frames
from flexwm_nb.display.widgets.jobs import JobsWidget
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics.awaiting import Blocking, finish
from flexwm_nb.magics.commands import ListJobs, OneJob
from flexwm_nb.magics.flow_watch import steps_of
from flexwm_nb.magics.jobs import headline_of, windmill_job
from flexwm_nb.magics.session import Call
from flexwm_nb.stages.stage import BY_BUTTON

if TYPE_CHECKING:
    from flexwm_nb.display.widgets.stacked import Stacked
    from flexwm_nb.engine import Engine
    from flexwm_nb.models.jobs import Job

MOST = 500  # runs shown at once; further on, the newest ones make room
LOOKED_AT = 20  # older runs that go on, asked for one by one
BETWEEN_STATES = frozenset({"queued", "running"})


class JobsTable:
    """Reads pages of runs by their time of creation, so that a page of many thousands costs what the first one does."""

    def __init__(self, call: Call, engine: Engine, command: ListJobs, found: Sequence[Job], size: int) -> None:
        """Nothing is shown yet. `found` is the first page, of `size` runs."""
        self._call = replace(call, pace=Blocking())
        self._engine, self._command, self._size = engine, command, size
        self._first = list(found)
        self._text, self._state = "", command.state
        self._left = 0  # of the first ones, that made room
        self._is_oldest_first = False
        self._change = threading.Lock()

    def show(self) -> None:
        """Show it."""
        names = ("refresh", "filter", "order", "more", "newest", "open", "cancel", "rerun")
        actions = {name: self._later(getattr(self, f"_{name}")) for name in names}
        self._widget = JobsWidget(self._first, self._frame, actions=actions)
        self._widget.set(more=len(self._first) >= self._size, filter={"text": "", "state": self._state or ""})
        self._widget.show()

    def _frame(self, found: Sequence[Job]) -> Any:
        return frames.jobs(found, workspace=self._engine.client.endpoint.workspace)

    def _later(self, act: Callable[[Mapping[str, Any]], None]) -> Callable[[Mapping[str, Any]], None]:
        """Do what a page asks for on a thread that may wait, one thing after the other; say what went wrong."""

        def work(message: Mapping[str, Any]) -> None:
            with self._change:
                try:
                    act(message)
                    if message.get("act") != "refresh":
                        self._widget.set(notice=None)
                except FlexwmError as error:
                    self._widget.set(notice=str(error))

        return lambda message: self._call.session.desk.watcher.do(lambda: work(message))

    def _page(self, **more: Any) -> list[Job]:
        text = {"broad_filter": self._text} if self._text else {}
        named: dict[str, Any] = {"path": self._command.path, "state": self._state, "per_page": self._size, **text}
        named["oldest_first"] = self._is_oldest_first
        return self._engine.executions.list(**{**named, **more})

    def _refresh(self, message: Mapping[str, Any]) -> None:
        """Read what is new where it is shown, and those of the others that went on."""
        if self._is_oldest_first:
            self._refresh_oldest()
            return
        page = [] if self._left else self._page()
        new = {job.id: job for job in page}
        if self._left:
            kept = self._widget.found
        elif len(page) < self._size:
            kept = []
        else:
            kept = [job for job in self._widget.found if job.id not in new and _is_older(job, page[-1])]
        found = [*page, *self._now(kept)]
        most = max(MOST, self._size)
        self._widget.see(found[:most], **({"more": True} if len(found) > most else {}))

    def _refresh_oldest(self) -> None:
        """What is new comes last there."""
        self._widget.see(self._now(self._widget.found))
        if not self._widget.whole()["more"]:
            self._more({}) if self._widget.found else self._newest({})

    def _now(self, found: Sequence[Job]) -> list[Job]:
        """These as they stand now."""
        going = [job for job in found if job.state in BETWEEN_STATES][:LOOKED_AT]
        now = {job.id: self._engine.executions.get(job.id) for job in going}
        return [now.get(job.id, job) for job in found]

    def _filter(self, message: Mapping[str, Any]) -> None:
        """Show those whose path has a text in it, or that are in a state."""
        self._text = str(message.get("text") or "")
        self._state = str(message.get("state") or "") or None
        self._newest(message)

    def _order(self, message: Mapping[str, Any]) -> None:
        """Show all runs the other way round, from their first page."""
        self._is_oldest_first = bool(message.get("oldest"))
        self._widget.set(oldest=self._is_oldest_first)
        self._newest(message)

    def _newest(self, message: Mapping[str, Any]) -> None:
        """Show the first page."""
        page = self._page()
        self._left = 0
        chosen = {"text": self._text, "state": self._state or ""}
        self._widget.see(page, more=len(page) >= self._size, left=0, filter=chosen)

    def _more(self, message: Mapping[str, Any]) -> None:
        """Show those that come next in order: older ones, or newer ones."""
        found = self._widget.found
        if not found:
            return
        last = found[-1].created_at
        at_once = {job.id for job in found if job.created_at == last}  # a page begins with these once more
        bound = "created_after" if self._is_oldest_first else "created_before"
        page = self._page(**{bound: last}, per_page=self._size + len(at_once))
        fresh = [job for job in page if job.id not in at_once]
        shown = [*found, *fresh][-max(MOST, self._size) :]
        self._left += len(found) + len(fresh) - len(shown)
        self._widget.see(shown, more=len(fresh) >= self._size, left=self._left)

    def _cancel(self, message: Mapping[str, Any]) -> None:
        self._engine.executions.cancel(str(message.get("job")), reason=BY_BUTTON)
        self._refresh(message)

    def _open(self, message: Mapping[str, Any]) -> None:
        """Show a run below the table."""
        open_below(self._call, self._engine, self._widget, str(message.get("job")))

    def _rerun(self, message: Mapping[str, Any]) -> None:
        """Start a run again with its arguments, and show the new one below."""
        job = self._engine.executions.get(str(message.get("job")))
        given = dict(job.arguments) if isinstance(job.arguments, Mapping) else {}
        if job.kind == "flow":
            execution = self._engine.flows.submit(str(job.path), given)
        else:
            execution = self._engine.executions.submit(f"{job.path}@{job.hash}", given)
        self._call.session.desk.started(self._engine, headline_of(self._call, execution.job()))
        self._refresh(message)
        self._open({"job": execution.id})


def open_below(call: Call, engine: Engine, widget: Stacked, job_id: str) -> None:
    """Show a run below a widget. `call` blocks."""
    view = finish(windmill_job(call, OneJob(magic="windmill_job", job=job_id)))
    execution = engine.executions.attach(job_id)
    is_flow = view.job.flow_status is not None
    steps = finish(steps_of(call, execution)) if is_flow else []
    stage = call.session.desk.stage(engine, execution, headline_of(call, view.job), view.job.raw_flow)
    widget.set(open=job_id)
    stage.show_in(view, steps, widget.begin)


def _is_older(job: Job, than: Job) -> bool:
    return job.created_at is not None and than.created_at is not None and job.created_at <= than.created_at
