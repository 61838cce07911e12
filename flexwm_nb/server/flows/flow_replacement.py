"""Another definition for a flow that waits for events: what has run stays, what comes after follows the new one."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from flexwm_nb.server.context import Context
from flexwm_nb.server.flows.flow_run import FlowRun
from flexwm_nb.server.interpreter import nodes, state
from flexwm_nb.server.interpreter.nodes import Node
from flexwm_nb.server.interpreter.state import FlowState
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.web.failures import Failure, internal

NOT_WAITING = "Flow cannot be replaced: it does not wait for an event. Restart its run where it has ended"


async def replace_value(parts: Context, flow_job: str, text: str) -> None:
    """Have a suspended flow go on with another value, given as JSON.

    Raises Failure 500 for a flow that does not wait and for a value that changes what has run already.
    """
    run = parts.flows.find(flow_job)
    if run is None or run.is_part:
        raise internal(NOT_WAITING)
    async with run.lock:
        node = nodes.node(text)
        new = _fitted(run, node)
        status = state.encode(new)

        def change(transaction: Transaction) -> None:
            transaction.run("flow_replacement_value", id=flow_job, raw_flow=text)
            transaction.run("flow_replacement_status", id=flow_job, flow_status=status)

        await parts.database.write(change)
        run.node, run.job = node, replace(run.job, raw_flow=text)
        run.state = run.stored = new
    parts.worker.notify(flow_job)


def _fitted(run: FlowRun, node: Node) -> FlowState:
    """The status with the new modules. Raises Failure 500."""
    old, step = run.state, run.state.step
    if not 0 <= step < len(old.modules) or old.modules[step].type != "WaitingForEvents":
        raise internal(NOT_WAITING)
    for number, module in enumerate(old.modules[:step]):
        if number >= len(node.modules) or node.modules[number].id != module.id:
            raise _moved(module.id)
    if step >= len(node.modules):
        raise internal("Flow cannot be replaced: the new value has nothing after the step that waits")
    present = structs.replace(old.modules[step], id=node.modules[step].id)
    later = [state.waiting(module.id) for module in node.modules[step + 1 :]]
    return structs.replace(old, modules=[*old.modules[:step], present, *later])


def _moved(step: str) -> Failure:
    return internal(f"Flow cannot be replaced: step {step} has run already, it must stay where it is")
