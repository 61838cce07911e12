"""%%windmill_flow: a cell, or several, become a flow; a flow becomes a run, drawn as it goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.diffs import diff_html
from flexwm_nb.display.graph import Graph
from flexwm_nb.display.live import show_final, show_graph
from flexwm_nb.display.wording import Headline, escape
from flexwm_nb.errors import FlowNotFound, ScriptNotFound
from flexwm_nb.flows.cuts import cut_after
from flexwm_nb.magics import forms, jobs, runs, steps
from flexwm_nb.magics.arguments import nearest
from flexwm_nb.magics.dry_run import unified
from flexwm_nb.magics.flow_cells import read_cell
from flexwm_nb.magics.flow_commands import KeepStep, RegisterFlow
from flexwm_nb.magics.flow_watch import FlowWatch
from flexwm_nb.magics.forms import Question
from flexwm_nb.magics.origins import remember_steps
from flexwm_nb.magics.reuse import finished
from flexwm_nb.magics.script import warn
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import Arguments

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.flows.builder import Flow
    from flexwm_nb.magics.commands import RunScript
    from flexwm_nb.models.deployed_flows import FlowRegistration


async def windmill_step(call: Call, command: KeepStep) -> None:
    """Keep the cell as a step."""
    from flexwm_nb import signatures

    signatures.check_syntax(command.language, command.content)
    number, above = call.cell()
    cell = steps.StepCell(
        id=command.id,
        language=command.language,
        content=command.content,
        after=command.after,
        summary=command.summary,
        cell=number,
        above=above,
    )
    status = "kept" if command.id not in call.session.steps else "replaced"
    call.session.steps[command.id] = cell
    takes = f" · takes {', '.join(cell.reads)}" if cell.reads else ""
    warn(call, signatures.surprises(command.language, command.content))
    show_final(Headline(subject=f"step {cell.id} {status}{takes}", language=cell.language), call.session.face)


async def windmill_flow(call: Call, command: RegisterFlow) -> Any:
    """Register the flow and run it; nothing is registered before everything is known to be right."""
    flow = read(call, command)
    if command.dry_run:
        return await plan(call, flow)
    document = flow.to_document()
    cut = cut_after(document["value"], command.upto) if command.upto else None
    arguments = Arguments() if command.no_run else await gather_for(call, command, document)
    engine = await call.engine()
    registration = await call.work(engine.flows.register, flow)
    remember(call, command, document)
    if registration.warnings:
        warn(call, registration.warnings)
    headline = headline_of(registration)
    if command.no_run:
        if not command.quiet:
            show_graph(Graph(document=document, face=call.session.face))
            show_final(headline, call.session.face)
        return None
    return await run(call, engine, command, registration, document, cut, arguments, headline)


def read(call: Call, command: RegisterFlow) -> Flow:
    """The flow of a command: of its cell, or of the step cells."""
    if command.content is None:
        flow = steps.together(command.path, steps.chosen(call.session.steps, command.steps))
    else:
        flow = read_cell(call, command.path, command.content)
    for name in ("summary", "description"):
        if getattr(command, name) is not None:
            flow.document[name] = getattr(command, name)
    return flow


async def gather_for(call: Call, command: RegisterFlow, document: Mapping[str, Any]) -> Arguments | Question:
    """The run's arguments, checked against the flow's inputs; without any known, all are taken."""
    schema = document.get("schema") or {}
    return await forms.arguments_for(call, command, schema, not schema.get("properties"), command.path)


def remember(call: Call, command: RegisterFlow, document: Mapping[str, Any]) -> None:
    """Keep which cells the steps came from."""
    from flexwm_nb.flows.builder import modules_in

    number, above = call.cell()
    every = list(modules_in(document))
    for cell in call.session.steps.values():
        mine = [module for module in every if module.get("id") == cell.id]
        remember_steps(call, command.path, mine, "\n" * cell.above + cell.content, cell.cell)
    if command.content is not None:
        remember_steps(call, command.path, every, "\n" * above + command.content, number)


def headline_of(registration: FlowRegistration) -> Headline:
    """The line about a registered flow."""
    count = f"{registration.steps} step{'' if registration.steps == 1 else 's'}"
    return Headline(subject=str(registration), stable=f"{registration.path} · {count}")


async def run(
    call: Call,
    engine: Engine,
    command: RegisterFlow,
    registration: FlowRegistration,
    document: Mapping[str, Any],
    cut: Mapping[str, Any] | None,
    arguments: Arguments | Question,
    headline: Headline,
) -> Any:
    """Run the version, or only its first steps; or take what a run before gave."""
    exact = f"{command.path}@v{registration.number}"
    if isinstance(arguments, Question):
        return await ask(call, engine, exact, arguments, headline, document, command)
    headline = headline.evolve(notes=tuple(map(str, arguments.files)))
    values = await runs.upload(call, engine, arguments)
    if command.cache and cut is None:
        known = await finished(call, engine, registration, values)
        if known is not None:
            reused = headline.evolve(job_id=known.id, notes=(*headline.notes, "result reused, nothing ran"))
            if not command.quiet:
                show_final(reused, call.session.face)
            return await runs.conclude(call, known, await call.work(known.job), command.output)
    limit = None if command.timeout is None else math.ceil(command.timeout)
    if cut is None:
        start = partial(engine.flows.submit, exact, values, timeout=limit, tag=command.tag)
    else:
        headline = headline.evolve(notes=(*headline.notes, f"only up to {command.upto}"))
        start = partial(engine.flows.preview, {**document, "value": cut}, values, path=command.path, check=False)
    return await started(call, start, headline, cut or document, command)


async def run_registered(call: Call, engine: Engine, command: RunScript, error: ScriptNotFound) -> Any:
    """Run a version of a flow that is registered. Raises `error` where there is none, with the path that was meant."""
    path = command.reference.partition("@")[0]
    if not await call.work(engine.flows.exists, path):
        flows = [flow.path for flow in await call.work(engine.flows.list)]
        scripts = [script.path for script in await call.work(engine.scripts.list)]
        close = nearest(path, [*flows, *scripts])
        if close not in flows or path in scripts:
            raise error
        raise FlowNotFound(f"there is no script or flow {path}", remedy=f"Did you mean {close}?", path=path)
    version = await call.work(engine.flows.resolve, command.reference)
    flow = await call.work(engine.flows.get, str(version))
    schema = flow.schema or {}
    arguments = await forms.arguments_for(call, command, schema, not schema.get("properties"), command.reference)
    headline = Headline(subject=f"{flow.path} v{version.number}", stable=flow.path)
    if isinstance(arguments, Question):
        return await ask(call, engine, str(version), arguments, headline, {"value": flow.value}, command)
    headline = headline.evolve(notes=tuple(map(str, arguments.files)))
    values = await runs.upload(call, engine, arguments)
    limit = None if command.timeout is None else math.ceil(command.timeout)
    start = partial(engine.flows.submit, str(version), values, timeout=limit, tag=command.tag)
    return await started(call, start, headline, {"value": flow.value}, command)


async def ask(
    call: Call,
    engine: Engine,
    exact: str,
    question: Question,
    headline: Headline,
    document: Mapping[str, Any],
    command: Any,
) -> None:
    """Ask for a flow's arguments in a form, which starts it."""
    from flexwm_nb.client.identifiers import new_id

    limit = None if command.timeout is None else math.ceil(command.timeout)

    async def begin(call: Call, given: Arguments) -> tuple[Execution, Headline]:
        """Start it with what the form was given."""
        values, job_id = await runs.upload(call, engine, given), new_id()
        options = {"job_id": job_id, "timeout": limit, "tag": command.tag}
        execution = await call.work(engine.flows.submit, exact, values, **options)
        return execution, runs.begun(call, engine, headline, job_id)

    await forms.ask(call, question, begin, document)


async def started(
    call: Call, start: Callable[..., Execution], headline: Headline, document: Mapping[str, Any], command: Any
) -> Any:
    """Start a flow's run under an id of ours, and follow it to its result unless it is to be left alone."""
    from flexwm_nb.client.identifiers import new_id

    engine = await call.engine()
    left = await jobs.left_of(call, engine, path_of(command), command)
    if left is not None:
        return await jobs.come_back(call, engine, left, command)
    job_id = new_id()
    return await runs.guarded(call, job_id, _started(call, job_id, start, headline, document, command))


def path_of(command: RegisterFlow | RunScript) -> str:
    """The path that is run."""
    return command.path if isinstance(command, RegisterFlow) else command.reference.partition("@")[0]


async def _started(
    call: Call,
    job_id: str,
    start: Callable[..., Execution],
    headline: Headline,
    document: Mapping[str, Any],
    command: Any,
) -> Any:
    engine = await call.engine()
    execution = await call.work(partial(start, job_id=job_id))
    headline = runs.begun(call, engine, headline, job_id)
    return await followed(call, execution, headline, document, command)


async def followed(
    call: Call, execution: Execution, headline: Headline, document: Mapping[str, Any], command: Any
) -> Any:
    """Follow a flow's run, drawn, to its result or to where it waits; or leave it alone."""
    if command.detach:
        call.put(command.output, execution)
        return execution
    watch = FlowWatch(document, call.session.face)
    job = await runs.follow(call, execution, headline, quiet=command.quiet, watch=watch)
    return await runs.conclude(call, execution, job, command.output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be registered."""

    path: str
    status: str
    difference: str  # of the documents, as YAML
    graph: Graph
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As text."""
        parts = [f"{self.path} · {self.status} · nothing is registered", str(self.graph), self.difference]
        return "\n".join([*(part for part in parts if part), *(f"⚠ {note}" for note in self.notes)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        head = f"<b>{escape(self.path)}</b> · {escape(self.status)} · nothing is registered"
        notes = "".join(f"<div>⚠ {escape(note)}</div>" for note in self.notes)
        return f"<div>{head}</div>{self.graph.svg()}{diff_html(self.difference)}{notes}"


async def plan(call: Call, flow: Flow) -> Plan:
    """Say what would be registered. Raises InvalidFlow with every problem."""
    engine = await call.engine()
    problems = await call.work(engine.flows.check, flow)
    document = flow.to_document()
    path = flow.path or ""
    try:
        current = await call.work(engine.flows.resolve, path)
        before = (await call.work(engine.flows.open, path)).to_yaml()
    except FlowNotFound:
        current, before = None, ""
    difference = "" if current is None else unified(before, flow.to_yaml(), f"v{current.number}", "this cell")
    if current is None:
        status = "v1, new"
    else:
        status = f"v{current.number} → v{current.number + 1}" if difference else f"v{current.number} unchanged"
    graph = Graph(document=document, face=call.session.face)
    return Plan(path=path, status=status, difference=difference, graph=graph, notes=tuple(map(str, problems)))
