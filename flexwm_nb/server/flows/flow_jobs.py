"""The jobs that a flow pushes, made of the interpreter's commands."""

from __future__ import annotations

import json

from flexwm_nb.server.interpreter.messages import Push
from flexwm_nb.server.interpreter.nodes import Place
from flexwm_nb.server.jobs import temporary_scripts
from flexwm_nb.server.jobs.records import Job

SECOND = 1_000_000  # microseconds
NO_PATH = "tmp/main"  # Windmill's word for the path of a preview that has none


def make(push: Push, flow: Job, moment: int) -> Job:
    """The job of a step or a part of a flow."""
    return Job(
        id=push.id,
        workspace_id=flow.workspace_id,
        kind=push.kind,
        tag=push.tag or flow.tag,
        created_by=flow.created_by,
        permissioned_as=flow.permissioned_as,
        email=flow.email,
        created_at=moment,
        scheduled_for=moment + round(push.delay * SECOND),
        path=push.path,
        hash=push.hash,
        language=push.language,
        priority=push.priority,
        timeout=push.timeout,
        parent_job=flow.id,
        root_job=flow.root_job or flow.id,
        flow_step_id=push.step_id,
        is_flow_step=True,
        same_worker=push.same_worker,
        visible_to_owner=flow.visible_to_owner,
        schedule_path=flow.schedule_path,
        suspend=push.suspend,
        entrypoint=push.entrypoint,
        cache_ttl=push.cache_ttl,
        interpreter=push.interpreter,
        arguments=temporary_scripts.handed_on(flow, push.arguments),
        raw_code=push.raw_code,
        raw_lock=push.raw_lock,
        raw_flow=push.raw_flow,
        flow_place=None if push.place is None else json.dumps(push.place),
        delete_after=push.delete_after,
    )


def place_of(job: Job) -> Place | None:
    """Where in the flow above it a part of a flow stands."""
    return None if job.flow_place is None else Place(*json.loads(job.flow_place))


def path_of(job: Job) -> str:
    """The path from which those of its jobs are made."""
    return job.path or NO_PATH
