"""From a request to run a flow to the job that is submitted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request

from flexwm_nb.server.clock import parse_hash
from flexwm_nb.server.flows import nested_restarts, new_flow, restarts
from flexwm_nb.server.flows.nested_restarts import NestedStep
from flexwm_nb.server.flows.openflow import BadModule, Module, PathScript, RawScript, read_flow, read_value
from flexwm_nb.server.interpreter.nodes import node
from flexwm_nb.server.jobs import job_arguments, job_ids, job_views, preprocessors, submissions
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.jobs.submissions import RunQuery
from flexwm_nb.server.schedules.scheduler import FLOW_TAG
from flexwm_nb.server.scripts import interpreters
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import http
from flexwm_nb.server.web.failures import internal, missing, not_found, sql_error

NOT_GIVEN = msgspec.Raw(b"")


class Restart(msgspec.Struct, kw_only=True):
    """Where a run is taken up again, and (this engine's own) with which other definition or arguments."""

    step_id: str
    branch_or_iteration_n: int | None = None
    flow_version: int | None = None
    nested_path: list[NestedStep] = []
    value: msgspec.Raw = NOT_GIVEN
    args: dict[str, msgspec.Raw] | None = None


class RestartedFrom(msgspec.Struct, kw_only=True):
    """The run that is taken up again, and where."""

    flow_job_id: str
    step_id: str
    branch_or_iteration_n: int | None = None
    flow_version: int | None = None


class Preview(msgspec.Struct, kw_only=True):
    """The body of a flow's preview."""

    value: msgspec.Raw
    path: str | None = None
    args: dict[str, msgspec.Raw] | None = None
    tag: str | None = None
    restarted_from: RestartedFrom | None = None
    temp_script_refs: dict[str, str] | None = None


async def by_path(request: Request) -> Job:
    """The job of `…/f/PATH`: the flow's newest version. Raises Failure 404."""
    path = http.path(request)
    row = http.context(request).database.one("flows_runnable", workspace=http.workspace(request), path=path)
    if row is None:
        raise missing("flow", path)
    return await _of_flow(request, row)


async def by_version(request: Request) -> Job:
    """The job of `…/fv/VERSION`. Raises Failure 400."""
    row = _version(request)
    if row is None:
        raise sql_error("no rows returned by a query that expected to return at least one row")
    return await _of_flow(request, row)


async def by_awaited_version(request: Request) -> Job:
    """The job of `…/fv/VERSION` whose result is waited for. Raises Failure 404."""
    row = _version(request)
    if row is None:
        raise not_found(f"flow_version not found at id {http.number(request, 'version')}")
    return await _of_flow(request, row)


def _version(request: Request) -> Row | None:
    number = http.number(request, "version")
    return http.context(request).database.one("flows_runnable_version", workspace=http.workspace(request), id=number)


async def _of_flow(request: Request, row: Row) -> Job:
    query = submissions.options(request)
    before = None if query.skip_preprocessor else read_flow(row["value"]).preprocessor_module
    if before is None:
        arguments = await job_arguments.given(request, query)
    else:
        by_name = preprocessors.takes_names(*_source(request, before))
        arguments = await job_arguments.for_preprocessor(request, query, by_name=by_name)
    return of_flow(request, query, row, arguments, preprocess=before is not None)


def of_flow(request: Request, query: RunQuery, row: Row, arguments: str, *, preprocess: bool = False) -> Job:
    """The job of a version of a flow."""
    return submissions.make_job(
        request,
        query,
        arguments,
        kind="flow",
        preprocessed=False if preprocess else None,
        tag=query.tag or row["tag"] or FLOW_TAG,
        path=row["path"],
        hash=row["version_id"],
        timeout=row["timeout"] if query.timeout is None else query.timeout,
        interpreter=row["interpreter"],
        **_of_value(row["value"], query.cache_ttl, restarts.new_status(row["value"], preprocess=preprocess)),
    )


def _source(request: Request, preprocessor: Module) -> tuple[str, str]:
    """The language and code of a flow's preprocessor. Raises Failure 404 and 500."""
    try:
        value = read_value(preprocessor.value)
    except BadModule:  # which its job will tell
        return "", ""
    if isinstance(value, RawScript):
        return value.language, value.content
    if not isinstance(value, PathScript):
        raise internal("Unsupported preprocessor module @flexwm")
    database, where = http.context(request).database, http.workspace(request)
    row = database.one("jobs_live_script", workspace=where, path=value.path)
    number = row and row["hash"] if value.hash is None else parse_hash(value.hash)
    source = database.one("jobs_script_content", workspace=where, hash=number)
    if source is None:
        raise missing("script", value.path)
    return source["language"], source["content"]


def _of_value(text: str, cache_ttl: int | None, status: str | None = None) -> dict[str, Any]:
    """What the flow's document gives the job."""
    flow = read_flow(text)
    return {
        "raw_flow": text,
        "flow_status": status or restarts.new_status(text),
        "priority": flow.priority,
        "cache_ttl": flow.cache_ttl if cache_ttl is None else cache_ttl,
        "same_worker": flow.same_worker,
    }


async def preview(request: Request) -> Job:
    """The job of a preview's body; its modules are read when they start. Raises Failure 400, 415 or 422."""
    query, body = submissions.options(request), await http.body(request, Preview)
    submissions.check_workspace(request)
    new_flow.read(body.value)
    text = job_arguments.normal(bytes(body.value).decode())
    status = None
    if body.restarted_from is not None:
        status = _status(request, _run(request, body.restarted_from.flow_job_id), text, body.restarted_from)
    return submissions.make_job(
        request,
        query,
        job_arguments.of_fields(body.args, body.temp_script_refs),
        kind="flowpreview",
        tag=query.tag or body.tag or FLOW_TAG,
        path=body.path,
        timeout=query.timeout,
        interpreter=interpreters.requested(request),
        **_of_value(text, query.cache_ttl, status),
    )


def _run(request: Request, identifier: str) -> Row:
    """The run that is to be taken up again. Raises Failure 404, or 500 while it goes on."""
    job = job_ids.id_in_url(identifier)
    row = http.context(request).database.one("job_read", workspace=http.workspace(request), id=job)
    if row is None or row["raw_flow"] is None:
        raise missing("Flow job", job)
    if not job_views.is_completed(row):
        raise restarts.unfinished()
    return row


def _status(request: Request, run: Row, text: str, wanted: RestartedFrom, path: Sequence[NestedStep] = ()) -> str:
    """The status that the new run starts with. Raises Failure 400 or 500."""
    parts, where = http.context(request), http.workspace(request)
    old, facts, modules = json.loads(run["flow_status"] or "{}"), msgspec.to_builtins(wanted), node(text)
    if path:

        def find(job: str) -> Row | None:
            return parts.database.one("job_read", workspace=where, id=job)

        facts = nested_restarts.resolve(find, run, modules, facts, list(path))
    return json.dumps(restarts.initial_status(old, modules, facts), ensure_ascii=False)


async def restart(request: Request) -> Job:
    """The job of `restart/f/JOB`, which Windmill's community edition fails to route.

    It has the arguments of the run and its definition, unless another version, value or arguments are given. Raises
    Failure 400, 404, 422 or 500.
    """
    query, wanted = submissions.options(request), await http.body(request, Restart)
    run = _run(request, request.path_params["id"])
    fields = _definition(request, run, wanted)
    place = RestartedFrom(
        flow_job_id=run["id"],
        step_id=wanted.step_id,
        branch_or_iteration_n=wanted.branch_or_iteration_n,
        flow_version=fields["hash"],
    )
    text = fields.pop("value")
    arguments = (run["arguments"] or "{}") if wanted.args is None else job_arguments.of_fields(wanted.args)
    return submissions.make_job(
        request,
        query,
        arguments,
        path=run["path"],
        tag=query.tag or run["tag"],
        timeout=run["timeout"] if query.timeout is None else query.timeout,
        **fields,
        **_of_value(text, query.cache_ttl, _status(request, run, text, place, wanted.nested_path)),
    )


def _definition(request: Request, run: Row, wanted: Restart) -> dict[str, Any]:
    """Which flow the new run follows."""
    if wanted.value != NOT_GIVEN:
        new_flow.read(wanted.value)
        value = job_arguments.normal(bytes(wanted.value).decode())
        return {"kind": "flowpreview", "hash": None, "interpreter": run["interpreter"], "value": value}
    if wanted.flow_version is not None:
        where, number = http.workspace(request), wanted.flow_version
        row = http.context(request).database.one("flows_runnable_version", workspace=where, id=number)
        if row is None:
            raise missing("flow version", number)
        return {"kind": "flow", "hash": number, "interpreter": row["interpreter"], "value": row["value"]}
    return {name: run[name] for name in ("kind", "hash", "interpreter")} | {"value": run["raw_flow"]}
