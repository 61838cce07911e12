"""A job's row as the documents that Windmill answers with."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from flexwm_nb.server.clock import render_hash, render_time
from flexwm_nb.server.jobs.records import FINAL
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.http import fragment

LARGEST_VALUE = 90_000  # bytes of a result or arguments inside a job's document
PACKED_AT_BEST = 91  # PostgreSQL's compression: 273 bytes in 3
PACKED_ENOUGH = 0.75  # else it stores a value as it is
CHUNK = 64 * 1024  # bytes
TOO_BIG = msgspec.Raw(b'"WINDMILL_TOO_BIG"')
TOO_BIG_ARGUMENTS = msgspec.Raw(b'{"reason":"WINDMILL_TOO_BIG"}')
WITH_SOURCE = frozenset({"preview", "flowscript", "appscript"})  # kinds whose document shows their code
TIMES = frozenset({"created_at", "started_at", "completed_at", "scheduled_for"})

Document = dict[str, Any]


def is_completed(row: Row) -> bool:
    """Whether the job has ended."""
    return row["status"] in FINAL


def document(row: Row, *, logs: str | None = None, code: bool = True, typed: bool = True) -> Document:
    """The whole document of one job."""
    return _completed(row, logs, code, typed) if is_completed(row) else _queued(row, logs, code)


def tasks(rows: Sequence[Row]) -> Document:
    """The functions of a script that run as jobs of their own, by their jobs."""
    return {
        row["id"]: {
            "name": row["entrypoint"],
            "scheduled_for": render_time(row["scheduled_for"]),
            **({"started_at": render_time(row["started_at"])} if row["started_at"] else {}),
            **({"duration_ms": row["duration_ms"]} if row["completed_at"] else {}),
        }
        for row in rows
    }


def _queued(row: Row, logs: str | None, code: bool) -> Document:
    """Windmill's QueuedJob."""
    made: Document = {
        "type": "QueuedJob",
        "workspace_id": row["workspace_id"],
        "id": row["id"],
        "created_by": row["created_by"],
        "created_at": render_time(row["created_at"]),
        "scheduled_for": render_time(row["scheduled_for"]),
        "running": row["status"] == "running",
        "script_entrypoint_override": row["entrypoint"],
        "args": small(row["arguments"], TOO_BIG_ARGUMENTS),
        "canceled": row["canceled_by"] is not None,
        "job_kind": row["kind"],
        "permissioned_as": row["permissioned_as"],
        "is_flow_step": bool(row["is_flow_step"]),
        "same_worker": bool(row["same_worker"]),
        "email": row["email"],
        "visible_to_owner": bool(row["visible_to_owner"]),
        "tag": row["tag"],
        "is_retry": False,
        "suspend": row["suspend"] or 0,
    }
    _add(made, row, logs, code, QUEUED_ONLY)
    return made


def _ended(row: Row) -> Document:
    """What every document of a completed job has."""
    return {
        "workspace_id": row["workspace_id"],
        "id": row["id"],
        "created_by": row["created_by"],
        "created_at": render_time(row["created_at"]),
        "started_at": render_time(row["started_at"]),
        "duration_ms": row["duration_ms"] or 0,
        "success": row["status"] in ("success", "skipped"),
        "deleted": bool(row["deleted"]),
        "canceled": row["status"] == "canceled",
        "job_kind": row["kind"],
        "permissioned_as": row["permissioned_as"],
        "is_flow_step": bool(row["is_flow_step"]),
        "is_skipped": row["status"] == "skipped",
        "email": row["email"],
        "visible_to_owner": bool(row["visible_to_owner"]),
        "tag": row["tag"],
        "is_retry": False,
    }


def _completed(row: Row, logs: str | None, code: bool, typed: bool) -> Document:
    """Windmill's CompletedJob."""
    made: Document = {"type": "CompletedJob"} if typed else {}
    made |= _ended(row)
    made |= {
        "completed_at": render_time(row["completed_at"]),
        "args": small(row["arguments"], TOO_BIG_ARGUMENTS),
        "result_columns": fragment(row.get("columns")),
    }
    if row["result"] is not None:
        made["result"] = small(row["result"], TOO_BIG)
    _add(made, row, logs, code, ())
    return made


# Field of the document and what gives it; a None is left out.
OPTIONAL: tuple[tuple[str, Callable[[Row], Any]], ...] = (
    ("parent_job", lambda row: row["parent_job"]),
    ("script_hash", lambda row: render_hash(row["hash"])),
    ("script_path", lambda row: row["path"]),
    ("canceled_by", lambda row: row["canceled_by"]),
    ("canceled_reason", lambda row: row["canceled_reason"]),
    ("schedule_path", lambda row: row["schedule_path"]),
    ("language", lambda row: row["language"]),
    ("mem_peak", lambda row: row["mem_peak"]),
    ("isolation", lambda row: row["isolation"]),
    ("priority", lambda row: row["priority"]),
    ("labels", lambda row: fragment(row["labels"])),
    ("preprocessed", lambda row: None if row["preprocessed"] is None else bool(row["preprocessed"])),
    ("worker", lambda row: row["worker"]),
    ("flow_status", lambda row: fragment(row["flow_status"])),
)
QUEUED_ONLY: tuple[tuple[str, Callable[[Row], Any]], ...] = (
    ("started_at", lambda row: render_time(row["started_at"])),
    ("root_job", lambda row: row["root_job"]),
    ("timeout", lambda row: row["timeout"]),
    ("flow_step_id", lambda row: row["flow_step_id"]),
    ("cache_ttl", lambda row: row["cache_ttl"]),
)


def _add(
    made: Document, row: Row, logs: str | None, code: bool, more: tuple[tuple[str, Callable[[Row], Any]], ...]
) -> None:
    """Add what is there."""
    for name, find in (*OPTIONAL, *more):
        if (value := find(row)) is not None:
            made[name] = value
    if logs is not None:
        made["logs"] = logs
    if code and row["kind"] in WITH_SOURCE:
        for name in ("raw_code", "raw_lock"):
            if row[name] is not None:
                made[name] = row[name]
    if code and row["raw_flow"] is not None:
        made["raw_flow"] = fragment(row["raw_flow"])


def small(text: str | None, instead: msgspec.Raw) -> msgspec.Raw | None:
    """A stored JSON value, or what stands for one that is too large for a document."""
    if text is None:
        return None
    data = text.encode()
    return instead if len(data) > LARGEST_VALUE and _is_large(data) else msgspec.Raw(data)


def _is_large(data: bytes) -> bool:
    """Whether PostgreSQL would need more than LARGEST_VALUE bytes for the value, as Windmill asks it.

    Its compression finds repetitions within 4 kB and has no codes of varying length; so has deflate with fixed ones.
    """
    if len(data) > LARGEST_VALUE * PACKED_AT_BEST:
        return True
    packer = zlib.compressobj(6, zlib.DEFLATED, -12, 9, zlib.Z_FIXED)
    limit, size = min(LARGEST_VALUE, len(data) * PACKED_ENOUGH), 0
    for start in range(0, len(data), CHUNK):
        size += len(packer.compress(data[start : start + CHUNK]))
        if size > limit:
            return True
    return size + len(packer.flush()) > limit


def listed_completed(row: Row) -> Document:
    """Windmill's ListableCompletedJob."""
    made: Document = {"type": "CompletedJob", **_ended(row)}
    for name in ("parent_job", "canceled_by", "canceled_reason", "schedule_path", "language", "mem_peak", "priority"):
        if row[name] is not None:
            made[name] = row[name]
    if row["path"] is not None:
        made["script_path"] = row["path"]
    if row["hash"] is not None:
        made["script_hash"] = render_hash(row["hash"])
    for name, column in (("labels", "labels"), ("args", "arguments")):
        if row[column] is not None:
            made[name] = fragment(row[column])
    return made


def listed_queued(row: Row) -> Document:
    """An item of the queue's list: every key, nulls kept."""
    return {
        "id": row["id"],
        "running": row["status"] == "running",
        "created_by": row["created_by"],
        "created_at": render_time(row["created_at"]),
        "started_at": render_time(row["started_at"]),
        "scheduled_for": render_time(row["scheduled_for"]),
        "script_hash": render_hash(row["hash"]),
        "script_path": row["path"],
        "args": fragment(row["arguments"]),
        "job_kind": row["kind"],
        "schedule_path": row["schedule_path"],
        "is_flow_step": bool(row["is_flow_step"]),
        "language": row["language"],
        "email": row["email"],
        "suspend": row["suspend"] or 0,
        "tag": row["tag"],
        "priority": row["priority"],
        "workspace_id": row["workspace_id"],
    }
