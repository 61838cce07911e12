"""An Execution at the end of a cell: a line that lives until the run has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from flexwm_nb.display.live import LivingLine, show_final
from flexwm_nb.display.wording import Headline
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics import runs
from flexwm_nb.magics.session import Session
from flexwm_nb.stages.stage import LEFT

if TYPE_CHECKING:
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.jobs import Job, JobUpdate

LIVING = 8  # lines that live at once; more stand still


class ExecutionLook:
    """How executions look in the notebook of a session."""

    def __init__(self, session: Session) -> None:
        """None is shown yet."""
        self._session = session
        self._places = threading.BoundedSemaphore(LIVING)

    def __call__(self, execution: Execution) -> None:
        """Show one."""
        try:
            job = execution.job()
        except FlexwmError:  # what it is can be said without the engine
            job = None
        headline = self._headline(execution, job)
        if self._session.face == "plain":  # how far it is differs from run to run
            show_final(headline.evolve(state="started"), "plain")
            return
        if job is None or job.done or self._session.face != "rich":
            show_final(headline, self._session.face)
            return
        engine = self._session.connected
        if engine is not None and self._session.desk.is_seen:
            stage = self._session.desk.stage(engine, execution, headline, job.raw_flow)
            stage.open(LEFT).show()
            stage.follow()
        elif self._places.acquire(blocking=False):
            follower = LineFollower(headline, execution, self._places.release)
            self._session.desk.watcher.follow(follower, execution.events())
        else:
            show_final(headline, "rich")

    def _headline(self, execution: Execution, job: Job | None) -> Headline:
        known = self._session.headline(execution.id)
        if job is None:
            return known or Headline(subject="run", job_id=execution.id)
        subject = job.path or f"{job.language} preview"
        known = known or Headline(subject=subject, language=job.language or "", job_id=job.id)
        return known.ended(job)


class LineFollower:
    """A line that lives where no page draws widgets; only its own display is touched, no output is printed."""

    ticks = True

    def __init__(self, headline: Headline, execution: Execution, leave: Callable[[], object]) -> None:
        """Show it. `leave` is called when it stands still."""
        self._headline, self._execution, self._leave = headline, execution, leave
        self._clock = runs.Clock(headline)
        self._line = LivingLine(headline)
        self._job: Job | None = None

    def see(self, update: JobUpdate) -> None:
        """Take an update in."""
        self._clock.see(update)
        self._job = update.job or self._job

    def flush(self) -> None:
        """Show how it stands."""
        self._line.update(self._clock.headline())

    def ended(self, error: BaseException | None) -> None:
        """Show how it ended; where the engine is gone, the line stays as it is."""
        if error is None:
            self._line.update(self._headline.ended(self._job or self._execution.job()))
        self._leave()
