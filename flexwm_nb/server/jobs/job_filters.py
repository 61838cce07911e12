"""The filters of lists of jobs, put together to a statement of named parts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from flexwm_nb.server.clock import now, parse_hash, parse_time
from flexwm_nb.server.jobs.job_ids import parse_id
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.failures import Failure, bad_request, sql_error
from flexwm_nb.server.web.http import LONGEST_PAGE, Identity, paging

ALL_WORKSPACES = "admins"  # the workspace in which lists may cover all
FEW = 2_000  # jobs below a path that are quickly put in order
BAD = ("failure", "canceled")
LAST_CHARACTER = "\U0010ffff"


class JobQuery(msgspec.Struct):
    """The query of a list of jobs."""

    script_path_start: str | None = None
    script_path_exact: str | None = None
    script_hash: str | None = None
    created_by: str | None = None
    worker: str | None = None
    tag: str | None = None
    label: str | None = None
    trigger_kind: str | None = None
    trigger_path: str | None = None
    job_kinds: str | None = None
    allow_wildcards: bool = False
    schedule_path: str | None = None
    parent_job: str | None = None
    created_before: str | None = None
    created_after: str | None = None
    created_before_queue: str | None = None
    created_after_queue: str | None = None
    started_before: str | None = None
    started_after: str | None = None
    created_or_started_before: str | None = None
    created_or_started_after: str | None = None
    completed_before: str | None = None
    completed_after: str | None = None
    running: bool | None = None
    suspended: bool | None = None
    is_flow_step: bool | None = None
    has_null_parent: bool | None = None
    is_not_schedule: bool | None = None
    scheduled_for_before_now: bool | None = None
    args: str | None = None
    result: str | None = None
    status: Literal["success", "failure", "canceled", "skipped"] | None = None
    success: bool | None = None
    is_skipped: bool | None = None
    concurrency_key: str | None = None
    broad_filter: str | None = None
    excludes_entrypoint_override: bool | None = None
    all_workspaces: bool = False
    order_desc: bool = True
    include_args: bool = False
    page: int | None = None
    per_page: int | None = None


COMPLETED_ONLY = (
    "success",
    "status",
    "label",
    "result",
    "created_before",
    "started_before",
    "created_or_started_before",
    "completed_before",
)
TIMES = (
    "created_before",
    "created_after",
    "started_before",
    "started_after",
    "created_or_started_before",
    "created_or_started_after",
)
SWITCHES = ("running", "suspended", "is_flow_step")


def only_completed(query: JobQuery) -> bool:
    """Whether only jobs that have ended can meet the filters."""
    return bool(query.is_skipped) or any(getattr(query, name) is not None for name in COMPLETED_ONLY)


@dataclass(slots=True)
class Selection:
    """A statement being put together: the names of its parts and its parameters."""

    query: JobQuery
    parts: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, part: str, **parameters: Any) -> None:
        """Add a part."""
        self.parts.append(part)
        self.parameters |= parameters

    def switch(self, name: str, wanted: bool | None) -> None:
        """Add a condition or its contrary."""
        if wanted is not None:
            self.add(f"job_with_{name}" if wanted else f"job_without_{name}")

    def values(self, name: str, text: str | None, *, patterns: bool = False, wildcards: bool = False) -> None:
        """Add a comma-separated list of values, of which all or none begin with `!`."""
        if text is None:
            return
        wanted = [value.strip() for value in text.split(",") if value.strip()]
        without = bool(wanted) and all(value.startswith("!") for value in wanted)
        wanted = [value[1:] for value in wanted] if without else wanted
        if patterns:
            wanted = [pattern(value, wildcards) for value in wanted]
        self.add(f"job_without_{name}" if without else f"job_with_{name}", **{name: json.dumps(wanted)})

    async def run(self, database: Database) -> list[Row]:
        """The rows."""
        return await database.scan(" + ".join(self.parts), **self.parameters)


def pattern(value: str, wildcards: bool) -> str:
    """A value as SQLite's GLOB finds it, with `*` for anything where that is allowed."""
    quoted = "".join(f"[{character}]" if character in "[?" else character for character in value)
    return quoted if wildcards else quoted.replace("*", "[*]")


def select(
    query: JobQuery,
    who: Identity,
    workspace: str,
    database: Database,
    *,
    completed: bool,
    what: str | None = None,
    by: str | None = None,
) -> Selection:
    """The jobs that have ended, or the others, that meet the filters; not yet in order. Raises Failure 400."""
    chosen = Selection(query)
    chosen.add(what or "job_select")
    if what is None:
        chosen.add("job_select_arguments" if query.include_args else "job_select_no_arguments")
    everywhere = query.all_workspaces and workspace == ALL_WORKSPACES and who.super_admin
    chosen.add(
        "job_from_all" if everywhere else f"job_from_{by or index(query, workspace, database, completed=completed)}"
    )
    chosen.add("job_in_all" if everywhere else "job_in_workspace", workspace=workspace)
    if not who.is_admin:
        own = f"u/{who.username}/"
        chosen.add(
            "job_with_owner", owner=who.owner, username=who.username, own_path=own, own_path_end=own + LAST_CHARACTER
        )
    chosen.switch("completed", completed)
    _add_paths(chosen)
    _add_lists(chosen)
    _add_references(chosen)
    _add_switches(chosen)
    _add_times(chosen, completed)
    if completed:
        _add_endings(chosen)
    elif query.scheduled_for_before_now:
        chosen.add("job_with_due", now=now())
    return chosen


def index(query: JobQuery, workspace: str, database: Database, *, completed: bool) -> str:
    """The index that leads to the jobs of a page by the shortest way."""
    if not completed:
        return "unfinished"
    if query.parent_job is not None:
        return "parent"
    if _is_one(query.script_path_exact) or _is_rare(query.script_path_start, workspace, database):
        return "path"
    if query.success is False or query.status in BAD:
        return "unsuccessful"
    return "completed" if by_end(query) else "created"


def _is_one(values: str | None) -> bool:
    """Whether a list of values is a single one that is wanted."""
    return values is not None and not values.startswith("!") and "," not in values


def _below(start: str) -> dict[str, str]:
    """The bounds of the paths that begin so."""
    return {"path_start": start, "path_end": start + LAST_CHARACTER}


def _is_rare(start: str | None, workspace: str, database: Database) -> bool:
    """Whether so few jobs stand below a path that they are quickly put in order."""
    if not start:
        return False
    row = database.one("job_count_path_start", workspace=workspace, limit=FEW, **_below(start))
    return row is not None and row["found"] < FEW


def by_end(query: JobQuery) -> bool:
    """Whether the order is that of the ends: where ends or failures are asked for."""
    ends = query.completed_after is not None or query.completed_before is not None
    return ends or query.success is False or query.status in BAD


def _add_paths(chosen: Selection) -> None:
    """Filters by path."""
    query = chosen.query
    if _is_one(query.script_path_exact):
        chosen.add("job_with_path", path=query.script_path_exact)
    else:
        chosen.values("paths", query.script_path_exact)
    if query.script_path_start:
        chosen.add("job_with_path_start", **_below(query.script_path_start))


def _add_lists(chosen: Selection) -> None:
    """Filters that take several values."""
    query, wildcards = chosen.query, chosen.query.allow_wildcards
    chosen.values("creators", query.created_by)
    chosen.values("kinds", query.job_kinds)
    chosen.values("tags", query.tag, patterns=True, wildcards=wildcards)
    chosen.values("workers", query.worker, patterns=True, wildcards=wildcards)
    chosen.values("labels", query.label, patterns=True, wildcards=wildcards)


def _add_references(chosen: Selection) -> None:
    """Filters by what a job belongs to."""
    query = chosen.query
    if query.script_hash is not None:
        chosen.add("job_with_hash", hash=parse_hash(query.script_hash))
    if query.parent_job is not None:
        chosen.add("job_with_parent", parent_job=_identifier(query.parent_job))
    if query.schedule_path is not None:
        chosen.add("job_with_schedule_path", schedule_path=query.schedule_path)
    if query.concurrency_key is not None:
        chosen.add("job_with_concurrency_key", concurrency_key=query.concurrency_key)
    if query.trigger_kind is not None:
        chosen.add("job_with_schedule" if query.trigger_kind == "schedule" else "job_with_nothing")
    if query.trigger_path is not None:
        chosen.add("job_with_schedule_path", schedule_path=query.trigger_path)
    if query.broad_filter:
        chosen.add("job_with_text", text=query.broad_filter.lower())
    _add_json(chosen, "given", query.args)


def _add_json(chosen: Selection, name: str, text: str | None) -> None:
    """A filter by containment; what is not JSON is in nothing."""
    if text is None:
        return
    try:
        json.loads(text)
    except ValueError:
        chosen.add("job_with_nothing")
    else:
        chosen.add(f"job_with_{name}", **{name: text})


def _add_switches(chosen: Selection) -> None:
    """Filters that are true or false."""
    query = chosen.query
    for name in SWITCHES:
        chosen.switch(name, getattr(query, name))
    if query.has_null_parent:
        chosen.add("job_without_parent")
    if query.is_not_schedule:
        chosen.add("job_without_schedule")
    if query.excludes_entrypoint_override:
        chosen.add("job_without_entrypoint")


def _add_times(chosen: Selection, completed: bool) -> None:
    """Bounds, all inclusive."""
    query = chosen.query
    for name in (*TIMES, *(("completed_before", "completed_after") if completed else ())):
        text = getattr(query, name)
        if name in ("created_before", "created_after") and not completed:
            text = getattr(query, f"{name}_queue") or text
        if text is not None:
            chosen.add(f"job_with_{name}", **{name: _time(text, name)})


def _add_endings(chosen: Selection) -> None:
    """Filters by how a job ended."""
    query = chosen.query
    chosen.switch("success", query.success)
    chosen.switch("skipped", query.is_skipped)
    if query.status is not None:
        chosen.add("job_with_bad_status" if query.status in BAD else "job_with_status", status=query.status)
    _add_json(chosen, "returned", query.result)


def order(chosen: Selection, *, clamp: bool = True, page: int | None = None) -> Selection:
    """Put the selection in order and take a page of it."""
    query = chosen.query
    if by_end(query) and "job_with_completed" in chosen.parts:
        name = "job_by_latest_end" if query.order_desc else "job_by_earliest_end"
    else:
        name = "job_by_newest" if query.order_desc else "job_by_oldest"
    chosen.add(name, **paging(page, query.per_page, clamp=clamp))
    return chosen


def whole(chosen: Selection) -> Selection:
    """Put the selection in order and take as much as a page may hold."""
    chosen.add("job_by_newest" if chosen.query.order_desc else "job_by_oldest", limit=LONGEST_PAGE, offset=0)
    return chosen


def _identifier(text: str) -> str:
    try:
        return parse_id(text)
    except ValueError:
        quoted = json.dumps(text, ensure_ascii=False)
        raise sql_error(f"error returned from database: invalid input syntax for type uuid: {quoted}") from None


def _time(text: str, name: str) -> int:
    try:
        return parse_time(text)
    except ValueError:
        raise Failure(400, f"Failed to deserialize query string: {name}: input contains invalid characters") from None


def tags(text: str | None) -> str | None:
    """A comma-separated list of tags as JSON, None when it is not given."""
    return None if not text else json.dumps(_split(text))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def refuse_contradiction(query: JobQuery) -> None:
    """Raise Failure 400 where a running job is to have ended in some way."""
    if query.running is not None and only_completed(query):
        raise bad_request("cannot specify success/status with running")


def ids(rows: Iterable[Row]) -> list[str]:
    """The identifiers of rows."""
    return [row["id"] for row in rows]
