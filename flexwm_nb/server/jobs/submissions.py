"""From a request to run something to the job that is submitted."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import msgspec
from starlette.requests import Request

from flexwm_nb.server.clock import now, parse_hash, parse_time
from flexwm_nb.server.jobs import job_arguments, preprocessors
from flexwm_nb.server.jobs.job_arguments import Sources
from flexwm_nb.server.jobs.job_ids import new_id, parse_id
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.scripts import interpreters
from flexwm_nb.server.scripts.languages import Language, default_tag
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import http
from flexwm_nb.server.web.failures import Failure, bad_request, missing, sql_error
from flexwm_nb.server.web.http import Identity

SECOND = 1_000_000  # microseconds
CHILD_PRIORITY = 2  # of a job that another one starts, which waits for it as a rule
IN_TAG = re.compile(r"\$args\[([^\]]+)\]")


class RunQuery(Sources):
    """The query of every run."""

    scheduled_for: str | None = None
    scheduled_in_secs: int | None = None
    parent_job: str | None = None
    root_job: str | None = None
    invisible_to_owner: bool | None = None
    queue_limit: int | None = None
    job_id: str | None = None
    tag: str | None = None
    timeout: int | None = None
    cache_ttl: int | None = None
    skip_preprocessor: bool | None = None


class Preview(msgspec.Struct):
    """The body of a preview."""

    content: str | None = None
    language: Language | None = None
    path: str | None = None
    script_hash: str | None = None
    args: dict[str, msgspec.Raw] | None = None
    tag: str | None = None
    kind: Literal["code", "identity", "http", "noop", "bundle", "tarbundle", "scripthash"] | None = None
    lock: str | None = None
    temp_script_refs: dict[str, str] | None = None


NO_OPTIONS = RunQuery()


def options(request: Request) -> RunQuery:
    """The query of a run. Raises Failure 400."""
    return http.query(request, RunQuery) if request.scope["query_string"] else NO_OPTIONS


async def by_path(request: Request) -> Job:
    """The job of `…/p/PATH`: the script that stands there now. Raises Failure 404."""
    query, path = options(request), http.path(request)
    row = http.context(request).database.one("jobs_live_script", workspace=http.workspace(request), path=path)
    if row is None:
        raise missing("script", path)
    return await _asked(request, query, row)


async def by_hash(request: Request) -> Job:
    """The job of `…/h/HASH`. Raises Failure 400 in Windmill's words when there is none."""
    query, number = options(request), parse_hash(http.path(request, "hash"))
    row = _script_of_hash(request, number)
    return await _asked(request, query, row)


async def _asked(request: Request, query: RunQuery, row: Row) -> Job:
    """The job of a request to run a script, which goes through its preprocessor. Raises Failure 400, 415 or 500."""
    if not row["has_preprocessor"] or query.skip_preprocessor:
        return of_script(request, query, row, await job_arguments.given(request, query))
    source = http.context(request).database.one(
        "jobs_script_content", workspace=http.workspace(request), hash=row["hash"]
    )
    by_name = preprocessors.takes_names(row["language"], "" if source is None else source["content"])
    arguments = await job_arguments.for_preprocessor(request, query, by_name=by_name)
    return of_script(request, query, row, arguments, preprocessed=False)


def _script_of_hash(request: Request, number: int) -> Row:
    row = http.context(request).database.one("jobs_script", workspace=http.workspace(request), hash=number)
    if row is None:
        raise sql_error("no rows returned by a query that expected to return at least one row")
    return row


class Member(msgspec.Struct):
    """One run of many."""

    job_id: str
    args: dict[str, msgspec.Raw] | None = None


class Members(msgspec.Struct):
    """The body of many runs."""

    jobs: list[Member]


async def many(request: Request) -> list[Job]:
    """The jobs of `…/run_many/p/PATH` or `/h/HASH`, one for each member of the body. Raises Failure 400, 404 or 422."""
    query, members = options(request), (await http.body(request, Members)).jobs
    if "hash" in request.path_params:
        row = _script_of_hash(request, parse_hash(http.path(request, "hash")))
    else:
        path = http.path(request)
        found = http.context(request).database.one("jobs_live_script", workspace=http.workspace(request), path=path)
        if found is None:
            raise missing("script", path)
        row = found
    return [
        of_script(
            request,
            msgspec.structs.replace(query, job_id=one.job_id),
            row,
            job_arguments.of_fields(one.args),
        )
        for one in members
    ]


async def preview(request: Request) -> Job:
    """The job of a preview's body. Raises Failure 400, 404, 415 or 422."""
    query, body = options(request), await http.body(request, Preview)
    check_workspace(request)
    arguments = job_arguments.of_fields(body.args, body.temp_script_refs)
    if body.kind in ("bundle", "tarbundle", "http"):
        raise bad_request(f"previews of kind {body.kind} do not run on the local engine: connect to a real Windmill")
    if body.kind == "scripthash":
        row = _script_of_hash(request, parse_hash(body.script_hash or ""))
        return of_script(request, query, row, arguments)
    if body.kind in ("identity", "noop"):
        tag = query.tag or body.tag or ("flow" if body.kind == "identity" else "deno")
        return make_job(request, query, arguments, kind=body.kind, tag=tag, path=body.path)
    language = body.language or "deno"
    return make_job(
        request,
        query,
        arguments,
        kind="preview",
        tag=query.tag or body.tag or default_tag(language),
        path=body.path,
        language=language,
        timeout=query.timeout,
        cache_ttl=query.cache_ttl,
        interpreter=interpreters.requested(request),
        raw_code=body.content or "",
        raw_lock=body.lock,
    )


def of_script(request: Request, query: RunQuery, row: Row, arguments: str, *, preprocessed: bool | None = None) -> Job:
    """The job of a version of a script."""
    return make_job(
        request,
        query,
        arguments,
        kind="script",
        preprocessed=preprocessed,
        tag=query.tag or row["tag"] or default_tag(row["language"]),
        path=row["path"],
        hash=row["hash"],
        language=row["language"],
        priority=row["priority"],
        timeout=row["timeout"] if query.timeout is None else query.timeout,
        cache_ttl=row["cache_ttl"] if query.cache_ttl is None else query.cache_ttl,
        interpreter=row["interpreter"],
    )


def make_job(request: Request, query: RunQuery, arguments: str, **fields: Any) -> Job:
    """The job, with what is common to all."""
    who, moment = http.identity(request), now()
    parent = _identifier(query.parent_job, "parent_job")
    _check_queue(request, query.queue_limit)
    fields["tag"] = _interpolate_tag(fields["tag"], http.workspace(request), arguments)
    if parent is not None:
        fields["priority"] = max(fields.get("priority") or 0, CHILD_PRIORITY)
    for name in ("timeout", "cache_ttl"):
        fields[name] = _positive(fields.get(name))
    return Job(
        id=_identifier(query.job_id, "job_id") or new_id(),
        workspace_id=http.workspace(request),
        created_by=who.username,
        permissioned_as=who.owner,
        email=who.email,
        created_at=moment,
        scheduled_for=_scheduled_for(query, moment),
        parent_job=parent,
        root_job=_identifier(query.root_job, "root_job") or _root_of(request, parent),
        visible_to_owner=not query.invisible_to_owner,
        entrypoint=job_arguments.entrypoint(arguments),
        arguments=arguments,
        **fields,
    )


def _positive(value: int | None) -> int | None:
    return value if value is not None and value > 0 else None


def _identifier(text: str | None, field: str) -> str | None:
    try:
        return None if text is None else parse_id(text)
    except ValueError as error:
        raise Failure(400, f"Failed to deserialize query string: {field}: UUID parsing failed: {error}") from None


def _scheduled_for(query: RunQuery, moment: int) -> int:
    """When the job is due; a time goes before a delay."""
    if query.scheduled_for is not None:
        try:
            return parse_time(query.scheduled_for)
        except ValueError:
            text = "scheduled_for: input contains invalid characters"
            raise Failure(400, f"Failed to deserialize query string: {text}") from None
    return moment + (query.scheduled_in_secs or 0) * SECOND


def _root_of(request: Request, parent: str | None) -> str | None:
    """The root of the jobs that a parent belongs to."""
    if parent is None:
        return None
    row = http.context(request).database.one("job_root", id=parent)
    return parent if row is None else str(row["root"])


def _interpolate_tag(tag: str, workspace: str, arguments: str) -> str:
    """The tag with `$workspace` and `$args[name.field]` put in."""
    if "$" not in tag:
        return tag
    fields = json.loads(arguments)

    def find(match: re.Match[str]) -> str:
        value: Any = fields
        for name in match[1].split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else "" if value is None else json.dumps(value)

    return IN_TAG.sub(find, tag.replace("$workspace", workspace))


def _check_queue(request: Request, limit: int | None) -> None:
    """Refuse the job where more wait than it wants to."""
    if limit is None:
        return
    row = http.context(request).database.one("job_waiting_everywhere", now=now()) or {}
    if row["waiting"] > limit:
        raise Failure(500, f"Internal: Number of queued job is too high: {row['waiting']} > {limit}")


def check_workspace(request: Request) -> None:
    """Refuse previews in a workspace that does not exist; only a super administrator gets so far."""
    who: Identity = http.identity(request)
    if not who.is_member and http.context(request).database.one("job_workspace", id=who.workspace) is None:
        raise missing("Workspace", who.workspace)
