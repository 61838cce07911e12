"""The queue: atomic operations on jobs, each one transaction.

A job's status, attempt and worker are the fencing token of every write after its claim: who does not hold them any
more changes nothing. An end is final; no statement here touches a completed job's status.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs.records import FINAL, Ending, Job
from flexwm_nb.server.schedules import scheduler
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.failures import bad_request

RESTARTS = 3  # times that a job is started again after the engine died, as Windmill's RESTART_LIMIT
SECOND = 1_000_000  # microseconds
REMOVED = ("results", "logs", "inputs", "items", "approvals", "jobs")  # what goes with a job that is removed, in order
FUTURE_TICK = "Cannot cancel a future tick of a schedule, cancel the schedule direcly ({})"  # Windmill's spelling


class DuplicateJob(Exception):
    """The identifier is taken."""


class Cancelled(Enum):
    """What became of the wish to cancel a job."""

    UNKNOWN = "unknown"
    ENDED = "ended"  # it had completed before
    ENDS = "ends"  # it was waiting and is completed now
    RUNS = "runs"  # its worker has to end it


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """The jobs that an earlier server left in mid-run."""

    restart: list[Job]
    exhausted: list[Job]  # restarted too often already
    cancelled: list[Job]  # somebody had asked for their end


class Queue:
    """The jobs of one store."""

    def __init__(self, database: Database) -> None:
        """Work on this store."""
        self._database = database

    async def submit(self, job: Job) -> None:
        """Store a new job durably: waiting, or running where its worker is named. Raises DuplicateJob."""
        await self._database.write(lambda transaction: insert(transaction, job))

    async def submit_all(self, jobs: Sequence[Job]) -> None:
        """Store new jobs that wait, durably and all at once; one that is there already stays as it is."""

        def change(transaction: Transaction) -> None:
            for job in jobs:
                with contextlib.suppress(DuplicateJob):
                    insert(transaction, job)

        await self._database.write(change)

    async def claim(self, workers: Sequence[str]) -> list[Job]:
        """Give each worker the next job that is due. What a crash undoes here is claimed anew."""
        return await self._database.write(lambda transaction: claim(transaction, workers), durable=False)

    async def finish(self, job: Job, ending: Ending, *, then: Sequence[str] = ()) -> tuple[bool, list[Job]]:
        """Complete a running job durably, and claim the next ones for these workers in the same transaction.

        The first value is false when this attempt is not the job's any more.
        """

        def change(transaction: Transaction) -> tuple[bool, list[Job]]:
            return finish(transaction, job, ending), claim(transaction, then)

        return await self._database.write(change)

    async def cancel(
        self, workspace: str, job_id: str, *, by: str, reason: str, result: str
    ) -> tuple[Cancelled, Row | None]:
        """End a waiting job with this result, or note on a running one that it is to end; and its row."""

        def change(transaction: Transaction) -> tuple[Cancelled, Row | None]:
            found = transaction.one("jobs_state", id=job_id, workspace=workspace)
            wish = {"id": job_id, "workspace": workspace, "by": by, "reason": reason, "now": now()}
            if found is None:
                return Cancelled.UNKNOWN, None
            if found["status"] in FINAL:
                return Cancelled.ENDED, found
            is_tick = found["schedule_path"] is not None and found["parent_job"] is None
            if is_tick and found["scheduled_for"] > now():
                raise bad_request(FUTURE_TICK.format(found["schedule_path"]))
            transaction.run("jobs_cancel_waiting", **wish)
            if transaction.changes:
                scheduler.ended(transaction, found)
                transaction.run("jobs_insert_result", id=job_id, result=result)
                return Cancelled.ENDS, found
            transaction.run("jobs_cancel_running", **wish)
            return Cancelled.RUNS, found

        return await self._database.write(change)

    async def requeue(self, jobs: Sequence[Job]) -> None:
        """Put running jobs back, for the next claim."""

        def change(transaction: Transaction) -> None:
            for job in jobs:
                transaction.run("jobs_requeue", id=job.id, attempt=job.attempt, worker=job.worker)

        await self._database.write(change)

    async def recover(self) -> LeftBehind:
        """Requeue the jobs that an earlier server left in mid-run, up to RESTARTS times each; the others are told."""

        def change(transaction: Transaction) -> LeftBehind:
            found = LeftBehind(restart=[], exhausted=[], cancelled=[])
            for job in map(Job.of_row, transaction.run("jobs_left_running")):
                if job.canceled_by is not None:
                    found.cancelled.append(job)
                elif job.attempt > RESTARTS:
                    found.exhausted.append(job)
                else:
                    transaction.run("jobs_requeue", id=job.id, attempt=job.attempt, worker=job.worker)
                    found.restart.append(job)
            return found

        return await self._database.write(change)

    async def set_progress(self, workspace: str, job_id: str, percent: int) -> bool:
        """Note how far an unfinished job is; false when there is none."""

        def change(transaction: Transaction) -> bool:
            transaction.run("jobs_set_progress", id=job_id, workspace=workspace, percent=percent)
            return transaction.changes > 0

        return await self._database.write(change, durable=False)

    async def delete(self, workspace: str, job_id: str) -> bool:
        """Drop what a completed job was given, wrote and returned; false when there is none."""

        def change(transaction: Transaction) -> bool:
            transaction.run("jobs_delete", id=job_id, workspace=workspace)
            if not transaction.changes:
                return False
            for name in ("jobs_delete_result", "jobs_delete_log", "jobs_delete_input"):
                transaction.run(name, id=job_id)
            return True

        return await self._database.write(change)

    async def remove(self, workspace: str, job_ids: Sequence[str]) -> tuple[list[str], int]:
        """Remove jobs with all that is stored of them: those that were there, and how many rows went.

        Raises Failure 400 when one of them waits or runs.
        """
        wanted = json.dumps(list(job_ids))

        def change(transaction: Transaction) -> tuple[list[str], int]:
            found = transaction.run("jobs_among", workspace=workspace, ids=wanted)
            if going := [row["id"] for row in found if row["completed_at"] is None]:
                raise bad_request(f"Job {going[0]} waits or runs. Cancel it or let it end, then delete it")
            names, rows = [row["id"] for row in found], 0
            for name in REMOVED:
                transaction.run(f"jobs_remove_{name}", ids=json.dumps(names))
                rows += transaction.changes
            return names, rows

        return await self._database.write(change)


def insert(transaction: Transaction, job: Job) -> None:
    """Store a new job: waiting, or running where its worker is named. Raises DuplicateJob."""
    parameters = job.columns()
    parameters["status"] = "queued" if job.worker is None else "running"
    transaction.run("jobs_insert", **parameters)
    if not transaction.changes:
        raise DuplicateJob(job.id)
    transaction.run("jobs_insert_input", **parameters)


def claim(transaction: Transaction, workers: Sequence[str]) -> list[Job]:
    """The next due jobs, one for each worker, with what they are given."""
    claimed = []
    for worker in workers:
        row = transaction.one("jobs_claim", worker=worker, now=now())
        if row is None:
            break
        given = transaction.one("jobs_input", id=row["id"]) or {}
        job = Job.of_row({**row, **given, "arguments": given.get("arguments") or "{}"})
        scheduler.started(transaction, job)
        claimed.append(job)
    return claimed


def finish(transaction: Transaction, job: Job, ending: Ending) -> bool:
    """Complete a job that this attempt still holds; false, and no change, otherwise."""
    transaction.run("jobs_finish", attempt=job.attempt, worker=job.worker, **_columns(job.id, ending))
    if not transaction.changes:
        return False
    transaction.run("jobs_insert_result", id=job.id, result=ending.result)
    if ending.columns is not None:
        transaction.run("jobs_set_columns", id=job.id, columns=ending.columns)
    scheduler.ended(transaction, job, ending)
    if ending.log is not None:
        transaction.run("jobs_insert_log", id=job.id, log=ending.log)
    if job.cache_ttl and ending.success and ending.duration_ms:
        _keep(transaction, job, ending)
    return True


def _columns(job_id: str, ending: Ending) -> dict[str, object]:
    return {
        "id": job_id,
        "status": ending.status,
        "completed_at": ending.completed_at,
        "duration_ms": ending.duration_ms,
        "canceled_by": ending.canceled_by,
        "canceled_reason": ending.canceled_reason,
        "labels": ending.labels,
        "mem_peak": ending.mem_peak,
        "isolation": ending.isolation,
    }


def cache_key(job: Job) -> str:
    """What must be equal for a kept result to stand for a run."""
    parts = (job.path, job.hash, job.raw_code, job.raw_flow, job.language, job.entrypoint, job.arguments)
    return sha256(json.dumps(parts).encode()).hexdigest()


def _keep(transaction: Transaction, job: Job, ending: Ending) -> None:
    """Keep a result for the job's `cache_ttl`."""
    transaction.run("jobs_cache_expire", now=ending.completed_at)
    transaction.run(
        "jobs_cache",
        workspace_id=job.workspace_id,
        key=cache_key(job),
        result=ending.result,
        expires_at=ending.completed_at + (job.cache_ttl or 0) * SECOND,
    )
