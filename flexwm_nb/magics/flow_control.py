"""Flows under way: approved or refused, and taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.wording import Headline, short
from flexwm_nb.errors import InvalidInput
from flexwm_nb.flows.cuts import cut_after
from flexwm_nb.magics import runs, steps
from flexwm_nb.magics.failing import failed_step
from flexwm_nb.magics.flow import followed
from flexwm_nb.magics.flow_commands import Approve, Restart
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import VARIABLE, travelling, variable

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.jobs import Job


async def windmill_approve(call: Call, command: Approve) -> Any:
    """Answer what a flow waits for, and follow it to its end."""
    engine = await call.engine()
    job_id = await call.job_id(command.job) if command.job or call.session.runs else await _waiting(call, engine)
    execution = await call.work(engine.executions.attach, job_id)
    notes = await _corrected(call, execution) if command.corrected else ()
    await call.work(execution.disapprove if command.deny else execution.approve, payload(call, command.payload))
    job = await call.work(execution.job)
    headline = (call.session.headline(job.id) or headline_of(job)).ended(job)
    headline = headline.evolve(notes=(*headline.notes, *notes))
    work = followed(call, execution, headline, definition_of(job), command)
    return await runs.guarded(call, job.id, work)


async def _corrected(call: Call, execution: Execution) -> tuple[str, ...]:
    """Put the newer cells of this notebook into a flow that waits, and say which."""
    job = await call.work(execution.job)
    value, changed = steps.corrected(definition_of(job), call.session.steps)
    if not changed:
        raise InvalidInput("this notebook has no newer cell of a step", remedy="Run the corrected %%windmill_step cell")
    await call.work(execution.replace, value)
    for name in changed:
        _remember(call, name, job.path or "flow")
    return (f"with the newer {' and '.join(changed)}",)


async def _waiting(call: Call, engine: Engine) -> str:
    """The only run on the engine that waits for an approval. Raises InvalidInput where there is none, or several."""
    running = await call.work(engine.executions.list, state="running", kinds=("flow", "flowpreview"))
    found = []
    for job in running:
        execution = await call.work(engine.executions.attach, job.id)
        if (await call.work(execution.flow_status)).waiting is not None:
            found.append(job)
    if len(found) != 1:
        listed = ", ".join(f"{job.path} {short(job.id)}" for job in found)
        what = "no flow waits for an approval" if not found else f"{len(found)} flows wait for an approval"
        raise InvalidInput(what, why=listed or None, remedy="Name the job: %windmill_approve ID")
    return found[0].id


def payload(call: Call, text: str | None) -> Any:
    """What is sent with an approval: JSON, a kernel variable, or text."""
    if text is None:
        return None
    found = VARIABLE.fullmatch(text)
    if found:
        return travelling("--payload", variable(found[1], call.names, f"--payload {text}"))
    try:
        return json.loads(text)
    except ValueError:
        if text[:1] in ("{", "["):
            raise InvalidInput(f"--payload {text} is not JSON", remedy='Write it as {"name": "value"}') from None
        return text


def headline_of(job: Job) -> Headline:
    """The line about a flow's run of which this notebook knows nothing."""
    return Headline(subject=job.path or "flow", job_id=job.id, stable=job.path or "flow")


def definition_of(job: Job) -> Mapping[str, Any]:
    """What a flow's run does."""
    return job.raw_flow if isinstance(job.raw_flow, Mapping) else {}


async def windmill_restart(call: Call, command: Restart) -> Any:
    """Take a run up again, with the newer cells of its steps that this notebook has."""
    engine = await call.engine()
    execution = await call.work(engine.executions.attach, await call.job_id(command.job))
    job = await call.work(execution.job)
    value, changed = definition_of(job), list[str]()
    step = command.step or await _failed(call, engine, job)
    if value and not command.as_it_was:
        _known(_outermost(step), value)
        value, changed = steps.corrected(value, call.session.steps)
    notes = [f"from {step}" + (f":{command.iteration}" if command.iteration is not None else "")]
    notes += [f"with the newer {' and '.join(changed)}"] if changed else []
    given = {"value": value} if changed else {}
    new = await call.work(execution.restart, step, iteration=command.iteration, **given)
    path = job.path or "flow"
    headline = Headline(subject=path, stable=path, notes=tuple(notes))
    for name in changed:
        _remember(call, name, path)
    headline = runs.begun(call, engine, headline, new.id)
    return await runs.guarded(call, new.id, followed(call, new, headline, value, command))


def _remember(call: Call, step: str, path: str) -> None:
    """Keep which cell a corrected step came from."""
    from flexwm_nb.magics.origins import remember_steps

    cell = call.session.steps[step]
    module = {"id": step, "value": {"type": "rawscript", "language": cell.language, "content": cell.content}}
    remember_steps(call, path, [module], "\n" * cell.above + cell.content, cell.cell)


async def _failed(call: Call, engine: Engine, job: Job) -> str:
    """The step at which a run failed, at the outermost level. Raises InvalidInput where none did."""
    found = await failed_step(call, engine, job)
    if found is None:
        raise InvalidInput("no step of this run failed", remedy="Say where to begin: --from STEP")
    return _outermost(found.step)


def _outermost(step: str) -> str:
    """The step of the flow itself in which one stands."""
    return step.partition("/")[0].partition("[")[0]


def _known(step: str, value: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a step that the flow does not have."""
    cut_after(value, step)
