"""Runs: listed, looked at, cancelled, come back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flexwm_nb import journal
from flexwm_nb.display import frames, results
from flexwm_nb.display.logs import LogTail, own_lines
from flexwm_nb.display.run_view import RunView
from flexwm_nb.display.wording import Headline, coloured, short
from flexwm_nb.magics import runs
from flexwm_nb.magics.commands import Attach, Cancel, ListJobs, OneJob, Running
from flexwm_nb.magics.failing import failed
from flexwm_nb.magics.failures import rendered
from flexwm_nb.magics.flow_watch import drawn, steps_of, watch_of
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.models.jobs import Job

ROWS = 50  # runs shown where no limit is given
MANY = 1_000  # running jobs among which this notebook's are looked for


async def windmill_jobs(call: Call, command: ListJobs) -> Any:
    """The newest runs as a frame."""
    engine = await call.engine()
    limit = command.limit or ROWS
    found = await call.work(engine.executions.list, path=command.path, state=command.state, per_page=limit)
    made = _frame(call, engine, found)
    if not call.session.desk.is_seen:
        return made
    from flexwm_nb.magics.jobs_table import JobsTable

    return frames.living(made, JobsTable(call, engine, command, found, limit).show)


def _frame(call: Call, engine: Engine, found: list[Job]) -> Any:
    made = frames.jobs(found, workspace=engine.client.endpoint.workspace)
    return frames.steady(made) if call.session.face == "plain" else made


async def windmill_job(call: Call, command: OneJob) -> RunView:
    """One run."""
    engine = await call.engine()
    execution = await call.work(engine.executions.attach, await call.job_id(command.job))
    job = await call.work(execution.job)
    logs = await call.work(engine.executions.logs, job.id)
    tail = LogTail(call.session.settings.tail_lines)
    tail.feed(logs)
    tail.finish()
    failure = rendered(await failed(call, job)) if job.state == "failure" else []
    value = await call.work(execution.result) if job.state == "success" else None
    graph = await drawn(call, execution)
    seen = call.session.desk.is_seen
    steps = await steps_of(call, execution) if seen and graph is not None else []
    stage = call.session.desk.stage(engine, execution, headline_of(call, job), job.raw_flow)
    return RunView(
        job=job,
        headline=headline_of(call, job),
        logs=logs,
        lines=tail.lines,
        hidden=tail.hidden,
        value=value,
        display=(lambda view: stage.show(view, steps)) if seen else None,
        result=results.present(value, autoframe=call.session.settings.autoframe, job=job),
        failure=failure,
        face=call.session.face,
        graph=graph,
    )


def headline_of(call: Call, job: Job) -> Headline:
    """The line about a job, with what this kernel knows of it."""
    subject = job.path or f"{job.language or job.kind} preview"
    known = call.session.headline(job.id) or Headline(subject=subject, language=job.language or "")
    return known.evolve(job_id=job.id).ended(job)


async def windmill_logs(call: Call, command: OneJob) -> None:
    """Print a run's log; only the script's own lines with a plain face."""
    engine = await call.engine()
    text = await call.work(engine.executions.logs, await call.job_id(command.job))
    lines = own_lines(text) if call.session.face == "plain" else text.strip("\n").split("\n")
    if command.tail is not None:
        lines = lines[-command.tail :]
    if any(lines):
        print(coloured("\n".join(lines)))


async def windmill_cancel(call: Call, command: Cancel) -> None:
    """Cancel runs, and say of each what became of it."""
    engine = await call.engine()
    for part in command.jobs or (None,):
        job_id = await call.job_id(part)
        job = await call.work(engine.executions.get, job_id)
        if not job.done:
            await call.work(engine.executions.cancel, job_id, reason=command.reason, force=command.force)
        name = job.path or "the job" if call.session.face == "plain" else f"job {short(job_id)}"
        print(f"{name}: {'has ended already' if job.done else 'cancelled'}")


async def windmill_attach(call: Call, command: Attach) -> Any:
    """Follow a run from its first log line; without an id the one that this notebook left running."""
    engine = await call.engine()
    if command.job is None:
        going_on = await left_running(call, engine)
        if len(going_on) != 1:
            return _several(call, engine, going_on)
        job_id = going_on[0].id
    else:
        job_id = await call.job_id(command.job)
    return await come_back(call, engine, job_id, command)


async def come_back(call: Call, engine: Engine, job_id: str, command: Attach | Running) -> Any:
    """Follow a run from its first log line to its result."""
    execution = await call.work(engine.executions.attach, job_id)
    headline = headline_of(call, await call.work(execution.job))
    watch = await watch_of(call, execution)
    job = await runs.guarded(call, job_id, runs.follow(call, execution, headline, quiet=command.quiet, watch=watch))
    return await runs.conclude(call, execution, job, command.output)


async def left_of(call: Call, engine: Engine, path: str, command: Running) -> str | None:
    """The newest run of a path that this notebook left, where the command is to come back to it."""
    going_on = await left_running(call, engine) if command.resume else []
    return next((job.id for job in going_on if job.path == path), None)


def _several(call: Call, engine: Engine, going_on: list[Job]) -> Any:
    """None or several are running: say so."""
    if going_on:
        print(f"{len(going_on)} runs of this notebook go on; %windmill_attach ID comes back to one")
        return _frame(call, engine, going_on)
    known = _noted(call, engine)
    last = f"; the last one was {known[-1].subject}: %windmill_job" if known else ""
    print(f"No run of this notebook goes on{last}")
    return None


def _noted(call: Call, engine: Engine) -> list[journal.Record]:
    """What this notebook started on this engine, oldest first."""
    here = runs.address(engine)
    found = journal.read(notebook=journal.notebook())
    return [record for record in found if (record.engine, record.workspace) == here]


async def left_running(call: Call, engine: Engine) -> list[Job]:
    """The runs of this notebook that have not ended, newest first."""
    mine = {record.job_id for record in _noted(call, engine)} | set(call.session.runs)
    found: list[Job] = []
    for state in ("running", "queued"):
        found += await call.work(engine.executions.list, state=state, per_page=MANY)
    return [job for job in {job.id: job for job in found}.values() if job.id in mine]
