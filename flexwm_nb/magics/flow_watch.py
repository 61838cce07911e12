"""A flow's run while it goes on: how each of its steps stands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.flow_status import FlowStatus, ModuleStatus, StepRun

MANY = 200  # iterations and branches of a run that are looked at one by one
BETWEEN = 0.2  # seconds between two looks at a run


class FlowWatch:
    """How a flow's run stands."""

    def __init__(self, document: Mapping[str, Any], face: Any) -> None:
        """Of a flow's document; nothing is known of the run yet."""
        self._document, self._face = document, face
        self._looks: dict[str, StepLook] = {}
        self._begun: dict[str, float] = {}
        self._due = time.monotonic() + BETWEEN
        self.waits = False

    async def look(self, call: Call, execution: Execution) -> None:
        """Ask how it stands, every so often."""
        if time.monotonic() < self._due:
            return
        with contextlib.suppress(FlexwmError):  # the next look may find it
            self.see(await call.work(execution.flow_status))
        self._due = time.monotonic() + BETWEEN

    def see(self, status: FlowStatus) -> None:
        """Take a status in."""
        ends = (status.preprocessor_module, status.failure_module)
        for module in [*status.modules, *(end for end in ends if end is not None)]:
            self._looks[module.id] = self._look(module)
        self.waits = status.waiting is not None

    def _look(self, module: ModuleStatus) -> StepLook:
        now = time.monotonic()
        begun = self._begun.setdefault(module.id, now) if module.state == "running" else None
        running = None if begun is None else timedelta(seconds=now - begun)
        return StepLook(state=module.state, duration=running, note=counted(module))

    def graph(self) -> Graph:
        """As it stood."""
        return Graph(document=self._document, steps=dict(self._looks), face=self._face)

    async def final(self, call: Call, execution: Execution) -> Graph:
        """As it stands now, with the times of its steps, also of those inside of loops and branches."""
        try:
            steps = await steps_of(call, execution)
        except FlexwmError:
            return self.graph()
        return Graph(document=self._document, steps=looks_of(steps), face=self._face)


async def steps_of(call: Call, execution: Execution) -> list[StepRun]:
    """The steps of a run; also those inside of loops and branches, unless there are very many."""
    status = await call.work(execution.flow_status)
    inside = sum(len(module.flow_jobs or ()) for module in status.modules)
    return await call.work(execution.steps, nested=inside <= MANY)


def counted(module: ModuleStatus) -> str:
    """How many iterations or branches have ended."""
    if module.flow_jobs is None or module.branch_chosen is not None:
        return ""
    done = sum(success is not None for success in module.flow_jobs_success or [])
    total = len((module.iterator or {}).get("itered") or []) or len(module.flow_jobs)
    return f"{done} of {total}"


def looks_of(steps: list[StepRun]) -> dict[str, StepLook]:
    """How steps look in a graph, by their ids; of what ran more than once, all together."""
    found: dict[str, list[StepRun]] = {}
    for step in steps:
        found.setdefault(step.step.rpartition("/")[2], []).append(step)
    return {name: _together(several) for name, several in found.items()}


def _together(steps: list[StepRun]) -> StepLook:
    states = [step.state for step in steps]
    worst = next((state for state in ("failure", "suspended", "running", "queued") if state in states), states[-1])
    times = [step.duration for step in steps if step.duration is not None]
    step = steps[-1]
    notes = [f"{len(step.jobs)}×"] if len(steps) == 1 and step.done is not None and step.jobs else []
    notes += [f"{len(steps)}×"] if len(steps) > 1 else []
    notes += [f"{step.attempts} tries"] if len(steps) == 1 and step.attempts > 1 and step.done is None else []
    return StepLook(state=worst, duration=sum(times, timedelta(0)) if times else None, note=" · ".join(notes))


async def drawn(call: Call, execution: Execution) -> Graph | None:
    """The graph of a run as it stands; None for the run of a script."""
    watch = await watch_of(call, execution)
    return None if watch is None else await watch.final(call, execution)


async def watch_of(call: Call, execution: Execution) -> FlowWatch | None:
    """What draws a run; None for the run of a script."""
    job = await call.work(execution.job)
    if not isinstance(job.raw_flow, Mapping):
        return None
    return FlowWatch(job.raw_flow, call.session.face)
