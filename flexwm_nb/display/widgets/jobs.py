"""Runs as a living table; its twin is the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from flexwm_nb.display.widgets.base import Action, Message
from flexwm_nb.display.widgets.stacked import Stacked

if TYPE_CHECKING:
    import pandas

    from flexwm_nb.models.jobs import Job

RUNNABLE = frozenset({"script", "flow"})
TWIN_ROWS = 50


class JobsWidget(Stacked):
    """A table of runs."""

    view: ClassVar[tuple[str, str]] = ("jobs", "jobsView")

    def __init__(
        self, found: Sequence[Job], frame: Callable[[Sequence[Job]], pandas.DataFrame], *, actions: Mapping[str, Action]
    ) -> None:
        """Open it. `frame` makes the twin."""
        self._found, self._frame = list(found), frame
        super().__init__(
            {"rows": [row(job) for job in found], "more": False, "oldest": False, "filter": {}}, actions=actions
        )

    @property
    def found(self) -> list[Job]:
        """The runs that it shows, in the engine's order: newest first, or oldest first."""
        return self._found

    def see(self, found: Sequence[Job], **changes: Any) -> None:
        """Show these."""
        with self._change:
            self._found = list(found)
            self.set(rows=[row(job) for job in found], **changes)

    def twin(self) -> dict[str, str]:
        """The newest as the frame is shown."""
        frame = self._frame(self._found[:TWIN_ROWS])
        return {"text/plain": repr(frame), "text/html": str(frame._repr_html_())}  # type: ignore[operator]


def row(job: Job) -> Message:
    """A run as the page shows it."""
    return {
        "id": job.id,
        "path": job.path or "",
        "state": job.state,
        "created": None if job.created_at is None else job.created_at.isoformat(),
        "queued": None if job.queued_for is None else round(job.queued_for.total_seconds(), 2),
        "seconds": None if job.duration is None else round(job.duration.total_seconds(), 2),
        "language": job.language or (job.kind or ""),
        "by": job.created_by or "",
        "again": bool(job.path) and job.kind in RUNNABLE,
    }
