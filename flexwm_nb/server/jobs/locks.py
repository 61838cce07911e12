"""Jobs that find the lock of a script after it was registered: the job itself, and what becomes of its result."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.runners.base import Outcome

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

KIND = "dependencies"  # of such a job
TAG = "dependency"
REMEMBERED = 200  # locks
HEAD = "execution error:\n"  # before the text of an error


def remember(context: Context, content: str, lock: str, job_id: str) -> None:
    """Know a lock that was found here when a script is registered with it."""
    context.found_locks[_key(content, lock)] = job_id
    while len(context.found_locks) > REMEMBERED:
        context.found_locks.popitem(last=False)


def finder(context: Context, content: str, lock: str) -> str | None:
    """The job that found this lock for this source."""
    return context.found_locks.get(_key(content, lock))


def _key(content: str, lock: str) -> str:
    return sha256(f"{content}\0{lock}".encode("utf-8", "surrogatepass")).hexdigest()


async def keep(context: Context, job: Job, outcome: Outcome) -> None:
    """Store a lock with its script, or why there is none; a lock from before stays. Without a script, remember it."""
    result = json.loads(outcome.result)
    if job.hash is None:
        if outcome.success:
            remember(context, job.raw_code or "", result["lock"], job.id)
        return
    names = {"workspace": job.workspace_id, "hash": job.hash}
    if outcome.success:
        await context.database.write(
            lambda transaction: transaction.run("script_lock_set", **names, lock=result["lock"])
        )
        return
    logs = str(result["error"]["message"]).removeprefix(HEAD)
    await context.database.write(lambda transaction: transaction.run("script_lock_fail", **names, logs=logs))
