"""The environment variables that a job sees: Windmill's, and nothing of the server's own but where programs are."""

from __future__ import annotations

import os
from datetime import datetime, timezone

from flexwm_nb.server.jobs.records import Job

WORKER_GROUP = "default"
KEPT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "TZ": ""}  # with what stands in for them
SECOND = 1_000_000  # microseconds
MILLISECOND = 1_000  # microseconds


def contextual(job: Job, *, base_url: str, token: str, flow_path: str = "") -> dict[str, str]:
    """The job's `WM_*` variables; those that do not apply are empty. `flow_path`: of the flow above it."""
    username = job.permissioned_as.partition("/")[2]
    return {
        "WM_WORKSPACE": job.workspace_id,
        "WM_TOKEN": token,
        "WM_EMAIL": job.email,
        "WM_USERNAME": username,
        "WM_BASE_URL": base_url,
        "WM_JOB_ID": job.id,
        "WM_JOB_PATH": job.path or "",
        "WM_FLOW_JOB_ID": job.parent_job or "" if job.is_flow_step else "",
        "WM_ROOT_FLOW_JOB_ID": job.root_job or "" if job.is_flow_step else "",
        "WM_ROOT_JOB_ID": job.root_job or job.id,
        "WM_FLOW_PATH": flow_path,
        "WM_SCHEDULE_PATH": job.schedule_path or "",
        "WM_SCHEDULED_FOR": datetime.fromtimestamp(job.scheduled_for // SECOND, timezone.utc).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
        "WM_PERMISSIONED_AS": job.permissioned_as,
        "WM_STATE_PATH": state_path(job, username),
        "WM_FLOW_STEP_ID": job.flow_step_id or "",
        "WM_OBJECT_PATH": object_path(job),
        "WM_WORKER_GROUP": WORKER_GROUP,
        "WM_RUNNABLE_ID": "" if job.hash is None else f"{job.hash & (1 << 64) - 1:016x}",
        "WM_END_USER_EMAIL": "",
        "WM_TESTED_RUNNABLE": "",
    }


def build(job: Job, variables: dict[str, str], *, base_url: str) -> dict[str, str]:
    """The whole environment, given the job's `WM_*` variables."""
    system = {name: os.environ.get(name) or fallback for name, fallback in KEPT.items()}
    addresses = {"BASE_INTERNAL_URL": base_url, "BASE_URL": base_url}
    if job.entrypoint and job.language == "python3":
        addresses["MAIN_OVERRIDE"] = job.entrypoint
    return {**system, **addresses, **variables}


def state_path(job: Job, username: str) -> str:
    """Where a script keeps its state between runs."""
    if not job.path:
        return f"u/{username}/tmp_state"
    trigger = username if job.schedule_path else "user"
    return f"{job.path}state/{trigger}" if job.path.endswith("/") else f"{job.path}/{trigger}"


def object_path(job: Job) -> str:
    """Where a run may keep objects."""
    origin = job.schedule_path.replace("/", "_") if job.schedule_path else "manual"
    moment = (job.started_at or job.created_at) // MILLISECOND
    return f"{(job.path or '').replace('/', '_')}/{origin}/{moment}_{job.id}"
