"""An Execution at the end of a cell: a line that lives until the run has ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flexwm_nb.display.live import LivingLine, show_final
from flexwm_nb.display.wording import Headline
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics import runs
from flexwm_nb.magics.awaiting import END, Feed
from flexwm_nb.magics.session import Session

if TYPE_CHECKING:
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.jobs import Job

LIVING = 8  # lines that live at once; more stand still
TICK = 0.5  # seconds between two looks at the clock


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
        if job is None or job.done or self._session.face != "rich" or not self._places.acquire(blocking=False):
            show_final(headline, self._session.face)
            return
        line = LivingLine(headline)
        threading.Thread(target=self._follow, args=(execution, headline, line), name="flexwm-line", daemon=True).start()

    def _headline(self, execution: Execution, job: Job | None) -> Headline:
        known = self._session.headline(execution.id)
        if job is None:
            return known or Headline(subject="run", job_id=execution.id)
        subject = job.path or f"{job.language} preview"
        known = known or Headline(subject=subject, language=job.language or "", job_id=job.id)
        return runs.ended(known, job)

    def _follow(self, execution: Execution, headline: Headline, line: LivingLine) -> None:
        """Update the line until the run has ended; only its own display is touched, no output is printed."""
        clock = runs.Clock(headline)
        feed = Feed(execution.events(), abort=execution.abort)
        job: Job | None = None
        try:
            while (update := feed.take(TICK)) is not END:
                if update is not None:
                    clock.see(update)
                    job = update.job or job
                line.update(clock.headline())
            line.update(runs.ended(headline, job or execution.job()))
        except FlexwmError:  # the engine is gone: the line stays as it is
            return
        finally:
            feed.close()
            self._places.release()
