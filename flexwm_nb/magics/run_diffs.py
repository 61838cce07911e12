"""%windmill_diff of two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flexwm_nb.display import results
from flexwm_nb.display.run_diff import RunDiff
from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.magics.commands import Versions
from flexwm_nb.magics.dry_run import unified
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.models.jobs import Job


async def diff_of_runs(call: Call, command: Versions) -> RunDiff:
    """The older of two runs beside the newer; one alone beside the run of the same script before it."""
    engine = await call.engine()
    first = await call.work(engine.executions.get, await call.job_id(command.reference or None))
    if command.other is None:
        second = await _before(call, engine, first)
    else:
        second = await call.work(engine.executions.get, await call.job_id(command.other))
    old, new = sorted((first, second), key=lambda job: str(job.created_at))
    source, lock = await _sources(call, engine, old)
    other_source, other_lock = await _sources(call, engine, new)
    is_result = old.state == new.state == "success"
    return RunDiff(
        old=old,
        new=new,
        code=unified(source, other_source, "old", "new"),
        lock=unified(lock, other_lock, "old", "new"),
        results=(await _result(call, engine, old), await _result(call, engine, new)) if is_result else (None, None),
        face=call.session.face,
    )


async def _before(call: Call, engine: Engine, job: Job) -> Job:
    """The run of the same script before this one. Raises InvalidInput where it is the first."""
    found = await call.work(
        engine.executions.list, path=job.path, created_before=job.created_at, per_page=2, kinds=(str(job.kind),)
    )
    earlier = [other for other in found if other.id != job.id]
    if not job.path or not earlier:
        raise InvalidInput("there is no run before this one", remedy="Give the job to compare it with")
    return await call.work(engine.executions.get, earlier[0].id)


async def _sources(call: Call, engine: Engine, job: Job) -> tuple[str, str]:
    """The code and the lock of what ran; nothing where they are gone."""
    if not job.path or not job.hash or job.kind != "script":
        return "", ""
    try:
        script = await call.work(engine.scripts.get, f"{job.path}@{job.hash}")
    except FlexwmError:  # it was deleted since
        return "", ""
    return script.content, script.lock or ""


async def _result(call: Call, engine: Engine, job: Job) -> Any:
    """What it gave, as the notebook has it."""
    value = await call.work(engine.executions.attach(job.id).result)
    return results.present(value, autoframe=call.session.settings.autoframe, job=job)
