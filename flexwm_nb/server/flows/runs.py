"""The flows that go on: what happens to them, from the worker and from people, becomes chains of transitions."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from flexwm_nb.errors import StoreError
from flexwm_nb.server.clock import now
from flexwm_nb.server.flows import flow_chain, flow_run
from flexwm_nb.server.flows.flow_chain import Chain, Lost, Write
from flexwm_nb.server.flows.flow_run import FlowRun
from flexwm_nb.server.interpreter import state
from flexwm_nb.server.interpreter.messages import Canceled, Ended, Woken
from flexwm_nb.server.interpreter.state import FlowState
from flexwm_nb.server.jobs import outcomes
from flexwm_nb.server.jobs.records import FLOWS, Ending, Job
from flexwm_nb.server.jobs.run import Run
from flexwm_nb.server.store.connections import Row, Transaction

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

STORE_RETRY = 1.0  # seconds until a chain that could not be stored is stored again

log = logging.getLogger(__name__)


class Flows:
    """The runs of flows on this server."""

    def __init__(self, context: Context) -> None:
        """Nothing goes on yet."""
        self._context, self._database = context, context.database
        self._runs: dict[str, FlowRun] = {}
        self._tasks: set[asyncio.Future[Any]] = set()

    def find(self, job_id: str | None) -> FlowRun | None:
        """The run of an unfinished flow that has started, from memory or the store."""
        if job_id is None:
            return None
        run = self._runs.get(job_id)
        if run is None:
            row = self._database.one("flow_runs_job", id=job_id)
            if row is None or row["status"] != "running" or row["kind"] not in FLOWS:
                return None
            above = self.find(row["parent_job"]) if row["is_flow_step"] else None
            run = self._runs[job_id] = flow_run.load(self._database, row, above)
        return run

    def path_above(self, job: Job) -> str:
        """The path of the flow that a job is a step of, empty where it is none."""
        run = self.find(job.parent_job) if job.is_flow_step else None
        while run is not None and run.is_part and run.above is not None:
            run = run.above
        return "" if run is None else run.job.path or ""

    def goes_on(self, job_id: str) -> bool:
        """Whether that flow is in memory."""
        return job_id in self._runs

    async def submit(self, job: Job, slot: str) -> None:
        """Store a new flow that has a slot, and start it. Raises DuplicateJob or StoreError."""
        chain = self._chain(slot)
        job = replace(job, attempt=1, worker=slot, started_at=now())
        chain.begin(job, None)
        await self._carry(chain, patient=False)

    async def begin(self, job: Job) -> None:
        """Start a flow that was claimed."""
        chain = self._chain(job.worker)
        above = self.find(job.parent_job) if job.is_flow_step else None
        if job.is_flow_step and above is None:
            await self._end_orphan(job)
            return
        chain.begin(job, above, stored=True)
        await self._carry(chain)

    async def _end_orphan(self, job: Job) -> None:
        """End a part of a flow that has ended itself."""
        result = outcomes.canceled("flow", "the flow above it has ended")
        await self._context.queue.finish(job, Ending(status="canceled", result=result, completed_at=now()))
        self._context.worker.hand_on(job.worker, [], asked=False)

    async def step_ended(self, run: FlowRun, job: Job, ending: Ending, slot: str | None) -> bool:
        """A step's job has ended: store that with all that follows; false when the end is not this attempt's."""
        chain = self._chain(slot)
        chain.result(job.id, ending.result, job.arguments)
        chain.ended.append((job.id, ending))
        chain.add_event(run, flow_chain.step_ended(job, ending))
        return await self._carry(chain, lambda transaction: flow_chain.finish(transaction, job, ending))

    def _chain(self, slot: str | None) -> Chain:
        if slot is not None and self._context.worker.draining:
            self._context.worker.free(slot)
            slot = None
        return Chain(self._context, self._runs, slot)

    async def _carry(self, chain: Chain, first: Write | None = None, *, patient: bool = True) -> bool:
        """Work the chain out, store it, and start what it starts; false when nothing of it holds."""
        worker, following = self._context.worker, None
        try:
            await chain.run()
            if chain.started is not None:
                following = Run(self._context, chain.started)
                following.prepare()
            wanted = worker.wanted(chain.slot, sure=chain.queued)
            claimed = await self._commit(chain, first, wanted, patient=patient)
        except BaseException as problem:
            await self._undo(chain, following)
            if isinstance(problem, Lost):
                return False
            raise
        chain.close()
        for job_id, ending in chain.ended:
            if not worker.runs(job_id):  # a flow: jobs with processes are counted where those end
                self._context.metrics.ended(ending.status, "flow", ending.duration_ms / 1_000)
            worker.tell(job_id, ending)
        for job_id in chain.touched:
            worker.notify(job_id)
        for run in chain.over:
            if run.above is None:
                self._context.runners.remove_shared(run.job.id)
        for run, job, ending in chain.later:
            self._see_to(self.step_ended(run, job, ending, None))
        if following is not None:
            worker.begin(following)
        worker.hand_on(chain.slot, claimed, asked=bool(wanted))
        for moment in chain.due:
            worker.arm(moment)
        if chain.queued:
            worker.wake()
        return True

    def _see_to(self, work: Coroutine[Any, Any, Any]) -> None:
        """Have something done next."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _commit(self, chain: Chain, first: Write | None, wanted: list[str], *, patient: bool) -> list[Job]:
        """Store a chain, again and again while the store refuses it. Raises Lost, or StoreError unless patient."""
        while True:
            try:
                return await chain.commit(first, wanted)
            except StoreError as error:
                if not patient:
                    raise
                log.error("a flow's transition cannot be stored yet: %s", error)
                await asyncio.sleep(STORE_RETRY)

    async def _undo(self, chain: Chain, following: Run | None) -> None:
        """Forget what a chain did in memory; the runs are loaded from the store when they are needed again."""
        for job_id in chain.touched:
            self._runs.pop(job_id, None)
        chain.over.clear()
        chain.close()
        slot = chain.slot
        if following is not None:
            slot = following.job.worker
            self._context.logs.close(following.job.id, stored=False)
            await following.discard()
        self._context.worker.hand_on(slot, [], asked=False)

    # What people do

    async def resume(
        self, flow_job: str, *, job: str | None = None, resume_id: int, value: Any, approver: str, approved: bool = True
    ) -> bool:
        """Note that somebody wants a flow to go on, or not; false when the same was said already.

        `job` is the step's job that was asked about, where the caller knows it; else the one the flow waits after.
        """
        run = self.find(flow_job)
        waiting = self.waiting_job(flow_job)
        wish = {
            "job": waiting if job is None or job == flow_job else job,
            "resume_id": resume_id,
            "flow": flow_job,
            "value": json.dumps(value, ensure_ascii=False),
            "approver": approver,
            "approved": approved,
            "now": now(),
        }
        wish["job"] = wish["job"] or flow_job

        def change(transaction: Transaction) -> bool:
            transaction.run("flow_runs_approve", **wish)
            return transaction.changes > 0

        if not await self._database.write(change):
            return False
        if run is not None:
            await self.wake(run)
        return True

    def waiting_job(self, flow_job: str) -> str | None:
        """The step's job after which a flow waits for events, None where it does not wait."""
        run = self.find(flow_job)
        if run is None or not 0 <= run.state.step < len(run.state.modules):
            return None
        status = run.state.modules[run.state.step]
        return status.job if status.type == "WaitingForEvents" else None

    async def wake(self, run: FlowRun) -> None:
        """Have a flow look whether it may go on."""
        chain = self._chain(self._context.worker.take_slot())
        chain.add_event(run, Woken())
        await self._carry(chain)

    async def set_user_state(self, root: str, name: str, value: Any) -> bool:
        """Keep a value with a flow's run; false when it does not go on."""
        run = self.find(root)
        if run is None:
            return False
        chain = self._chain(None)
        async with run.lock:
            run.state = structs.replace(run.state, user_states={**(run.state.user_states or {}), name: value})
            chain.touched[root] = run
            await chain.run()
            await self._commit(chain, None, [], patient=False)
        return True

    def status(self, job_id: str, row_status: str | None = None) -> str | None:
        """The whole status document of a flow that goes on, None for others.

        `row_status` is the status in the row that the document is shown with, where there is one: the row may tell of
        a transition that has just been stored, and of which this loop has not heard yet.
        """
        run = self._runs.get(job_id)
        if run is None:
            return None
        is_ahead = run.state is not run.stored and row_status == state.compact(run.state)
        return state.encode(self._as_it_runs(run.state if is_ahead else run.stored))

    def _as_it_runs(self, found: FlowState) -> FlowState:
        """The status with what its jobs tell: a step that has started is in progress."""
        step, modules = found.step, found.modules.copy()
        if not 0 <= step < len(modules) or modules[step].type != "WaitingForExecutor":
            return found
        if self._context.worker.runs(modules[step].job or ""):
            modules[step] = structs.replace(modules[step], type="InProgress")
        return structs.replace(found, modules=modules)

    async def mark_canceled(self, job_id: str, by: str, reason: str) -> None:
        """Have a flow end as cancelled at its next event; the jobs that it pushed before are stored then."""
        run = self.find(job_id)
        if run is None:
            return
        run.canceled = run.canceled or (by, reason)
        async with run.lock:  # a transition may be under way
            return

    async def end_if_idle(self, job_id: str) -> None:
        """End a cancelled flow of which nothing runs any more."""
        run = self.find(job_id)
        if run is None or self._database.one("flow_runs_unfinished_child", id=job_id) is not None:
            return
        chain = self._chain(None)
        chain.add_event(run, Canceled())
        await self._carry(chain)

    async def end_waiting(self, row: Row, by: str, reason: str) -> bool:
        """End a step that waits, with all that follows for its flow; false when it does not wait any more."""
        run = self.find(row["parent_job"])
        if run is None:
            return False
        moment, result = now(), outcomes.canceled(by, reason)
        wish = {"id": row["id"], "workspace": row["workspace_id"], "by": by, "reason": reason, "now": moment}

        def first(transaction: Transaction) -> None:
            transaction.run("jobs_cancel_waiting", **wish)
            if not transaction.changes:
                raise Lost(row["id"])
            transaction.run("jobs_insert_result", id=row["id"], result=result)

        chain = self._chain(None)
        chain.result(row["id"], result, "{}")
        chain.ended.append((row["id"], Ending(status="canceled", result=result, completed_at=moment)))
        chain.add_event(run, Ended(job=row["id"], success=False, result=result, duration_ms=0))
        return await self._carry(chain, first)

    async def recover(self) -> None:
        """Take up what an earlier server left: flows that wait for events, and those that were being cancelled."""
        for row in self._database.read("flow_runs_left"):
            await self._context.worker.cancel(
                row["workspace_id"], row["id"], by=row["canceled_by"], reason=row["canceled_reason"]
            )
        for row in self._database.read("flow_runs_parked"):
            run = self.find(row["id"])
            if run is not None:
                await self.wake(run)

    async def look(self) -> None:
        """Do what is due: wake flows whose time to be let go on is over, drop content that is not to be kept."""
        if self._database.read("flow_runs_outdated", now=now()):
            for job_id in await self._database.write(flow_chain.clean):
                self._context.logs.remove(job_id)
        for row in self._database.read("flow_runs_waiting_late", now=now()):
            run = self.find(row["id"])
            if run is not None:
                await self.wake(run)
