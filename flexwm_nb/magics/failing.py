"""The error of a failed job as the notebook shows it: at the lines of the cell, or of the step of a flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flexwm_nb import signatures
from flexwm_nb.display import traceback
from flexwm_nb.errors import ExecutionError, FlexwmError, JobFailed
from flexwm_nb.magics.failures import shown_as
from flexwm_nb.magics.origins import origin_of
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.display.traceback import Origin
    from flexwm_nb.engine import Engine
    from flexwm_nb.models.flow_status import ModuleStatus
    from flexwm_nb.models.jobs import Job


@dataclass(frozen=True, slots=True)
class FailedStep:
    """The step with which a flow's run failed."""

    step: str  # its id; inside of loops and branches after theirs: `each[2]/clean`
    job: Job | None  # None: it failed before it could start

    @property
    def id(self) -> str:
        """Its id alone."""
        return self.step.rpartition("/")[2].partition("[")[0]


async def failed(call: Call, job: Job) -> ExecutionError:
    """The error of a job that failed, with its traceback at the cell's lines."""
    from flexwm_nb.execution import failure as ended_badly

    engine = await call.engine()
    step = await failed_step(call, engine, job)
    inner = step.job if step is not None and step.job is not None else job
    origin = await origin_of(call, engine, inner)
    logs = await call.work(engine.executions.logs, inner.id)
    error = inner.error or job.error or _unknown(job)
    failure = traceback.failure_of(error, logs, origin.language)
    lines = traceback.render(
        failure,
        origin,
        job_id=job.id,
        engine=engine.client.endpoint.kind,
        took=job.duration,
        arguments=in_order(inner.arguments, origin),
        face=call.session.face,
        colour=call.session.colour,
        step="" if step is None else f"step {step.step} of {job.path or 'the flow'}",
        step_id="" if step is None or step.job is None else step.id,
        can_replay=origin.language == "python3" and bool(origin.content),
    )
    found = ended_badly(job)
    if isinstance(found, JobFailed):
        what = f"{failure.name}: {failure.message}" if failure.message else failure.name
        details: dict[str, Any] = {} if step is None else {"step": step.step}
        found = JobFailed(what, job_id=job.id, error=job.error or error, name=failure.name, **details)
    return shown_as(found, lambda: lines)


def in_order(arguments: Any, origin: Origin) -> dict[str, Any]:
    """A job's arguments in the order in which its source takes them; an engine keeps none."""
    if not isinstance(arguments, dict):
        return {}
    try:
        known = list(signatures.infer_schema(origin.language, origin.content).get("properties") or {})
    except FlexwmError:
        return arguments
    return {name: arguments[name] for name in [*known, *arguments] if name in arguments}


def _unknown(job: Job) -> dict[str, Any]:
    """The error of a job whose result names none: a loop's first, or what an expression said."""
    found = job.result if isinstance(job.result, list) else [job.result]
    errors = [item["error"] for item in found if isinstance(item, dict) and item.get("error")]
    first = errors[0] if errors else "the job failed without a message"
    return first if isinstance(first, dict) else {"name": "Error", "message": str(first)}


async def failed_step(call: Call, engine: Engine, job: Job) -> FailedStep | None:
    """The innermost step with which a flow's run failed; None for a script's job and where none did."""
    found: FailedStep | None = None
    inner: Job | None = job
    while inner is not None and inner.flow_status is not None:
        execution = await call.work(engine.executions.attach, inner.id)
        status = await call.work(execution.flow_status)
        module = next((module for module in reversed(status.modules) if module.state == "failure"), None)
        if module is None:
            return found
        index, job_id = failed_part(module)
        place = "" if index is None else f"[{index}]"
        inner = await _read(call, engine, job_id)
        found = FailedStep(f"{found.step}/{module.id}{place}" if found else f"{module.id}{place}", inner)
    return found


def failed_part(module: ModuleStatus) -> tuple[int | None, str | None]:
    """The iteration or branch with which a module failed, where it has several, and its job."""
    if module.flow_jobs is None or module.branch_chosen is not None:
        return None, next(iter(module.jobs), None)
    outcomes = module.flow_jobs_success or []
    index = next((number for number, success in enumerate(outcomes) if success is False), None)
    if index is None or index >= len(module.flow_jobs):
        return None, None
    return index, module.flow_jobs[index]


async def _read(call: Call, engine: Engine, job_id: str | None) -> Job | None:
    try:
        return None if job_id is None else await call.work(engine.executions.get, job_id)
    except FlexwmError:  # it was removed
        return None
