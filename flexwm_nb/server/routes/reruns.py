"""Running many jobs again, with other arguments where that is wanted, and what the jobs of a selection ran.

Behaviour: Windmill 1.743.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import parse_hash, render_hash, render_time
from flexwm_nb.server.expressions.scope import ExpressionError, Scope
from flexwm_nb.server.flows import flow_submissions
from flexwm_nb.server.flows.openflow import JavaScript, Static, Transform
from flexwm_nb.server.jobs import job_arguments, submissions
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import serde
from flexwm_nb.server.web.failures import Failure, missing
from flexwm_nb.server.web.http import as_json, body, context, fragment, json_bytes, workspace

STREAM = "text/event-stream"


class Options(msgspec.Struct):
    """How the jobs of one script or flow are run again."""

    input_transforms: dict[str, Transform] | None = None
    use_latest_version: bool | None = None


class Wanted(msgspec.Struct):
    """Which jobs are run again."""

    job_ids: list[UUID]
    script_options_by_path: dict[str, Options]
    flow_options_by_path: dict[str, Options]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A job that ran a script or flow."""

    id: str
    kind: str  # script, flow
    path: str
    hash: int | None  # of the version; None = a scheduled one that names none
    moment: int  # when it started or is due, microseconds
    arguments: dict[str, Any]
    schema: str | None  # JSON, of the version

    def document(self) -> dict[str, Any]:
        """What expressions see of it."""
        found = {"id": self.id, "kind": self.kind, "script_path": self.path, "script_hash": render_hash(self.hash or 0)}
        return {**found, "input": self.arguments, "scheduled_for": render_time(self.moment)}


def past(row: Row) -> Past | None:
    """The job in a row; None for one whose version is gone. A schedule's flow of one step stands for that step."""
    kind, hashed = row["kind"], row["hash"]
    if kind == "singlestepflow":
        value = json.loads(row["raw_flow"])["modules"][0]["value"]
        kind, hashed = value["type"], parse_hash(value["hash"]) if value.get("hash") else None
    elif not row["is_there"]:
        return None
    return Past(
        id=row["id"],
        kind=kind,
        path=row["path"],
        hash=hashed,
        moment=row["started_at"] or row["scheduled_for"],
        arguments=json.loads(row["arguments"] or "{}"),
        schema=row["schema"],
    )


async def _selected(request: Request, job_ids: Sequence[str]) -> list[Past]:
    """Those of the jobs that there are, in the order in which they are named."""
    rows = await context(request).database.scan(
        "reruns_jobs", workspace=workspace(request), ids=json.dumps(list(job_ids))
    )
    found = {row["id"]: one for row in rows if (one := past(row)) is not None}
    return [found[job_id] for job_id in dict.fromkeys(job_ids) if job_id in found]


def _newest_schema(request: Request, job: Past) -> str | None:
    where = {"workspace": workspace(request), "kind": job.kind, "path": job.path}
    row = context(request).database.one("reruns_schema", **where)
    return None if row is None else row["schema"]


async def run_again(request: Request) -> Response:
    """Run each job again: a line with the new job, or why there is none."""
    wanted, worker, lines = await body(request, Wanted), context(request).worker, []
    options = {"script": wanted.script_options_by_path, "flow": wanted.flow_options_by_path}
    for job in await _selected(request, [str(job_id) for job_id in wanted.job_ids]):
        try:
            new = await _again(request, job, options[job.kind].get(job.path, Options()))
        except ExpressionError as error:
            lines.append(f"Error: {error.text}\n")
        except Failure:
            lines.append(f"Error: Couldn't re-run job {job.id}\n")
        else:
            await worker.submit(new)
            lines.append(f"{new.id}\n")
    return Response("".join(lines), 201, media_type=STREAM)


async def _again(request: Request, job: Past, options: Options) -> Job:
    """The new job: a flow as it is now, a script in its version unless the newest one is wanted.

    Raises ExpressionError, and Failure for what is not there any more.
    """
    arguments = await _arguments(request, job, options)
    database, where = context(request).database, workspace(request)
    if job.kind == "flow":
        row = database.one("flows_runnable", workspace=where, path=job.path)
    elif options.use_latest_version or job.hash is None:
        row = database.one("jobs_live_script", workspace=where, path=job.path)
    else:
        row = database.one("jobs_script", workspace=where, hash=job.hash)
    if row is None:
        raise missing(job.kind, job.path)
    make = flow_submissions.of_flow if job.kind == "flow" else submissions.of_script
    return make(request, submissions.NO_OPTIONS, row, arguments)


async def _arguments(request: Request, job: Past, options: Options) -> str:
    """The job's arguments, with others for those that its schema knows. Raises ExpressionError and Failure 400."""
    schema = _newest_schema(request, job) if options.use_latest_version or job.schema is None else job.schema
    known = (json.loads(schema or "null") or {}).get("properties") or {}
    changed = {}
    for name, transform in (options.input_transforms or {}).items():
        if name not in known:
            continue
        if isinstance(transform, Static):
            changed[name] = json.loads(bytes(transform.value))
        elif isinstance(transform, JavaScript):
            scope = Scope(names={"job": job.document()})
            changed[name] = await context(request).expressions.evaluate(transform.expr, scope)
    return job_arguments.normal(job_arguments.dump({**job.arguments, **changed}))


async def groups(request: Request) -> Response:
    """What the jobs ran: each script and flow with the schemas of the versions, and the one that it has now."""
    found: dict[tuple[str, str], dict[int | None, list[Past]]] = {}
    for job in await _selected(request, serde.decode_ids(await json_bytes(request))):
        found.setdefault((job.kind, job.path), {}).setdefault(job.hash, []).append(job)
    return as_json([_group(request, versions) for versions in found.values()])


def _group(request: Request, versions: dict[int | None, list[Past]]) -> dict[str, Any]:
    first = next(iter(versions.values()))[0]
    newest = _newest_schema(request, first)
    schemas = [
        {
            "script_hash": render_hash(hashed),
            "job_ids": [job.id for job in jobs],
            "schema": fragment(jobs[0].schema or newest),
        }
        for hashed, jobs in versions.items()
    ]
    shown = {"kind": first.kind, "script_path": first.path, "schemas": schemas}
    return {**shown, "latest_schema": fragment(newest)}


JOBS = "/w/{workspace}/jobs"
routes = [
    Route(f"{JOBS}/run/batch_rerun_jobs", run_again, methods=["POST"]),
    Route(f"{JOBS}/list_selected_job_groups", groups, methods=["POST"]),
]
