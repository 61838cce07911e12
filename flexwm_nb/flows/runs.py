"""A flow's run, step by step, read from an engine; answering the events that it waits for; taking it up again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flexwm_nb.client.client import Client
from flexwm_nb.client.encoding import encode
from flexwm_nb.client.identifiers import new_id
from flexwm_nb.errors import InvalidInput, JobNotFound, NotFound, RequestRefused
from flexwm_nb.models.flow_status import NO_JOB, FlowStatus, ModuleStatus, StepRun, StepState
from flexwm_nb.models.jobs import Job, State

NOT_SUSPENDED = "not in a suspended state"  # in the answer of an engine whose flow went on meanwhile
TAKING_UP = 15.0  # seconds that a flow may take to go on after an event
LOOK = 0.1  # seconds between two looks
AT_ONCE = 8  # jobs that are read at the same time
STATES_OF_JOBS: Mapping[State, StepState] = {
    "queued": "queued",
    "running": "running",
    "success": "success",
    "failure": "failure",
    "canceled": "failure",
}
NO_FLOW = "Only a flow's run has steps"
PLACE = re.compile(r"([\w-]+)(?:\[(\d+)\])?")  # a step, and an iteration of it
ENTERPRISE = "only the local one and Windmill's enterprise edition can begin inside of a loop, branch or flow"
UNROUTED = "Wrong number of path arguments"  # what the open Windmill says of a restart


def status_of(job: Job) -> FlowStatus:
    """Where a flow's run stands. Raises InvalidInput for the job of a script."""
    if not isinstance(job.flow_status, Mapping):
        raise InvalidInput(f"The job {job.id} is no flow's", why=f"it is of kind {job.kind}", remedy=NO_FLOW)
    return FlowStatus.read(job.flow_status)


def read_steps(client: Client, job: Job, *, nested: bool = False) -> list[StepRun]:
    """The steps of a run, in order; `nested` also those inside of loops and branches. Raises InvalidInput."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(_steps(_Reader(client, pool), job, "", nested))


class _Reader:
    """Reads many jobs at once, those that are there."""

    def __init__(self, client: Client, pool: ThreadPoolExecutor) -> None:
        self._client, self._pool = client, pool

    def read(self, ids: Iterable[str]) -> dict[str, Job]:
        """By their ids."""
        found = self._pool.map(self._read, dict.fromkeys(ids))
        return {job.id: job for job in found if job is not None}

    def _read(self, job_id: str) -> Job | None:
        try:
            return self._client.read(Job, f"{self._client.workspace}/jobs_u/get/{job_id}", no_logs=True)
        except NotFound:
            return None


def _steps(reader: _Reader, job: Job, prefix: str, nested: bool) -> Iterator[StepRun]:
    status = status_of(job)
    modules = [*status.modules]
    if status.preprocessor_module is not None:
        modules.insert(0, status.preprocessor_module)
    if status.failure_module is not None and status.failure_module.job:
        modules.append(status.failure_module)
    jobs = reader.read(module.job for module in modules if module.job and module.job != NO_JOB and module.job != job.id)
    kinds = _kinds(job)
    for module in modules:
        found = jobs.get(module.job or "")
        yield _step(module, found, status.attempts(module), kinds.get(module.id, {}), prefix)
        if nested:
            yield from _inside(reader, module, prefix)


def _inside(reader: _Reader, module: ModuleStatus, prefix: str) -> Iterator[StepRun]:
    """The steps of a module's iterations, branches or flow."""
    jobs = reader.read(module.jobs)
    for number, job_id in enumerate(module.jobs):
        job, is_one_of_many = jobs.get(job_id), module.flow_jobs is not None and module.branch_chosen is None
        place = f"{prefix}{module.id}[{number}]" if is_one_of_many else f"{prefix}{module.id}"
        if job is not None and isinstance(job.flow_status, Mapping):
            yield from _steps(reader, job, f"{place}/", True)
        elif job is not None and is_one_of_many:
            yield _iteration(job, place)


def _iteration(job: Job, place: str) -> StepRun:
    """A loop's iteration that is a script, without a flow around it."""
    error = job.error
    return StepRun(
        step=place,
        state=STATES_OF_JOBS[job.state],
        job=job.id,
        jobs=(job.id,),
        started_at=job.started_at,
        completed_at=job.completed_at,
        queued_for=job.queued_for,
        duration=job.duration,
        attempts=1 if job.started_at else 0,
        worker=job.worker,
        error=_said(error) if error else None,
    )


def _step(module: ModuleStatus, job: Job | None, attempts: int, value: Mapping[str, Any], prefix: str) -> StepRun:
    many = module.flow_jobs is not None
    done = sum(success is not None for success in module.flow_jobs_success or []) if many else None
    return StepRun(
        step=f"{prefix}{module.id}",
        state=module.state,
        summary=value.get("summary"),
        kind=(value.get("value") or {}).get("type"),
        job=None if module.job == NO_JOB else module.job,
        jobs=tuple(module.jobs),
        started_at=job.started_at if job else None,
        completed_at=job.completed_at if job else None,
        queued_for=job.queued_for if job else None,
        duration=job.duration if job else None,
        attempts=attempts,
        done=done,
        worker=job.worker if job else None,
        error=_error(module, job),
    )


def _error(module: ModuleStatus, job: Job | None) -> str | None:
    """The error of a failed step: its name and message."""
    if module.state != "failure" or job is None:
        return None
    results = job.result if isinstance(job.result, list) else []
    errors = [item["error"] for item in results if isinstance(item, dict) and isinstance(item.get("error"), dict)]
    found = job.error or (errors[0] if errors else None)
    return _said(found) if found else None


def _said(error: Mapping[str, Any]) -> str:
    return f"{error.get('name') or 'Error'}: {error.get('message') or ''}".rstrip(": ")


def _kinds(job: Job) -> dict[str, Mapping[str, Any]]:
    """The modules of the run's definition, by their ids."""
    raw = job.raw_flow if isinstance(job.raw_flow, Mapping) else {}
    modules = [*(raw.get("modules") or []), raw.get("failure_module"), raw.get("preprocessor_module")]
    return {str(module.get("id")): module for module in modules if isinstance(module, Mapping)}


def read_step_result(client: Client, job_id: str, step: str) -> Any:
    """The result of a run's step. Raises NotFound where there is none yet."""
    return client.get(f"{client.workspace}/jobs/result_by_id/{job_id}/{step}")


def suspended_in(client: Client, job: Job) -> str | None:
    """The job of the flow that waits for an event: this run's, or that of a flow inside of it."""
    status = status_of(job)
    if status.waiting is not None:
        return job.id
    for module in status.modules:
        if module.type != "InProgress":
            continue
        for inner in module.jobs:
            if inner != job.id and (found := _suspended(client, inner)) is not None:
                return found
    return None


def _suspended(client: Client, job_id: str) -> str | None:
    try:
        job = client.read(Job, f"{client.workspace}/jobs_u/get/{job_id}", no_logs=True, no_code=True)
    except NotFound:
        return None
    return suspended_in(client, job) if isinstance(job.flow_status, Mapping) and not job.done else None


def send_event(client: Client, job: Job, value: Any, *, approved: bool) -> None:
    """Approve or refuse what a run waits for. Raises InvalidInput where it waits for nothing."""
    waiting = suspended_in(client, job)
    if waiting is None:
        state = "it has ended" if job.done else "none of its steps is suspended"
        raise InvalidInput(f"The flow {job.id} waits for no approval", why=state)
    try:
        if approved:
            client.post(f"{client.workspace}/jobs/flow/resume/{waiting}", encode({} if value is None else value))
        else:
            body = {"approved": False, **({} if value is None else {"payload": value})}
            client.post(f"{client.workspace}/jobs_u/flow/resume_suspended/{waiting}", body)
    except RequestRefused as error:
        if NOT_SUSPENDED not in str(error.details.get("body")):
            raise
        raise InvalidInput(f"The flow {job.id} waits for no approval", why="it has moved on meanwhile") from None
    _until_taken_up(client, waiting)


def _until_taken_up(client: Client, job_id: str) -> None:
    """Wait until a flow has gone on, unless it waits for more: Windmill says for a moment that it waits still."""
    deadline = time.monotonic() + TAKING_UP
    while time.monotonic() < deadline:
        job = client.read(Job, f"{client.workspace}/jobs_u/get/{job_id}", no_logs=True, no_code=True)
        if job.done or job.suspend or status_of(job).waiting is None:
            return
        time.sleep(LOOK)


def replace(client: Client, job_id: str, value: Mapping[str, Any]) -> None:
    """Have a suspended flow go on with another definition. Raises InvalidInput for an engine that cannot."""
    try:
        client.post(f"{client.workspace}/jobs/flow/replace/{job_id}", encode({"value": dict(value)}))
    except NotFound as error:
        if error.details.get("body"):
            raise
        remedy = "Cancel it, and take it up again with restart(STEP, value=…)"
        why = "only the local one can"
        raise InvalidInput("This engine cannot change a flow that waits", why=why, remedy=remedy) from None


def restart(
    client: Client,
    job: Job,
    step: str,
    *,
    iteration: int | None = None,
    value: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> str:
    """Take a run up again at a step; the id of the new run. What came before keeps its results.

    The step is named as `read_steps` names it: `each[2]/clean` stands inside of the iteration 2 of `each`. Where the
    engine does not route restarts, the definition is started as a preview that goes on from the old run. Raises
    InvalidInput for a name that cannot be read, and where the engine cannot take up a step inside of another one.
    """
    status_of(job)
    new, places = new_id(), _places(step, iteration)
    body = {**places[0], **({"nested_path": places[1:]} if places[1:] else {})}
    if (value is None and arguments is None) or places[1:]:
        changed = {"value": value, "args": arguments}
        body |= {name: dict(given) for name, given in changed.items() if given is not None}
        try:
            client.post(f"{client.workspace}/jobs/restart/f/{job.id}", encode(body), repeat=True, job_id=new)
            return new
        except RequestRefused as error:
            if UNROUTED not in str(error.details.get("body")):
                raise
            if places[1:]:
                remedy = f"Begin at {places[0]['step_id']} itself"
                raise InvalidInput(
                    f"This engine cannot take up a run at {step}", why=ENTERPRISE, remedy=remedy
                ) from None
    preview = {
        "value": dict(job.raw_flow or {} if value is None else value),
        "args": dict(job.arguments or {} if arguments is None else arguments),
        "path": job.path,
        "restarted_from": {"flow_job_id": job.id, **places[0]},
    }
    client.post(f"{client.workspace}/jobs/run/preview_flow", encode(preview), repeat=True, job_id=new)
    return new


def _places(step: str, iteration: int | None) -> list[dict[str, Any]]:
    """The steps on the way to one, outermost first. Raises InvalidInput."""
    places: list[dict[str, Any]] = []
    for part in step.split("/"):
        found = PLACE.fullmatch(part)
        if found is None:
            raise InvalidInput(f"{step!r} names no step", remedy="Write STEP, or LOOP[2]/STEP for one inside of a loop")
        number = None if found[2] is None else int(found[2])
        places.append({"step_id": found[1], **({} if number is None else {"branch_or_iteration_n": number})})
    if iteration is not None:
        places[-1]["branch_or_iteration_n"] = iteration
    return places


def no_step(error: NotFound, job_id: str, step: str) -> NotFound:
    """The error about a step that has no result."""
    return JobNotFound(f"Step {step} of {job_id} has no result", why=error.why, job_id=job_id, step=step)
