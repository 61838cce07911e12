"""The flows that loops and branches consist of, and what is noted of their ends."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from flexwm_nb.server.interpreter.draft import Draft
from flexwm_nb.server.interpreter.messages import Asking, Broken, Ended, Push, Release, Results
from flexwm_nb.server.interpreter.nodes import Place
from flexwm_nb.server.interpreter.state import NIL, Durations, ModuleState

ONE_WORKER = (
    "Bad request: Cannot continue on same worker with multiple jobs, "
    "parallel cannot be used in conjunction with same_worker"
)


def push(draft: Draft, place: Place, name: str, arguments: str, **more: Any) -> Push:
    """The command for a flow inside the present module."""
    return Push(
        id=draft.new_id(),
        kind="flownode" if draft.facts.deployed else "flowpreview",
        step_id=draft.module.id,
        path=f"{draft.facts.path}/{name}",
        arguments=arguments,
        place=place,
        tag=draft.facts.tag,
        interpreter=draft.facts.interpreter,
        priority=draft.module.priority if draft.module.priority is not None else draft.facts.priority,
        same_worker=draft.facts.same_worker,
        **more,
    )


def check_parallel(draft: Draft, count: int) -> None:
    """Raise Broken where several jobs would have to share a worker."""
    if draft.facts.same_worker and count > 1:
        raise Broken(ONE_WORKER)


def open_status(draft: Draft, jobs: list[str], kept: ModuleState | None = None, **fields: Any) -> None:
    """Note the jobs that the present module begins with, after those kept of another run."""
    before = kept or ModuleState("InProgress", draft.module.id)
    old, durations = before.flow_jobs or [], before.flow_jobs_duration or Durations()
    rest: list[None] = [None] * len(jobs)
    past: list[None] = [None] * (len(old) - len(durations.started_at))
    done: list[bool] = [True] * (len(old) - len(before.flow_jobs_success or []))
    draft.set_status(
        ModuleState(
            "InProgress",
            draft.module.id,
            job=jobs[-1] if jobs else NIL,
            flow_jobs=[*old, *jobs],
            flow_jobs_success=[*(before.flow_jobs_success or []), *done, *rest],
            flow_jobs_duration=Durations([*durations.started_at, *past, *rest], [*durations.duration_ms, *past, *rest]),
            **fields,
        )
    )


def kept_of_restart(draft: Draft) -> ModuleState | None:
    """The status of a module that is taken up at an iteration."""
    return draft.status if draft.status.type == "InProgress" and draft.status.flow_jobs else None


def note_end(draft: Draft, event: Ended, *, failed: bool = False) -> ModuleState:
    """The module's status with the end of one of its jobs, which counts as `failed` whatever it says."""
    status = draft.status
    jobs = status.flow_jobs or []
    place = len(jobs) - 1 if jobs and jobs[-1] == event.job else jobs.index(event.job)
    success, durations = list(status.flow_jobs_success or []), status.flow_jobs_duration or Durations()
    started, took = durations.started_at.copy(), durations.duration_ms.copy()
    success[place], started[place], took[place] = event.success and not failed, event.started_at, event.duration_ms
    return replace(status, flow_jobs_success=success, flow_jobs_duration=Durations(started, took))


def add_job(status: ModuleState, job: str, **fields: Any) -> ModuleState:
    """The module's status with one more job that runs now."""
    durations = status.flow_jobs_duration or Durations()
    return replace(
        status,
        job=job,
        flow_jobs=[*(status.flow_jobs or []), job],
        flow_jobs_success=[*(status.flow_jobs_success or []), None],
        flow_jobs_duration=Durations([*durations.started_at, None], [*durations.duration_ms, None]),
        **fields,
    )


def release(draft: Draft) -> None:
    """Let the next job start that waits for an end."""
    draft.emit(Release(draft.status.flow_jobs or []))


def results(status: ModuleState) -> Asking[str]:
    """What the module's jobs returned, as a JSON list."""
    jobs = tuple(status.flow_jobs or ())
    texts: list[str] = (yield Results(jobs)) if jobs else []
    return f"[{', '.join(texts)}]"
