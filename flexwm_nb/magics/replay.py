"""%windmill_replay: what a job ran, run here in the kernel with the job's own inputs, where it can be debugged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.live import show_final
from flexwm_nb.display.wording import Headline, short
from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.magics import local
from flexwm_nb.magics.arguments import nearest
from flexwm_nb.magics.failing import failed_step
from flexwm_nb.magics.flow_commands import Replay
from flexwm_nb.magics.flow_watch import steps_of
from flexwm_nb.magics.origins import origin_of
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.display.traceback import Origin
    from flexwm_nb.engine import Engine
    from flexwm_nb.models.jobs import Job

INPUTS = "inputs"  # the kernel variable that takes them


async def windmill_replay(call: Call, command: Replay) -> Any:
    """Run a job's code with its inputs; an error is an ordinary one, for %debug. The engine notices nothing."""
    engine = await call.engine()
    job = await call.work(engine.executions.get, await call.job_id(command.job))
    step, inner = await step_of(call, engine, job, command.step)
    origin = await origin_of(call, engine, inner)
    if origin.language != "python3" or not origin.content:
        what = f"{origin.language} cannot run in the kernel" if origin.content else "its source is not there any more"
        raise InvalidInput(
            f"job {short(inner.id)} cannot be replayed", why=what, remedy=f"See %windmill_job {short(job.id)}"
        )
    values = await inputs_of(call, engine, inner)
    call.put(INPUTS, values)
    if command.edit:
        call.session.shell.set_next_input(editable(origin, step, job))
        return None
    subject = f"replay of step {step} of {job.path}" if step else f"replay of {job.path or 'a preview'}"
    names = ", ".join(values) or "no inputs"
    show_final(
        Headline(subject=subject, stable=subject, job_id=job.id, notes=(f"{INPUTS}: {names}",)), call.session.face
    )
    with surroundings(engine, inner):
        return await local.run_source(call, source_of(origin), values, command.output)


def editable(origin: Origin, step: str, job: Job) -> str:
    """A cell with a job's code: for a step the cell that corrects it, for a script the one that runs it again."""
    if step:
        return f"%%windmill_step {step.rpartition('/')[2].partition('[')[0]}\n{origin.content}"
    return f"%%windmill_script {origin.language} {job.path or 'f/demo/replayed'} --args {INPUTS}\n{origin.content}"


def source_of(origin: Origin) -> local.Source:
    """The source with its place in a cell of this kernel, where it is from one."""
    if origin.cell is None or origin.above < 0:  # its code is not in one piece in a cell
        return local.Source(content=origin.content, cell=None, label=origin.label or origin.path)
    return local.Source(content=origin.content, cell=origin.cell, above=origin.above)


async def step_of(call: Call, engine: Engine, job: Job, wanted: str | None) -> tuple[str, Job]:
    """The step that is meant and its job; the job itself where it is no flow's. Raises InvalidInput."""
    if job.flow_status is None:
        if wanted is not None:
            raise InvalidInput(f"job {short(job.id)} is no flow's", remedy=f"Write %windmill_replay {short(job.id)}")
        return "", job
    if wanted is None:
        found = await failed_step(call, engine, job)
        if found is None:
            raise InvalidInput("no step of this run failed", remedy=f"Name one: %windmill_replay {short(job.id)} STEP")
        if found.job is None:
            raise InvalidInput(f"step {found.step} failed before it could start", remedy="There is nothing to replay")
        return found.step, found.job
    execution = await call.work(engine.executions.attach, job.id)
    steps = {step.step: step for step in await steps_of(call, execution)}
    matching = [name for name in steps if name == wanted or name.rpartition("/")[2] == wanted]
    failures = [name for name in matching if steps[name].state == "failure"]
    name = next(iter(failures or matching), None)
    if name is None:
        close = nearest(wanted, list(steps))
        remedy = f"Did you mean {close}?" if close else f"There are {', '.join(steps)}"
        raise InvalidInput(f"the run has no step {wanted!r}", remedy=remedy)
    chosen = steps[name].job
    if chosen is None:
        raise InvalidInput(f"step {name} did not run", remedy="Name one that did")
    return name, await call.work(engine.executions.get, chosen)


async def inputs_of(call: Call, engine: Engine, job: Job) -> dict[str, Any]:
    """A job's inputs, with what `$var:` and `$res:` stand for."""
    given = job.arguments if isinstance(job.arguments, Mapping) else {}
    found = {}
    for name, value in given.items():
        found[name] = await _looked_up(call, engine, value) if isinstance(value, str) else value
    return found


async def _looked_up(call: Call, engine: Engine, value: str) -> Any:
    try:
        if value.startswith("$var:"):
            return await call.work(engine.variables.get, value.removeprefix("$var:"))
        if value.startswith("$res:"):
            return await call.work(engine.resources.get, value.removeprefix("$res:"), interpolated=True)
    except FlexwmError:  # gone meanwhile
        return value
    return value


@contextmanager
def surroundings(engine: Engine, job: Job) -> Iterator[None]:
    """The environment in which a script's own client finds the engine, as in the job; put back afterwards."""
    endpoint = engine.client.endpoint
    named = {
        "WM_WORKSPACE": endpoint.workspace,
        "WM_TOKEN": endpoint.token or "",
        "BASE_INTERNAL_URL": endpoint.url,
        "WM_BASE_URL": endpoint.url,
        "WM_JOB_ID": job.id,
        "WM_JOB_PATH": job.path or "",
    }
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
