"""The variables that every job has: the engine's, with samples of their values, and those of the workspace."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs import environment
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.web.failures import bad_request
from flexwm_nb.server.web.http import admin, as_json, body, context, identity, plain, workspace

NAME = re.compile(r"[^\W\d]\w*", re.ASCII)
OF_WORKSPACE = ""
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


class Variable(msgspec.Struct):
    """A variable of the workspace; without a value it goes."""

    name: str
    value: str | None = None


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
    own = context(request).database.read("workspaces_environment", workspace=workspace(request))
    return as_json(
        [
            *(_shown(name, value, custom=False) for name, value in values.items()),
            *(_shown(row["name"], row["value"], custom=True) for row in own if row["name"] not in values),
        ]
    )


def _shown(name: str, value: str, *, custom: bool) -> dict[str, Any]:
    description = OF_WORKSPACE if custom else DESCRIPTIONS.get(name, "")
    return {"name": name, "value": value, "description": description, "is_custom": custom}


async def set_variable(request: Request) -> Response:
    """Give all jobs of the workspace a variable, another value of it, or none. Raises Failure 400 for a bad name."""
    admin(request)
    where, new = workspace(request), await body(request, Variable)
    if not NAME.fullmatch(new.name) or "\0" in (new.value or ""):
        raise bad_request(f"{new.name} cannot be a variable of the environment: take letters, digits and underscores")
    row = {"workspace": where, "name": new.name}

    def change(transaction: Transaction) -> None:
        if new.value is None:
            transaction.run("workspaces_delete_variable", **row)
        else:
            transaction.run("workspaces_set_variable", **row, value=new.value)

    await context(request).database.write(change)
    return plain(f"{'Deleted' if new.value is None else 'Set'} environment variable {new.name}")


W = "/w/{workspace}"
routes = [
    Route(f"{W}/variables/list_contextual", contextual, methods=["GET"]),
    Route(f"{W}/workspaces/set_environment_variable", set_variable, methods=["POST"]),
]
