"""A deployed flow that answers who waits for it before its end, with the result of the step that it names."""

from __future__ import annotations

import asyncio

from flexwm_nb.server.clock import now
from flexwm_nb.server.context import Context
from flexwm_nb.server.flows import step_results
from flexwm_nb.server.flows.openflow import Flow, read_flow
from flexwm_nb.server.jobs.records import Ending, Job

PATIENCE = 0.5  # seconds between two looks where no signal comes


def watch(parts: Context, job: Job) -> asyncio.Future[Ending] | None:
    """The end of the step that answers for a job, to be cancelled by who asked; None where the whole flow answers."""
    if job.kind != "flow" or job.raw_flow is None:
        return None
    flow = read_flow(job.raw_flow)
    return asyncio.ensure_future(_step(parts, job, flow, flow.early_return)) if flow.early_return else None


async def _step(parts: Context, job: Job, flow: Flow, step: str) -> Ending:
    """Wait for the step's end. A failed one does not answer where a failure module follows."""
    signals = parts.logs.signals
    while True:
        change = signals.expect(job.id)
        try:
            module = _module(parts, job, step)
            if module == "Success" or (module == "Failure" and flow.failure_module is None):
                result = step_results.find(parts, job.workspace_id, job.id, step)
                return Ending(status="success" if module == "Success" else "failure", result=result, completed_at=now())
            await asyncio.wait({change}, timeout=PATIENCE)
        finally:
            signals.forget(job.id, change)


def _module(parts: Context, job: Job, step: str) -> str | None:
    """How far the step is."""
    row = parts.database.one("steps_flow", workspace=job.workspace_id, id=job.id)
    found = step_results.modules(parts, row) if row is not None else []
    return next((module["type"] for module in found if module.get("id") == step), None)
