"""Jobs that find the lock of a script after it was registered: the job itself, and what becomes of its result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.runners.base import Outcome

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

KIND = "dependencies"  # of such a job
TAG = "dependency"
HEAD = "execution error:\n"  # before the text of an error


async def keep(context: Context, job: Job, outcome: Outcome) -> None:
    """Store a lock with its script, or why there is none; a lock from before stays."""
    if job.hash is None:
        return
    result = json.loads(outcome.result)
    names = {"workspace": job.workspace_id, "hash": job.hash}
    if outcome.success:
        await context.database.write(
            lambda transaction: transaction.run("script_lock_set", **names, lock=result["lock"])
        )
        return
    logs = str(result["error"]["message"]).removeprefix(HEAD)
    await context.database.write(lambda transaction: transaction.run("script_lock_fail", **names, logs=logs))
