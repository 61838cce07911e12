"""Creating versions of scripts.

Beside Windmill's fields the request may have the header `X-Flexwm-Interpreter`: the absolute path of a Python whose
packages a python3 script is to see, normally that of the kernel that registers it. A path that is no executable counts
as none; the script then runs with the engine's own Python.

A script that needs packages has no lock at first: a job finds it, as on Windmill. But it can be run meanwhile, with the
packages that are found for that run, and every deployment message is kept.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now, parse_hash, render_hash
from flexwm_nb.server.jobs import locks, queue, submissions
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.schedules import scheduler
from flexwm_nb.server.scripts import interpreters, new_script
from flexwm_nb.server.scripts.new_script import NewScript
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.web.failures import bad_request
from flexwm_nb.server.web.http import body, context, identity, plain, query, workspace

SAME_HASH = "A script with same hash (hence same path, description, summary, content) already exists!"
SAME_PARENT = (
    "A script with hash {} with same parent_hash has been found. However, the lineage must be linear: no 2 scripts can "
    "have the same parent"
)


class CreateQuery(msgspec.Struct):
    """How to create."""

    skip_if_noop: bool | None = None


async def create(request: Request) -> Response:
    """Store a new version durably; its hash."""
    who, where = identity(request), workspace(request)
    options = query(request, CreateQuery)
    new = await body(request, NewScript)
    new_script.check(new)
    row = new_script.stored(new, who)
    interpreter = interpreters.requested(request) if new.language == "python3" else None
    row.update(workspace=where, interpreter=interpreter, created_at=now(), lock_job=None)
    job = locking_job(request, row)
    if job is not None:
        row.update(lock=None, lock_job=job.id)
    elif row["lock"]:
        row.update(lock_job=locks.finder(context(request), new.content, row["lock"]))

    def change(transaction: Transaction) -> int:
        return insert(transaction, new, row, job, skip=bool(options.skip_if_noop))

    stored = await context(request).database.write(change)
    if job is not None:
        context(request).worker.wake()
    return plain(render_hash(stored) or "", 201)


def locking_job(request: Request, row: dict[str, Any]) -> Job | None:
    """The job that finds the lock of a new script; None where it has one or needs none."""
    if row["lock"] or not context(request).runners.needs_lock(row["language"], row["content"], row["path"]):
        return None
    named = {name: row[name] for name in ("path", "language", "interpreter")}
    return submissions.make_job(request, submissions.NO_OPTIONS, "{}", kind=locks.KIND, tag=locks.TAG, **named)


def insert(transaction: Transaction, new: NewScript, row: dict[str, Any], job: Job | None, *, skip: bool) -> int:
    """Store the version as the head of its path, with the job for its lock, and archive the one before; its hash.

    Raises Failure 400 for a version that exists, a path that is taken and a lineage that would branch.
    """
    where = row["workspace"]
    head = transaction.one("script_create_head", workspace=where, path=new.path)
    if skip and head is not None and changes_nothing(transaction, new, row):
        return int(head["hash"])
    if new.auto_parent and new.parent_hash is None and head is not None:
        new = msgspec.structs.replace(new, parent_hash=render_hash(head["hash"]))
    row["hash"] = hashed = new_script.hash_of(new)
    if transaction.one("script_create_exists", workspace=where, hash=hashed):
        raise bad_request(SAME_HASH)
    if new.parent_hash is not None:
        row.update(succeed(transaction, where, parse_hash(new.parent_hash), row))
    if head is not None and head["hash"] != row.get("parent"):
        raise bad_request(f"Path conflict for {new.path} with non-archived hash {render_hash(head['hash'])}")
    if new.parent_hash is not None:
        transaction.run("script_create_archive", workspace=where, hash=row["parent"])
    transaction.run("script_create_insert", **row)
    if job is not None:
        queue.insert(transaction, replace(job, hash=hashed))
    scheduler.retarget(
        transaction, where, replaced_path(transaction, row) or new.path, is_flow=False, new_path=new.path
    )
    return hashed


def replaced_path(transaction: Transaction, row: dict[str, Any]) -> str | None:
    """Where the version that this one replaces was."""
    if row.get("parent") is None:
        return None
    found = transaction.one("script_create_parent", workspace=row["workspace"], hash=row["parent"])
    return str(found["path"]) if found else None


def changes_nothing(transaction: Transaction, new: NewScript, row: dict[str, Any]) -> bool:
    """Whether the current version is the same already."""
    head = transaction.one("script_create_whole_head", workspace=row["workspace"], path=new.path)
    return head is not None and new_script.changes_nothing(new, row, head)


def succeed(transaction: Transaction, where: str, hashed: int, row: Row) -> Row:
    """The columns that make a version the successor of another; a lock that goes on keeps its origin.

    Raises Failure 400.
    """
    parent = transaction.one("script_create_parent", workspace=where, hash=hashed)
    if parent is None:
        raise bad_request("The parent hash does not seem to exist")
    if (other := transaction.one("script_create_child", workspace=where, parent=hashed)) is not None:
        raise bad_request(SAME_PARENT.format(render_hash(other["hash"])))
    older = json.loads(parent["parent_hashes"] or "[]")
    found = {"parent": hashed, "parent_hashes": json.dumps([render_hash(hashed), *older])}
    return {**found, "lock_job": parent["lock_job"]} if row["lock"] and row["lock"] == parent["lock"] else found


routes = [Route("/w/{workspace}/scripts/create", create, methods=["POST"])]
