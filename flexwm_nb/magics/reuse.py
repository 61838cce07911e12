"""`--cache`: the result of a run that has ended already, of the same version and with the same arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.deployed_flows import FlowRegistration

LOOKED_AT = 20  # runs, newest first


async def finished(
    call: Call, engine: Engine, registration: FlowRegistration, values: dict[str, Any]
) -> Execution | None:
    """The newest run that succeeded with these arguments since this version was registered."""
    version = await call.work(engine.flows.resolve, f"{registration.path}@v{registration.number}")
    found = await call.work(
        engine.executions.list,
        path=registration.path,
        state="success",
        per_page=LOOKED_AT,
        created_after=version.created_at,
        kinds=("flow",),
    )
    for job in found:
        execution = await call.work(engine.executions.attach, job.id)
        record = await call.work(execution.job)
        if (record.arguments or {}) == values:
            return execution
    return None
