"""A run on its stage: the widget that shows it, what its buttons do, and what is read for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.layout import modules, value_of
from flexwm_nb.display.logs import LogTail, own_lines
from flexwm_nb.display.widgets.log_buffer import LogBuffer
from flexwm_nb.display.wording import DONE, Headline, short
from flexwm_nb.errors import FlexwmError
from flexwm_nb.flows.cuts import cut_after
from flexwm_nb.stages import step_looks

if TYPE_CHECKING:
    from flexwm_nb.display.graph import Graph
    from flexwm_nb.display.live import LiveRun
    from flexwm_nb.display.run_view import RunView
    from flexwm_nb.display.widgets.graph import GraphWidget
    from flexwm_nb.display.widgets.run import RunWidget
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.flow_status import FlowStatus, StepRun
    from flexwm_nb.models.jobs import Job, JobUpdate
    from flexwm_nb.stages.host import Host

BY_BUTTON = "cancelled in the notebook"
BETWEEN = 0.5  # seconds between two looks at what is inside of loops and branches
TAIL = 200  # log lines of a step that was opened
FOLLOWED, LEFT, OVER = ("cancel", "detach"), ("cancel",), ("rerun",)


class Stage:
    """One run that a widget shows. Its widget is opened when it has gone on for a while."""

    ticks = False
    kind: type[RunWidget] | None = None  # what shows it, where that is not a notebook

    def __init__(self, host: Host, engine: Engine, execution: Execution, headline: Headline, document: Any) -> None:
        """Nothing is shown yet. `document` is a flow's."""
        self._host, self._engine, self._execution = host, engine, execution
        self._headline = headline
        self._document = value_of(document) if isinstance(document, Mapping) and document else None
        self._log, self._tail = LogBuffer(), LogTail(host.tail_lines)
        self._change = threading.Lock()
        self._due, self._is_looking = 0.0, False
        self._offset = 0
        self._status: FlowStatus | None = None
        self._job: Job | None = None
        self.detached = threading.Event()
        self.widget: RunWidget | None = None
        self._picture: GraphWidget | None = None

    def open(self, offered: tuple[str, ...]) -> RunWidget:
        """Make its widget."""
        from flexwm_nb.display.widgets.run import RunWidget

        acts: Mapping[str, Callable[[Any], None]] = {
            "cancel": self._cancel,
            "detach": lambda _: self.detached.set(),
            "rerun": self._rerun,
            "open": self._open_step,
            "upto": self._run_up_to,
            "approve": self._answer,
            "refuse": self._answer,
            "whole_log": self._whole_log,
        }
        actions = {name: self._later(act) for name, act in acts.items()}
        actions["detach"] = acts["detach"]
        widget = (self.kind or RunWidget)(
            self._headline,
            actions=actions,
            offered=offered,
            document=self._document,
            log=self._log,
            tail=self._tail,
        )
        self.widget = widget
        if self._status is not None:
            self.see_steps(self._status)
            self._status = None
        return widget

    def lives(self, live: LiveRun, headline: Headline) -> bool:
        """Show it when its time has come; whether it is shown."""
        if self.widget is None:
            if not live.is_due or not self._host.is_seen:
                return False
            from flexwm_nb.display.widgets.base import hears_clicks

            live.close()
            self._headline = headline
            self.open(FOLLOWED if hears_clicks() else ()).show()
        self.flush()
        return True

    def leave(self) -> None:
        """The cell does not wait for it any more: the watcher goes on."""
        if self.widget is not None:
            self.head(self._headline, LEFT)
            self.widget.settle()
            self.follow()

    def show_graph(self, graph: Graph) -> None:
        """Show a run's graph as it stood; its steps can be opened."""
        from flexwm_nb.display.widgets.graph import GraphWidget

        actions = {"open": self._later(self._open_step)}
        self._picture = GraphWidget(graph, job=self._execution.id, actions=actions)
        self._picture.show()

    def show(self, view: RunView, steps: list[StepRun]) -> None:
        """Show a run as it stood, with all that is known of it; one that goes on is followed."""
        self.show_in(view, steps, lambda widget: widget.show())

    def show_in(self, view: RunView, steps: list[StepRun], place: Callable[[RunWidget], object]) -> None:
        """The same, wherever `place` puts its widget."""
        over = () if not self._can_rerun(view.job) else OVER
        widget = self.open(over if view.job.done else LEFT)
        widget.feed(view.logs)
        widget.see(view)
        if steps:
            self._show_steps(steps)
        place(widget)
        if not view.job.done:
            self._offset = len(view.logs) + 1
            self.follow()

    def follow(self) -> None:
        """Let the watcher go on with it, from where its log has been read to."""
        stream = self._execution.events(log_offset=self._offset, steps=self._document is not None)
        self._host.watcher.follow(self, stream)

    def see(self, update: JobUpdate) -> None:
        """Take an update in."""
        self._offset = update.log_offset or self._offset
        self._job = update.job or self._job
        if isinstance(update.flow_status, Mapping):
            self._status = step_looks.read(update.flow_status)
        if self.widget is None:
            self._log.feed(update.new_logs or "")
            self._tail.feed(update.new_logs or "")
            return
        self.widget.feed(update.new_logs)
        if update.running and self._headline.state == "queued":
            self.head(self._headline.evolve(state="running", ran=None))
        if self._status is not None:
            self.see_steps(self._status)
            self._status = None

    def head(self, headline: Headline, offered: tuple[str, ...] | None = None) -> None:
        """Say how it stands."""
        self._headline = headline
        if self.widget is not None:
            self.widget.head(headline, offered)

    def see_steps(self, status: FlowStatus) -> None:
        """Say how its steps stand, and what it waits for."""
        widget = self.widget
        if widget is None:
            return
        widget.steps({**widget.looks, **step_looks.of(status, widget.looks)})
        waiting = step_looks.approval(status, self._document or {})
        widget.set(approval=waiting, **({"state": "suspended"} if waiting else {}))
        if waiting is None and not widget.is_over:
            widget.set(state=self._headline.state)
        self._look_inside()

    def _look_inside(self) -> None:
        """Read how the steps inside of loops and branches stand, and when what ran; not all the time."""
        with self._change:
            if self._is_looking:
                return
            self._is_looking = True
        wait = max(self._due - time.monotonic(), 0.0)
        timer = threading.Timer(wait, lambda: self._host.watcher.do(self._read_steps))
        timer.daemon = True
        timer.start()

    def _read_steps(self) -> None:
        self._is_looking = False
        self._due = time.monotonic() + BETWEEN
        widget = self.widget
        if widget is None or widget.closed:
            return
        try:
            steps = self._steps()
        except FlexwmError:  # the next look may find them
            return
        self._show_steps(steps)

    def _show_steps(self, steps: list[StepRun]) -> None:
        from flexwm_nb.display.widgets.timeline import timeline

        if self.widget is None:
            return
        known, found = self.widget.looks, step_looks.looks_of(steps, self._document)
        looks = {
            name: look if look.note or name not in known else replace(look, note=known[name].note)
            for name, look in found.items()
        }
        self.widget.steps({**looks, **step_looks.left_out(self._document or {}, looks)})
        self.widget.set(timeline=timeline(steps))

    def _steps(self) -> list[StepRun]:
        status = self._execution.flow_status()
        return self._execution.steps(nested=step_looks.can_look_inside(status))

    def flush(self) -> None:
        """Tell the page what the log has got."""
        if self.widget is not None:
            self.widget.flush()

    def end(self, job: Job) -> None:
        """It has ended, or waits: show its last state and leave that in the notebook."""
        if self.widget is None:
            return
        self.widget.finish_log()
        self.widget.know(job)
        self._headline = self._headline.ended(job)
        self._host.remember(self._headline)
        offered = () if job.done and not self._can_rerun(job) else OVER if job.done else LEFT
        if self._document is not None:
            with contextlib.suppress(FlexwmError):  # the engine is gone: they stay as they were seen last
                self._show_steps(self._steps())
            if job.done:
                self.widget.set(approval=None)
        self.head(self._headline, offered)
        self.widget.settle()

    def ended(self, error: BaseException | None) -> None:
        """The watcher read all of it. What kept it from that is said."""
        if self._job is not None:
            self.end(self._job)
        elif self.widget is not None and error is not None and self._headline.state not in DONE:
            text = str(error) if isinstance(error, FlexwmError) else "its end could not be read"
            self.widget.set(notice=f"{text} · %windmill_attach {short(self._execution.id)} looks again", actions=[])

    def _later(self, act: Callable[[Any], None]) -> Callable[[Any], None]:
        """Do what a button asks for on a thread that may wait; say what went wrong."""

        def work(message: Any) -> None:
            try:
                act(message)
            except FlexwmError as error:
                if self.widget is not None:
                    self.widget.set(notice=None)
                    self.widget.set(notice=str(error))

        return lambda message: self._host.watcher.do(lambda: work(message))

    def _cancel(self, message: Any) -> None:
        self._execution.cancel(BY_BUTTON)

    def _whole_log(self, message: Any) -> None:
        from flexwm_nb.display.widgets.log_buffer import whole

        if self.widget is not None:
            self.widget.send({"log": whole(self._engine.executions.logs(self._execution.id))})

    def _can_rerun(self, job: Job) -> bool:
        return bool(job.path) and job.kind in ("script", "flow")

    def _rerun(self, message: Any) -> None:
        job = self._engine.executions.get(self._execution.id)
        given = dict(job.arguments) if isinstance(job.arguments, Mapping) else {}
        if job.kind == "flow":
            self._begin(self._engine.flows.submit(str(job.path), given))
        else:
            self._begin(self._engine.executions.submit(f"{job.path}@{job.hash}", given))

    def _run_up_to(self, message: Any) -> None:
        """Run the flow's first steps up to one."""
        job = self._engine.executions.get(self._execution.id)
        given = dict(job.arguments) if isinstance(job.arguments, Mapping) else {}
        step = str(message.get("step"))
        value = cut_after(self._document or {}, step)
        started = self._engine.flows.preview({"value": value}, given, path=job.path, check=False)
        self._begin(started, f"only up to {step}")

    def _begin(self, execution: Execution, *notes: str) -> None:
        """Show another run in the place of this one."""
        self._execution, self._offset, self._job = execution, 0, None
        self.detached.clear()
        headline = self._headline.evolve(job_id=execution.id, state="queued", ran=None, queued=None, notes=notes)
        self._headline = headline
        self._host.started(self._engine, headline)
        if self.widget is not None:
            self.widget.begin(self._headline, LEFT)
            self.follow()

    def _answer(self, message: Any) -> None:
        """Approve, or refuse, what the flow waits for."""
        send = self._execution.approve if message.get("act") == "approve" else self._execution.disapprove
        send(message.get("value"))

    def _open_step(self, message: Any) -> None:
        """Read what a step was given, what it gave and what it said."""
        name = str(message.get("step"))
        node = self._step(name)
        for widget in (self.widget, self._picture):
            if widget is not None:
                widget.set(node=node)

    def _step(self, name: str) -> dict[str, Any]:
        from flexwm_nb.display.widgets.values import described

        inner = step_looks.alone(self._document or {})
        matching = [step for step in self._steps() if step_looks.name_of(step.step, inner) == name]
        found = next((step for step in matching if step.state == "failure"), matching[-1] if matching else None)
        job_id = short(self._execution.id)
        commands = [["copy replay", f"%windmill_replay {job_id} {name}"]]
        if self._is_outer(name):
            commands.append(["copy restart", f"%windmill_restart {job_id} --from {name}"])
        node: dict[str, Any] = {
            "step": name,
            "commands": commands,
            "upto": self.widget is not None and self._is_outer(name),
        }
        if found is None or found.job is None:
            return {**node, "commands": [], "notice": "it has not run in this run"}
        job = self._engine.executions.get(found.job)
        lines = own_lines(self._engine.executions.logs(found.job)) if job.flow_status is None else []
        node |= {"worker": found.worker, "log": lines[-TAIL:], "error": found.error}
        if isinstance(job.arguments, Mapping) and job.arguments:
            node["input"] = described(dict(job.arguments))
        if job.state == "success":
            node["result"] = described(self._engine.executions.attach(found.job).result())
        return node

    def _is_outer(self, name: str) -> bool:
        return any(module.get("id") == name for module in modules((self._document or {}).get("modules")))
