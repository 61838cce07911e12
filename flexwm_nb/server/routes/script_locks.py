"""Finding the lock of a registered script anew: when its kernel has other packages now, or because somebody asks."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import parse_hash
from flexwm_nb.server.jobs import locks, queue, submissions
from flexwm_nb.server.scripts import interpreters
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web.failures import missing
from flexwm_nb.server.web.http import context, identity, plain, query, workspace


class LockQuery(msgspec.Struct):
    """How to find it."""

    outdated: bool = False  # only where this engine found the lock and the interpreter has other versions now


async def find(request: Request) -> Response:
    """The identifier of the job that finds it; nothing where that is not needed. The old lock counts meanwhile."""
    parts, where, number = context(request), workspace(request), parse_hash(request.path_params["hash"])
    identity(request)
    script = parts.database.one("script_lock_script", workspace=where, hash=number)
    if script is None:
        raise missing("Script", request.path_params["hash"])
    interpreter = interpreters.requested(request) or script["interpreter"]
    if query(request, LockQuery).outdated and not await is_outdated(request, script, interpreter):
        return plain("")
    if not parts.runners.needs_lock(script["language"], script["content"], script["path"]):
        return plain("")
    fields = {"path": script["path"], "language": script["language"], "interpreter": interpreter}
    made = submissions.make_job(request, submissions.NO_OPTIONS, "{}", kind=locks.KIND, tag=locks.TAG, **fields)
    job = replace(made, hash=number)

    def change(transaction: Transaction) -> None:
        queue.insert(transaction, job)
        transaction.run("script_lock_job", workspace=where, hash=number, job=job.id)

    await parts.database.write(change)
    parts.worker.wake()
    return plain(job.id, 201)


async def is_outdated(request: Request, script: Row, interpreter: str | None) -> bool:
    """Whether a lock that this engine found has other versions than the interpreter."""
    if script["lock_job"] is None or not script["lock"]:
        return False
    return await context(request).runners.is_outdated(script["language"], script["lock"], interpreter)


routes = [Route("/w/{workspace}/flexwm/lock/h/{hash}", find, methods=["POST"])]
