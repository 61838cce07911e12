"""The worker: slots that jobs run in, filled as soon as one is free. Nothing here polls.

A job that finds a free slot is stored as claimed already, in the transaction that submits it, and starts right after
the commit. A finishing job's slot takes the next due job in the transaction that stores the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.errors import StoreError
from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.jobs import outcomes
from flexwm_nb.server.jobs.environment import WORKER_GROUP
from flexwm_nb.server.jobs.queue import RESTARTS, SECOND, Cancelled, DuplicateJob
from flexwm_nb.server.jobs.records import FLOWS, Ending, Job, Status
from flexwm_nb.server.jobs.run import HOST, Run
from flexwm_nb.server.schedules import scheduler

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

LONGEST_TIMER = 60.0  # seconds; the clock may be set meanwhile, so look again
STORE_RETRY = 1.0  # seconds until an end that could not be stored is stored again
CLAIMED_AT_ONCE = 32  # jobs in one transaction

log = logging.getLogger(__name__)


class Worker:
    """Runs the store's jobs."""

    def __init__(self, context: Context) -> None:
        """Prepare; `start` takes up work."""
        workers = context.settings.workers
        self._context, self._queue = context, context.queue
        self._signals = context.logs.signals
        self._slots = deque(f"wk-{WORKER_GROUP}-{HOST}-{number}" for number in range(1, workers + 1))
        self._reserve = deque(f"wk-{WORKER_GROUP}-{HOST}-{number}n" for number in range(1, workers + 1))
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiters: dict[str, list[asyncio.Future[Ending]]] = {}
        self._asked_at: dict[str, int] = {}  # slot -> `_submitted` when a job was looked for
        self._backlog = False  # whether a claim may find something
        self._submitted = 0  # jobs that came to wait
        self._claiming = False
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0

    @property
    def names(self) -> list[str]:
        """The slots, those in use included."""
        return sorted({*self._slots, *(run.job.worker or "" for run in self._runs.values())})

    @property
    def running(self) -> int:
        """Jobs that run now."""
        return len(self._runs)

    @property
    def draining(self) -> bool:
        """Whether nothing more is to start."""
        return self._draining

    def runs(self, job_id: str) -> bool:
        """Whether that job runs now."""
        return job_id in self._runs

    async def start(self) -> None:
        """Settle what an earlier server left, then take up what waits."""
        left = await self._queue.recover()
        await self._context.database.write(scheduler.restore)
        moment = render_time(now())
        for job in left.restart:
            note = f"\nRestarted job {job.id}: the engine stopped while it ran, back since {moment}"
            self._context.logs.leave_note(job.id, f"{note} ({job.attempt}/{RESTARTS} attempts)\n\n")
        for job in left.exhausted:
            await self._settle(job, "failure", outcomes.worn_out(job.attempt))
        for job in left.cancelled:
            by, reason = job.canceled_by or "", job.canceled_reason or outcomes.NO_REASON
            await self._settle(job, "canceled", outcomes.canceled(by, reason))
        await self._context.flows.recover()
        self.arm(now())
        self.wake()

    async def _settle(self, job: Job, status: Status, result: str) -> None:
        """Complete a job that does not run any more."""
        ending = Ending(
            status=status,
            result=result,
            completed_at=now(),
            duration_ms=max(now() - (job.started_at or now()), 0) // 1_000,
            canceled_by=job.canceled_by,
            canceled_reason=job.canceled_reason,
        )
        above = self._context.flows.find(job.parent_job) if job.is_flow_step else None
        if above is None:
            await self._queue.finish(job, ending)
        else:
            await self._context.flows.step_ended(above, job, ending, None)

    async def submit(self, job: Job) -> None:
        """Store a job, and start it at once where a slot is free. Raises DuplicateJob or StoreError."""
        if job.id in self._runs or self._context.flows.goes_on(job.id):
            raise DuplicateJob(job.id)
        slot = self._slot_for(job)
        if slot is not None and job.is_flow:
            await self._context.flows.submit(job, slot)
            self._follow_schedule(job)
            return
        if slot is not None:
            await self._submit_running(replace(job, attempt=1, worker=slot, started_at=now()))
            return
        await self._queue.submit(job)
        if job.scheduled_for > now():
            self.arm(job.scheduled_for)
        else:
            self.wake()

    async def submit_all(self, jobs: Sequence[Job]) -> None:
        """Store many jobs at once, and start as many as there are free slots. Raises StoreError."""
        await self._queue.submit_all(jobs)
        if jobs and (due := max(job.scheduled_for for job in jobs)) > now():
            self.arm(due)
        self.wake()

    async def _submit_running(self, job: Job) -> None:
        """Store a job that has a slot; its process gets ready meanwhile, and begins when the job is stored."""
        run = Run(self._context, job)
        run.prepare()
        try:
            await self._queue.submit(job)
        except BaseException:
            self._context.logs.close(job.id, stored=False)
            self.free(job.worker)
            await run.discard()
            raise
        self.begin(run)

    def _slot_for(self, job: Job) -> str | None:
        """A slot for a new job that nothing due is before. A running job's child may use the reserve.

        Otherwise jobs that wait for jobs which they start could fill every slot, for ever.
        """
        if self._draining or job.suspend or job.scheduled_for > now():
            return None
        if self._slots and not self._backlog:
            return self._slots.popleft()
        if job.parent_job in self._runs and self._reserve:
            return self._reserve.popleft()
        return None

    def free(self, slot: str | None) -> None:
        """Give a slot back."""
        if slot is not None:
            (self._reserve if slot.endswith("n") else self._slots).append(slot)

    def begin(self, run: Run) -> None:
        """Run a claimed job."""
        self._runs[run.job.id] = run
        task = asyncio.ensure_future(self._see_through(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._follow_schedule(run.job)

    async def _see_through(self, run: Run) -> None:
        """Run a job, store its end, and hand its slot on."""
        self._signals.notify(run.job.id)
        began, metrics = now(), self._context.metrics
        metrics.started(run.job.scheduled_for, began)
        ending = await run.execute()
        metrics.ended(ending.status, run.job.language or run.job.kind, (now() - began) / SECOND)
        above = self._context.flows.find(run.job.parent_job) if run.job.is_flow_step else None
        if above is not None:
            await self._context.flows.step_ended(above, run.job, ending, run.job.worker)
            self._let_go(run.job.id, stored=False)
            return
        wanted = self.wanted(run.job.worker)
        won, claimed = await self._store(run.job, ending, wanted)
        self._let_go(run.job.id, stored=won and ending.log is not None)
        if won:
            self.tell(run.job.id, ending)
        self._follow_schedule(run.job)
        self.hand_on(run.job.worker, claimed, asked=bool(wanted))

    def _let_go(self, job_id: str, *, stored: bool) -> None:
        """That job does not run here any more."""
        self._runs.pop(job_id, None)
        self._context.logs.close(job_id, stored=stored)

    def wanted(self, slot: str | None, *, sure: bool = False) -> list[str]:
        """The slot, if the next job is to be claimed for it; `sure` tells that one waits."""
        if slot is None or self._draining or slot.endswith("n") or not (sure or self._backlog):
            return []
        self._asked_at[slot] = self._submitted
        return [slot]

    def hand_on(self, slot: str | None, claimed: list[Job], *, asked: bool) -> None:
        """Begin the jobs that were claimed for a slot, or give it back; `asked` tells that some were looked for."""
        for job in claimed:
            self._begin_claimed(job)
        if not claimed:
            self.free(slot)
            if asked and self._asked_at.get(slot or "") == self._submitted:
                self._backlog = False
        if self._backlog:
            self._claim()

    def _begin_claimed(self, job: Job) -> None:
        """Run a job that was claimed: by a process, or by interpreting it."""
        if not job.is_flow:
            self.begin(Run(self._context, job))
            return
        task = asyncio.ensure_future(self._context.flows.begin(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._follow_schedule(job)

    def take_slot(self) -> str | None:
        """A free slot that nobody waits for, if there is one."""
        return self._slots.popleft() if self._slots and not self._backlog and not self._draining else None

    async def _store(self, job: Job, ending: Ending, then: list[str]) -> tuple[bool, list[Job]]:
        """Store an end, again and again while the store refuses it: a full disk may have room later."""
        told = False
        while True:
            try:
                return await self._queue.finish(job, ending, then=then)
            except StoreError as error:
                log.error("the end of job %s cannot be stored yet: %s", job.id, error)
                if (live := self._context.logs.live(job.id)) is not None and not told:
                    live.append(f"\nThe job has ended, but its end cannot be stored yet. {error}")
                told = True
                await asyncio.sleep(STORE_RETRY)

    def tell(self, job_id: str, ending: Ending) -> None:
        """Tell everybody who waits for a job that its end is stored."""
        if job_id in self._runs:
            self._let_go(job_id, stored=ending.log is not None)
        for future in self._waiters.pop(job_id, ()):
            if not future.done():
                future.set_result(ending)
        self._signals.notify(job_id)

    def ended(self, job_id: str) -> asyncio.Future[Ending]:
        """The end of a job, as soon as it is stored. Take it before the job is submitted."""
        future: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(job_id, []).append(future)
        return future

    def forget(self, job_id: str, future: asyncio.Future[Ending]) -> None:
        """Nobody waits for that end any more."""
        waiting = self._waiters.get(job_id, [])
        with suppress(ValueError):
            waiting.remove(future)
        if not waiting:
            self._waiters.pop(job_id, None)

    def wake(self) -> None:
        """Something due waits."""
        self._backlog = True
        self._submitted += 1
        self._claim()

    def _claim(self) -> None:
        """Have free slots filled, by one task at a time."""
        if self._slots and not self._draining and not self._claiming:
            self._claiming = True
            task = asyncio.ensure_future(self._fill())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fill(self) -> None:
        """Claim jobs while slots are free and something may wait."""
        try:
            while self._backlog and self._slots and not self._draining:
                slots = [self._slots.popleft() for _ in range(min(len(self._slots), CLAIMED_AT_ONCE))]
                before = self._submitted
                try:
                    claimed = await self._queue.claim(slots)
                except BaseException:
                    self._slots.extend(slots)
                    raise
                self._slots.extend(slots[len(claimed) :])
                for job in claimed:
                    self._begin_claimed(job)
                if len(claimed) < len(slots) and before == self._submitted:
                    self._backlog = False
        except StoreError as error:
            log.error("no job can be claimed: %s", error)
            asyncio.get_running_loop().call_later(STORE_RETRY, self.wake)
        finally:
            self._claiming = False

    def arm(self, moment: int) -> None:
        """Wake at that time, or at the one set before if that is sooner."""
        if self._timer is not None and self._timer_at <= moment:
            return
        if self._timer is not None:
            self._timer.cancel()
        delay = min(max(moment - now(), 0) / SECOND, LONGEST_TIMER)
        self._timer_at = moment
        self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _follow_schedule(self, job: Job) -> None:
        """Wait for the next tick of a schedule, which was stored with this job's start or end."""
        if job.schedule_path is not None:
            self.look_again()

    def _due(self) -> None:
        """Take up what has fallen due, and wait for the next."""
        self._timer = None
        task = asyncio.ensure_future(self._context.flows.look())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.look_again()

    def look_again(self) -> None:
        """Take up what is due and wait for what will be: the store may hold jobs that this worker does not know of."""
        for name in ("jobs_next_due", "flow_runs_next_late", "flow_runs_next_outdated"):
            row = self._context.database.one(name, now=now())
            if row is not None and row["moment"] is not None:
                self.arm(row["moment"])
        self.wake()

    async def cancel(self, workspace: str, job_id: str, *, by: str, reason: str | None) -> Cancelled:
        """End a job and the jobs that it started: a waiting one now, a running one by ending its process."""
        why, flows = reason or outcomes.NO_REASON, self._context.flows
        state = self._context.database.one("jobs_state", id=job_id, workspace=workspace)
        waits = state is not None and state["status"] == "queued" and state["is_flow_step"]
        if state is not None and waits and await flows.end_waiting(state, by, why):
            return Cancelled.ENDS
        result = outcomes.canceled(by, why)
        found, row = await self._queue.cancel(workspace, job_id, by=by, reason=why, result=result)
        if found is Cancelled.ENDS:
            self.tell(job_id, Ending(status="canceled", result=result, completed_at=now()))
            self.look_again()
        elif found is Cancelled.RUNS and (run := self._runs.get(job_id)) is not None:
            run.cancel(by, why)
        elif found is Cancelled.RUNS:
            await flows.mark_canceled(job_id, by, why)
        if row is not None and found is not Cancelled.ENDED:
            await self._cancel_all(workspace, self._children(job_id), by, why)
            if row["kind"] in FLOWS and found is Cancelled.RUNS:
                await flows.end_if_idle(job_id)
        return found

    def _children(self, job_id: str) -> Iterable[str]:
        return [row["id"] for row in self._context.database.read("jobs_waiting_children", id=job_id)]

    async def _cancel_all(self, workspace: str, jobs: Iterable[str], by: str, reason: str) -> None:
        for job_id in jobs:
            await self.cancel(workspace, job_id, by=by, reason=reason)

    async def force_cancel(self, workspace: str, job_id: str, *, by: str, reason: str | None) -> Cancelled:
        """As `cancel`, but what runs is completed at once, whatever its process does; of a flow, the whole."""
        row = self._context.database.one("jobs_state", id=job_id, workspace=workspace)
        whole = job_id if row is None or not row["is_flow_step"] else row["root_job"] or job_id
        found = await self.cancel(workspace, whole, by=by, reason=reason)
        left = [run for run in self._runs.values() if whole in (run.job.id, run.job.root_job)]
        for run in left if found is Cancelled.RUNS else ():
            ended = self.ended(run.job.id)
            run.force(by, reason or outcomes.NO_REASON)
            await ended
        return found

    def stream(self, job_id: str) -> str:
        """What a running job has streamed of its result so far."""
        run = self._runs.get(job_id)
        return "" if run is None else run.stream

    def notify(self, job_id: str) -> None:
        """Wake those who follow a job."""
        self._signals.notify(job_id)

    async def drain(self, seconds: float) -> None:
        """Start nothing more, let running jobs end for that long, then end the others and requeue them."""
        self._draining = True
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        left = list(self._runs.values())
        await self._queue.requeue([run.job for run in left])
        for run in left:
            note = f"\nRestarted job {run.job.id}: the engine was told to stop while it ran\n\n"
            run.kill()
            self._context.logs.close(run.job.id, stored=False)
            self._context.logs.leave_note(run.job.id, note)


def describe(run: Run) -> dict[str, Any]:
    """A running job for the list of workers."""
    return {"worker": run.job.worker, "job": run.job.id, "started_at": run.job.started_at}
