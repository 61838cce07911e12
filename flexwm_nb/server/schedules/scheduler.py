"""Schedules. An enabled one always has exactly one job that waits for its next tick, stored in the same transaction as
the change that calls for it: the schedule's own, its last job's end, or (for flows, which may overlap) its start.

So a tick is neither lost nor run twice, whenever the engine dies. A tick that fell due while no engine ran is run
once, at the next start.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flexwm_nb.server.clock import now, render_time
from flexwm_nb.server.flows import restarts
from flexwm_nb.server.jobs.job_arguments import normal
from flexwm_nb.server.jobs.job_ids import new_id
from flexwm_nb.server.jobs.records import FLOWS, Ending, Job
from flexwm_nb.server.schedules import cron
from flexwm_nb.server.scripts.languages import default_tag
from flexwm_nb.server.store.connections import Row, Transaction
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.failures import Failure, missing

FLOW_TAG = "flow"
STEP = "a"  # of a flow that is one script or flow
SKIP_CHECK = "skip_validation"  # the step before it, named as in Windmill
NOT_TRUE = (
    "Schedule handler {} did not return true for datetime {}. "
    "Handler must return boolean true to execute scheduled job."
)
FACTS = ("workspace_id", "schedule_path", "parent_job", "scheduled_for")


def push(transaction: Transaction, schedule: Row, *, after: int | None = None) -> bool:
    """Store the job of the next tick, unless the schedule is off or one waits already; whether it was stored.

    Raises Failure 400 for an expression that cannot be read and 404 for a target that does not exist.
    """
    where, path = schedule["workspace_id"], schedule["path"]
    if not schedule["enabled"] or transaction.one("schedules_waiting", workspace=where, path=path):
        return False
    moment = next_tick(schedule, after)
    _store(transaction, _job(transaction, schedule, moment))
    return True


def _store(transaction: Transaction, job: Job) -> None:
    """Store a job that waits."""
    parameters = job.columns()
    transaction.run("jobs_insert", status="queued", **parameters)
    transaction.run("jobs_insert_input", **parameters)


def next_tick(schedule: Row, after: int | None = None) -> int:
    """When the schedule next falls due, in microseconds. Raises Failure 400."""
    expression = cron.parse(schedule["schedule"], schedule["timezone"], schedule["cron_version"])
    return next(expression.after(max(now(), after or 0, schedule["paused_until"] or 0)))


def _job(transaction: Transaction, schedule: Row, moment: int) -> Job:
    """The job of a tick."""
    find = _flow_fields if schedule["is_flow"] else _script_fields
    fields = find(transaction, schedule)
    settings = json.loads(schedule["settings"])
    if (handler := settings.get("dynamic_skip")) or (settings.get("retry") and not schedule["is_flow"]):
        names = ("path", "hash", "priority", "timeout") if fields["kind"] == "script" else ("path", "timeout")
        fields = _single_step(schedule, moment, handler) | {name: fields[name] for name in names}
    fields["tag"] = schedule["tag"] or fields["tag"]
    return Job(
        id=new_id(),
        workspace_id=schedule["workspace_id"],
        created_by="schedule-" + schedule["path"].replace("/", "-"),
        permissioned_as=schedule["permissioned_as"],
        email=schedule["email"],
        created_at=now(),
        scheduled_for=moment,
        schedule_path=schedule["path"],
        arguments=schedule["args"] or "{}",
        **fields,
    )


def _script_fields(transaction: Transaction, schedule: Row) -> dict[str, Any]:
    """What the script gives the job. Raises Failure 404."""
    path = schedule["script_path"]
    row = transaction.one("jobs_live_script", workspace=schedule["workspace_id"], path=path)
    if row is None:
        raise missing("script", path)
    names = ("path", "hash", "language", "priority", "timeout", "cache_ttl", "interpreter")
    fields = {name: row[name] for name in names}
    return {"kind": "script", "tag": row["tag"] or default_tag(row["language"]), **fields}


def _single_step(schedule: Row, moment: int, handler: str | None) -> dict[str, Any]:
    """A flow of the target alone, which may try again when it fails, after a script that says whether it is to run."""
    kind = "flow" if schedule["is_flow"] else "script"
    names = json.loads(schedule["args"] or "{}")
    given = {name: {"type": "javascript", "expr": f"flow_input[{json.dumps(name)}]"} for name in names}
    target = {"id": STEP, "value": {"type": kind, "path": schedule["script_path"], "input_transforms": given}}
    if retry := json.loads(schedule["settings"]).get("retry"):
        target["retry"] = retry
    before = [] if handler is None else [_skip_check(handler, moment)]
    text = json.dumps({"modules": [*before, target]}, ensure_ascii=False)
    return {"kind": "singlestepflow", "tag": FLOW_TAG, "raw_flow": text, "flow_status": restarts.new_status(text)}


def _skip_check(handler: str, moment: int) -> dict[str, Any]:
    """The step that asks a script about a tick, which is skipped unless the script returns true."""
    due = (render_time(moment) or "").replace("Z", "+00:00")
    value = {"type": "static", "value": due}
    return {
        "id": SKIP_CHECK,
        "value": {"type": "script", "path": handler, "input_transforms": {"scheduled_for": value}},
        "stop_after_if": {
            "expr": "result !== true",
            "skip_if_stopped": True,
            "error_message": NOT_TRUE.format(handler, due),
        },
    }


def _flow_fields(transaction: Transaction, schedule: Row) -> dict[str, Any]:
    """What the flow gives the job. Raises Failure 404."""
    path = schedule["script_path"]
    row = transaction.one("flows_runnable", workspace=schedule["workspace_id"], path=path)
    if row is None:
        raise missing("flow", path)
    return {
        "kind": "flow",
        "tag": row["tag"] or FLOW_TAG,
        "path": path,
        "hash": row["version_id"],
        "timeout": row["timeout"],
        "interpreter": row["interpreter"],
        "raw_flow": row["value"],
        "flow_status": restarts.new_status(row["value"]),
    }


def started(transaction: Transaction, job: Job) -> None:
    """A job starts: the next tick of a flow's schedule waits from now on."""
    if job.schedule_path is None or job.parent_job is not None or job.kind not in FLOWS:
        return
    schedule = transaction.one("schedules_get", workspace=job.workspace_id, path=job.schedule_path)
    if schedule is not None:
        _follow(transaction, schedule, job.scheduled_for)


def overlapping(database: Database, job: Job) -> tuple[str, ...]:
    """The runs that go on of a flow that starts, where its schedule allows only one: it is skipped then."""
    named = {"workspace": job.workspace_id, "schedule_path": job.schedule_path, "path": job.path, "id": job.id}
    return tuple(row["id"] for row in database.read("schedules_overlapping", **named))


def ended(transaction: Transaction, job: Row | Job, ending: Ending | None = None) -> None:
    """A job has ended: the next tick of its schedule waits from now on, and a failure has its handler run."""
    facts = job if isinstance(job, dict) else {name: getattr(job, name) for name in FACTS}
    if facts["schedule_path"] is None or facts["parent_job"] is not None:
        return
    schedule = transaction.one("schedules_get", workspace=facts["workspace_id"], path=facts["schedule_path"])
    if schedule is None:
        return
    _follow(transaction, schedule, facts["scheduled_for"])
    handler = json.loads(schedule["settings"]).get("on_failure")
    if handler and isinstance(job, Job) and ending is not None and ending.status == "failure":
        _handle(transaction, schedule, handler, job, ending)


def _handle(transaction: Transaction, schedule: Row, handler: str, job: Job, ending: Ending) -> None:
    """Store the job of a failure's handler, `script/PATH` or `flow/PATH`; the schedule says why where there is none."""
    kind, _, path = handler.partition("/")
    settings = json.loads(schedule["settings"])
    result = json.loads(ending.result)
    given = {
        "path": f"{'flow' if schedule['is_flow'] else 'script'}/{schedule['script_path']}",
        "schedule_path": schedule["path"],
        "error": result.get("error", result) if isinstance(result, dict) else result,
        "failed_times": 1,
        "started_at": render_time(job.started_at),
        "job_id": job.id,
        **(settings.get("on_failure_extra_args") or {}),
    }
    target = {**schedule, "is_flow": kind == "flow", "script_path": path, "settings": "{}", "tag": None}
    try:
        made = _job(transaction, target, now())
    except Failure as failure:
        error = f"on_failure: {failure.text}"
        transaction.run("schedules_note", workspace=schedule["workspace_id"], path=schedule["path"], error=error)
        return
    arguments = normal(json.dumps(given, ensure_ascii=False))
    _store(transaction, replace(made, arguments=arguments, parent_job=job.id, schedule_path=None))


def _follow(transaction: Transaction, schedule: Row, moment: int) -> None:
    """Store the tick after one; a schedule that cannot go on is switched off and says why."""
    try:
        push(transaction, schedule, after=moment)
    except Failure as failure:
        _switch_off(transaction, schedule, failure.text)


def _switch_off(transaction: Transaction, schedule: Row, why: str) -> None:
    transaction.run("schedules_switch_off", workspace=schedule["workspace_id"], path=schedule["path"], error=why)


def clear(transaction: Transaction, where: str, path: str) -> None:
    """Drop the tick that waits."""
    for statement in ("schedules_clear_inputs", "schedules_clear"):
        transaction.run(statement, workspace=where, path=path)


def retarget(transaction: Transaction, where: str, path: str, *, is_flow: bool, new_path: str | None = None) -> bool:
    """Let the schedules of a script or flow run its newest version, at its new path; whether there are any."""
    found = transaction.run("schedules_of_target", workspace=where, target=path, is_flow=is_flow)
    for schedule in found:
        if new_path not in (None, path):
            name = schedule["path"]
            transaction.run("schedules_retarget", workspace=where, path=name, target=new_path)
            schedule["script_path"] = new_path
        if transaction.one("schedules_waiting", workspace=where, path=schedule["path"]):
            clear(transaction, where, schedule["path"])
            push(transaction, schedule)
    return bool(found)


def restore(transaction: Transaction) -> None:
    """Give each enabled schedule its tick where that is missing, at the engine's start."""
    for schedule in transaction.run("schedules_without_job"):
        try:
            push(transaction, schedule)
        except Failure as failure:
            _switch_off(transaction, schedule, failure.text)
