"""Transitions that follow one from another, stored together: a step ends, so its loop's iteration ends, so the next
iteration begins, and its first step. Nothing is ever between two steps in the store.
"""

from __future__ import annotations

import json
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.flows import flow_jobs, flow_run, restarts
from flexwm_nb.server.flows.answers import Answers
from flexwm_nb.server.flows.flow_run import FlowRun
from flexwm_nb.server.interpreter import state
from flexwm_nb.server.interpreter.advance import advance
from flexwm_nb.server.interpreter.draft import Draft, error
from flexwm_nb.server.interpreter.messages import (
    Command,
    Ended,
    Event,
    Finish,
    KeepItems,
    Park,
    Push,
    Release,
    SetArguments,
    Started,
    Unevaluated,
)
from flexwm_nb.server.jobs import queue
from flexwm_nb.server.jobs.job_ids import new_id
from flexwm_nb.server.jobs.records import Ending, Job, Status
from flexwm_nb.server.schedules import scheduler
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.web.failures import Failure

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

DEEPEST = 200  # flows inside one another
TOO_DEEP = "Flow {} stands more than {} flows deep. Does it start itself, or another one that starts it?"
LONGEST = 64  # transitions in one chain; what follows is queued
SECOND = 1_000_000  # microseconds
MILLISECOND = 1_000  # microseconds

UNFORESEEN = "the engine could not go on with this flow; its log (server.log) tells more"

log = logging.getLogger(__name__)

Write = Callable[[Transaction], None]


class Lost(Exception):
    """The job whose end began the chain is somebody else's by now: nothing of the chain is stored."""


class Chain:
    """The transitions, and what is to be stored and started after them."""

    def __init__(self, context: Context, runs: dict[str, FlowRun], slot: str | None) -> None:
        """Begin with a free slot, or none; `runs` holds the runs that go on."""
        self._context, self._runs = context, runs
        self._answers = Answers(context, runs)
        self._events: deque[tuple[FlowRun, Event]] = deque()
        self._writes: list[Write] = []
        self.touched: dict[str, FlowRun] = {}
        self._transitions = 0
        self.slot = slot
        self.held: list[FlowRun] = []  # whose locks it holds
        self.started: Job | None = None  # the job that has the slot
        self.queued = False  # whether it pushed what waits for a slot
        self.due: list[int] = []  # when what it pushed falls due
        self.ended: list[tuple[str, Ending]] = []
        self.later: list[tuple[FlowRun, Job, Ending]] = []  # ends that are the next chains' business
        self.over: list[FlowRun] = []

    def write(self, change: Write) -> None:
        """Have something stored."""
        self._writes.append(change)

    def result(self, job_id: str, result: str, arguments: str) -> None:
        """Tell what a job returned and was given that is not stored yet."""
        self._answers.fresh[job_id], self._answers.given[job_id] = result, arguments

    def add_event(self, run: FlowRun, event: Event) -> None:
        """Have an event carried out."""
        self._events.append((run, event))

    async def run(self) -> None:
        """Carry out the events and all that follows from them."""
        while self._events:
            run, event = self._events.popleft()
            current = await self._hold(run)
            if current is not None:
                await self._transition(current, event)
        self._writes.extend(_status_of(run) for run in self.touched.values())

    async def _hold(self, run: FlowRun) -> FlowRun | None:
        """Have a run for this chain alone, until it is stored; as it is now, None when it has ended meanwhile."""
        current: FlowRun | None = run
        while current is not None and current not in self.held:
            await current.lock.acquire()
            self.held.append(current)
            current = self._context.flows.find(run.job.id)
        return current

    async def _transition(self, run: FlowRun, event: Event) -> None:
        """Carry out one event. What goes wrong unforeseen ends the flow, which would stand still for ever else."""
        self._transitions += 1
        try:
            draft = await self._drafted(run, event)
        except Exception:
            log.exception("flow %s cannot go on", run.job.id)
            draft = run.draft(now(), new_id, random.random)
            draft.emit(Finish(status="failure", result=error("InternalErr", UNFORESEEN)))
        run.state = draft.state
        self.touched[run.job.id] = run
        self._carry_out(run, draft)

    async def _drafted(self, run: FlowRun, event: Event) -> Draft:
        """What the interpreter decides, its questions answered."""
        draft = run.draft(now(), new_id, random.random)
        asking = advance(draft, event)
        try:
            question = next(asking)
            while True:
                try:
                    answer = await self._answers.to(question, run, draft)
                except Unevaluated as problem:
                    question = asking.throw(problem)
                else:
                    question = asking.send(answer)
        except StopIteration:
            return draft

    def _carry_out(self, run: FlowRun, draft: Draft) -> None:
        if draft.status.type != "WaitingForEvents":
            run.suspend = run.suspend_until = None
        pushes = sum(isinstance(command, Push) for command in draft.commands)
        for command in draft.commands:
            if isinstance(command, Push):
                self._push(run, command, alone=pushes == 1)
            elif isinstance(command, Finish):
                self._finish(run, command)
            else:
                self._note(run, command)

    def _note(self, run: FlowRun, command: Command) -> None:
        """Commands that concern the flow's own record."""
        job_id = run.job.id
        if isinstance(command, KeepItems):
            run.items = command.items
            items = json.dumps(command.items, ensure_ascii=False)
            self.write(lambda transaction: _run(transaction, "flow_runs_keep_items", id=job_id, items=items))
        elif isinstance(command, Park):
            run.suspend = command.count
            if command.seconds >= 0:
                run.suspend_until = now() + command.seconds * SECOND
                self.due.append(run.suspend_until)
        elif isinstance(command, Release):
            self.queued = True
            self.write(lambda transaction: _run(transaction, "flow_runs_release", flow=job_id))
        elif isinstance(command, SetArguments):
            run.set_arguments(command.arguments)
            arguments = command.arguments
            self.write(lambda transaction: _run(transaction, "flow_runs_set_arguments", id=job_id, arguments=arguments))
            self.write(lambda transaction: _run(transaction, "flow_runs_preprocessed", id=job_id))

    def _push(self, run: FlowRun, push: Push, *, alone: bool) -> None:
        moment = now()
        job = flow_jobs.make(push, run.job, moment)
        if job.is_flow and (place := restarts.below(run.state, push.step_id, push.place)) is not None:
            try:
                job = replace(job, flow_status=self._taken_up(job, run, place))
            except Failure as failure:
                push = replace(push, outcome=(False, error("InternalErr", failure.text)))
        if push.delete_after is not None and run.above is None:
            kept = run.state.cleanup_module.get("flow_jobs_to_clean", [])
            run.state = structs.replace(run.state, cleanup_module={"flow_jobs_to_clean": [*kept, job.id]})
        if push.outcome is not None and self._may_go_on(job, moment):
            self._push_ended(run, job, push.outcome)
            return
        if push.outcome is not None and not push.outcome[0]:  # it has failed already, but this chain is long enough
            job = replace(job, attempt=1, started_at=moment, worker=run.job.worker or job.tag)
            self.write(lambda transaction: queue.insert(transaction, job))
            self.later.append((run, job, Ending(status="failure", result=push.outcome[1], completed_at=moment)))
            return
        if alone and self.slot is not None and self._may_go_on(job, moment):
            job = replace(job, attempt=1, worker=self.slot, started_at=moment)
            if job.is_flow:
                self.begin(job, run)
                return
            self.started, self.slot = job, None
        elif job.scheduled_for > moment:
            self.due.append(job.scheduled_for)
        else:
            self.queued = True
        self.write(lambda transaction: queue.insert(transaction, job))

    def _taken_up(self, job: Job, run: FlowRun, place: dict[str, Any]) -> str:
        """The status of a flow inside of the run that is taken up where an older one stood. Raises Failure."""
        row = self._context.database.one("job_read", workspace=job.workspace_id, id=place["flow_job_id"])
        old = json.loads((row or {}).get("flow_status") or "{}")
        modules = flow_run.node_of(job, run)
        return json.dumps(restarts.initial_status(old, modules, place), ensure_ascii=False)

    def _may_go_on(self, job: Job, moment: int) -> bool:
        return job.scheduled_for <= moment and not job.suspend and self._transitions < LONGEST

    def _push_ended(self, run: FlowRun, job: Job, outcome: tuple[bool, str]) -> None:
        """A job that has its result already."""
        success, result = outcome
        columns = {**job.columns(), "status": "success" if success else "failure", "worker": run.job.worker}

        def change(transaction: Transaction) -> None:
            transaction.run("flow_runs_insert_ended", **columns)
            transaction.run("jobs_insert_input", **columns)
            transaction.run("jobs_insert_result", id=job.id, result=result)

        self.write(change)
        self.result(job.id, result, job.arguments)
        started = render_time(job.created_at)
        self._events.append((run, Ended(job=job.id, success=success, result=result, started_at=started, duration_ms=0)))

    def begin(self, job: Job, above: FlowRun | None, *, stored: bool = False) -> None:
        """Start a flow that has the slot: store it where it is not stored yet, and carry out its start."""
        if not stored:
            self.write(lambda transaction: queue.insert(transaction, job))
        kept = (
            self._context.database.one("jobs_cached", workspace=job.workspace_id, key=queue.cache_key(job), now=now())
            if job.cache_ttl
            else None
        )
        if kept is not None:
            self._conclude(job, above, "success", kept["result"])
            return
        if above is not None and above.depth >= DEEPEST:
            self._conclude(job, above, "failure", error("InternalErr", TOO_DEEP.format(job.path, DEEPEST)))
            return
        try:
            run = flow_run.begin(job, above)
        except Failure as failure:
            self._conclude(job, above, "failure", error("InternalErr", failure.text))
            return
        if job.schedule_path is not None and above is None:
            run.overlapping = scheduler.overlapping(self._context.database, job)
        run.log.append(f"job={job.id} tag={job.tag} worker={job.worker}\n")
        self._runs[job.id] = run
        self._events.append((run, Started()))

    def _conclude(self, job: Job, above: FlowRun | None, status: Status, result: str) -> None:
        """End a flow that is not interpreted: its result is known, or it cannot be read."""
        ending = Ending(status=status, result=result, completed_at=now())
        self._end(job, ending)
        if above is not None:
            self._events.append((above, _ended(job, ending, None)))

    def _end(self, job: Job, ending: Ending) -> None:
        self.ended.append((job.id, ending))
        self.result(job.id, ending.result, job.arguments)
        self.write(lambda transaction: finish(transaction, job, ending))
        if job.schedule_path is not None:
            self.due.append(ending.completed_at)  # its next tick is stored with its end: look when it falls due

    def _finish(self, run: FlowRun, command: Finish) -> None:
        """End a run, and tell the one above."""
        job, moment = run.job, now()
        if command.note:
            run.log.append(command.note + "\n")
        by, reason = run.canceled if command.status == "canceled" and run.canceled else (None, None)
        ending = Ending(
            status=command.status,  # type: ignore[arg-type]
            result=command.result,
            completed_at=moment,
            duration_ms=max(moment - (job.started_at or moment), 0) // MILLISECOND,
            canceled_by=by,
            canceled_reason=reason,
            log="".join(run.log),
        )
        self._end(job, ending)
        self.over.append(run)
        if run.items is not None:
            self.write(lambda transaction: _run(transaction, "flow_runs_drop_items", id=job.id))
        if run.above is None:
            self._clean(run)
            return
        self._events.append((run.above, _ended(job, ending, command if run.is_part else None)))

    def _clean(self, run: FlowRun) -> None:
        """Drop what is not to be kept beyond the flow's end."""
        if "delete_after" not in (run.job.raw_flow or ""):
            return
        flow, root = run.node.flow, run.job.id
        seconds = 0 if flow.delete_after_secs is None and flow.delete_after_use else flow.delete_after_secs

        def change(transaction: Transaction) -> None:
            transaction.run("flow_runs_date", id=root, seconds=seconds, now=now())
            clean(transaction)

        self.write(change)
        self.due.append(now() + SECOND)

    async def commit(self, first: Write | None, then: list[str]) -> list[Job]:
        """Store it all; the jobs claimed for these slots in the same transaction. Raises Lost or StoreError."""

        def change(transaction: Transaction) -> list[Job]:
            if first is not None:
                first(transaction)
            for write in self._writes:
                write(transaction)
            return queue.claim(transaction, then)

        claimed = await self._context.database.write(change)
        for run in self.touched.values():
            run.stored = run.state
        return claimed

    def close(self) -> None:
        """Let others have the runs."""
        for run in self.over:
            self._runs.pop(run.job.id, None)
        for run in self.held:
            run.lock.release()


def _ended(job: Job, ending: Ending, command: Finish | None) -> Ended:
    """The event of a flow's end for the one above it; `command` where it is a part of that one."""
    handled = command is not None and command.handled
    return Ended(
        job=job.id,
        success=ending.success and not handled,
        result=ending.result,
        started_at=render_time(job.started_at),
        duration_ms=ending.duration_ms,
        stop=None if command is None else command.stop,
        handled=handled,
    )


def step_ended(job: Job, ending: Ending) -> Ended:
    """The event of a step's end."""
    return _ended(job, ending, None)


def _status_of(run: FlowRun) -> Write:
    """Store the run's status as it is now."""
    over = run.state
    columns = {
        "id": run.job.id,
        "flow_status": state.compact(over),
        "suspend": run.suspend,
        "suspend_until": run.suspend_until,
    }
    return lambda transaction: _run(transaction, "flow_runs_set_status", **columns)


def _run(transaction: Transaction, name: str, **parameters: object) -> None:
    transaction.run(name, **parameters)


def finish(transaction: Transaction, job: Job, ending: Ending) -> None:
    """Store a job's end. Raises Lost when this attempt is not the job's any more."""
    if not queue.finish(transaction, job, ending):
        raise Lost(job.id)


def clean(transaction: Transaction) -> list[str]:
    """Empty the jobs whose content is not to be kept any longer; which they are."""
    found = [row["id"] for row in transaction.run("flow_runs_outdated", now=now())]
    for job_id in found:
        for name in ("flow_runs_clean_input", "flow_runs_clean_result", "flow_runs_clean_log", "flow_runs_cleaned"):
            transaction.run(name, id=job_id)
    return found
