"""What flows there are, and their graphs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.display import frames
from flexwm_nb.display.graph import Graph
from flexwm_nb.errors import FlowNotFound, InvalidInput
from flexwm_nb.magics import steps
from flexwm_nb.magics.arguments import nearest
from flexwm_nb.magics.flow_commands import Draw, ListFlows
from flexwm_nb.magics.flow_control import definition_of, headline_of
from flexwm_nb.magics.flow_watch import steps_of
from flexwm_nb.magics.session import Call
from flexwm_nb.stages.step_looks import looks_of

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.flows.builder import Flow

PATH = re.compile(r"[ufg]/.+")


async def windmill_flows(call: Call, command: ListFlows) -> Any:
    """The flows as a frame."""
    engine = await call.engine()
    found = await call.work(
        engine.flows.list, path_start=command.prefix, archived=command.archived, limit=command.limit
    )
    made = frames.flows(found, workspace=engine.client.endpoint.workspace)
    return frames.steady(made) if call.session.face == "plain" else made


async def windmill_dag(call: Call, command: Draw) -> Graph:
    """The graph of a flow, of a run of one, or, where nothing has run, of the step cells."""
    if command.target is None and not call.session.runs and call.session.steps:
        flow = steps.together("f/notebook/steps", steps.chosen(call.session.steps, ()))
        return call.session.desk.drawn(Graph(document=flow.to_document(), face=call.session.face))
    engine = await call.engine()
    if command.target is not None and PATH.match(command.target):
        return await _of_path(call, engine, command.target)
    execution = await call.work(engine.executions.attach, await call.job_id(command.target))
    job = await call.work(execution.job)
    if not definition_of(job):
        what = f"the run of {job.path or 'a preview'} is no flow's"
        raise InvalidInput(what, remedy="Write %windmill_dag PATH, or the id of a flow's run")
    looks = looks_of(await steps_of(call, execution), definition_of(job))
    graph = Graph(document=definition_of(job), steps=looks, face=call.session.face)
    if not call.session.desk.is_seen:
        return graph
    stage = call.session.desk.stage(engine, execution, headline_of(job), job.raw_flow)
    return replace(graph, display=stage.show_graph)


async def _of_path(call: Call, engine: Engine, reference: str) -> Graph:
    found = await flow_of(call, engine, reference)
    return call.session.desk.drawn(Graph(document=found.document, face=call.session.face))


async def flow_of(call: Call, engine: Engine, reference: str) -> Flow:
    """A version of a flow. Raises FlowNotFound with the path that was probably meant."""
    path = reference.partition("@")[0]
    try:
        found: Flow = await call.work(engine.flows.open, reference)
        return found
    except FlowNotFound as error:
        known = [flow.path for flow in await call.work(engine.flows.list)]
        close = None if path in known else nearest(path, known)
        if close is None:
            raise
        raise FlowNotFound(f"there is no flow {path}", remedy=f"Did you mean {close}?", **error.details) from None
