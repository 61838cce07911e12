"""A flow's run while it goes on: how each of its steps stands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics.session import Call
from flexwm_nb.stages.step_looks import can_look_inside, looks_of, of, read

if TYPE_CHECKING:
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.flow_status import FlowStatus, StepRun

BETWEEN = 0.2  # seconds between two looks at a run


class FlowWatch:
    """How a flow's run stands."""

    def __init__(self, document: Mapping[str, Any], face: Any) -> None:
        """Of a flow's document; nothing is known of the run yet."""
        self.document, self._face = document, face
        self._looks: dict[str, StepLook] = {}
        self._begun: dict[str, float] = {}
        self._due = time.monotonic() + BETWEEN
        self._is_told = False
        self.waits = False

    async def look(self, call: Call, execution: Execution) -> None:
        """Ask how it stands, every so often, where the engine does not tell by itself."""
        if self._is_told or time.monotonic() < self._due:
            return
        with contextlib.suppress(FlexwmError):  # the next look may find it
            self._take(await call.work(execution.flow_status))
        self._due = time.monotonic() + BETWEEN

    def see(self, status: Any) -> None:
        """Take the status of an update in, where it has one."""
        if isinstance(status, Mapping):
            self._is_told = True
            self._take(read(status))

    def _take(self, status: FlowStatus) -> None:
        self._looks |= of(status)
        self.waits = status.waiting is not None

    def _now(self, name: str, look: StepLook) -> StepLook:
        """A step with the time that it has been running."""
        if look.state != "running":
            return look
        now = time.monotonic()
        return replace(look, duration=timedelta(seconds=now - self._begun.setdefault(name, now)))

    def graph(self) -> Graph:
        """As it stood."""
        steps = {name: self._now(name, look) for name, look in self._looks.items()}
        return Graph(document=self.document, steps=steps, face=self._face)

    async def final(self, call: Call, execution: Execution) -> Graph:
        """As it stands now, with the times of its steps, also of those inside of loops and branches."""
        try:
            steps = await steps_of(call, execution)
        except FlexwmError:
            return self.graph()
        return Graph(document=self.document, steps=looks_of(steps, self.document), face=self._face)


async def steps_of(call: Call, execution: Execution) -> list[StepRun]:
    """The steps of a run; also those inside of loops and branches, unless there are very many."""
    status = await call.work(execution.flow_status)
    return await call.work(execution.steps, nested=can_look_inside(status))


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
