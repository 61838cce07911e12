"""The variables that every job has, with samples of their values."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs import environment
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.web.http import as_json, context, identity, workspace

SAMPLE_JOB = "017e0ad5-f499-73b6-5488-92a61c5196dd"
SAMPLE_TOKEN = "q1A0qcPuO00yxioll7iph76N9CJDqn"  # noqa: S105
DESCRIPTIONS = {
    "WM_WORKSPACE": "Workspace id of the current script",
    "WM_TOKEN": "Token ephemeral to the current script with equal permission to the permission of the run",
    "WM_EMAIL": "Email of the user that executed the current script",
    "WM_USERNAME": "Username of the user that executed the current script",
    "WM_BASE_URL": "Base URL of this engine",
    "WM_JOB_ID": "Job id of the current script",
    "WM_JOB_PATH": "Path of the script or flow being run if any",
    "WM_FLOW_JOB_ID": "Job id of the encapsulating flow if the job is a flow step",
    "WM_ROOT_FLOW_JOB_ID": "Job id of the root flow if the job is a flow step",
    "WM_ROOT_JOB_ID": "Job id of the root job",
    "WM_FLOW_PATH": "Path of the encapsulating flow if the job is a flow step",
    "WM_SCHEDULE_PATH": "Path of the schedule if the job was triggered by one",
    "WM_SCHEDULED_FOR": "Time that the job was scheduled for",
    "WM_PERMISSIONED_AS": "Fully qualified owner name of the executor of the job",
    "WM_STATE_PATH": "State resource path unique to a script and its trigger",
    "WM_FLOW_STEP_ID": "The node id in a flow",
    "WM_OBJECT_PATH": "Path for objects that a run may keep",
    "WM_WORKER_GROUP": "Name of the worker group that the job runs on",
    "WM_RUNNABLE_ID": "Hash of the script being run",
    "WM_END_USER_EMAIL": "Email of the end user who started the job, if known",
    "WM_TESTED_RUNNABLE": "Path of what is being tested, if the job is a test",
}


async def contextual(request: Request) -> Response:
    """The contextual variables."""
    who, moment = identity(request), now()
    job = Job(
        id=SAMPLE_JOB,
        workspace_id=workspace(request),
        kind="script",
        tag="python3",
        created_by=who.username,
        permissioned_as=who.owner,
        email=who.email,
        created_at=moment,
        scheduled_for=moment,
        path=f"u/{who.username}/script_path",
    )
    values = environment.contextual(job, base_url=context(request).lifecycle.url, token=SAMPLE_TOKEN)
    return as_json(
        [
            {"name": name, "value": value, "description": DESCRIPTIONS.get(name, ""), "is_custom": False}
            for name, value in values.items()
        ]
    )


routes = [Route("/w/{workspace}/variables/list_contextual", contextual, methods=["GET"])]
