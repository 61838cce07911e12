"""One run, living: how it stands, its log as it comes, its graph, what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.display.live import final_text, log_html
from flexwm_nb.display.logs import LogTail
from flexwm_nb.display.widgets.base import Action, Message, Widget
from flexwm_nb.display.widgets.log_buffer import LogBuffer
from flexwm_nb.display.widgets.pictures import Folds, drawing, looks
from flexwm_nb.display.widgets.values import described
from flexwm_nb.display.wording import DONE, Headline, short

if TYPE_CHECKING:
    from flexwm_nb.display.run_view import RunView
    from flexwm_nb.models.jobs import Job

LARGEST = 48_000  # characters of a twin
LONGEST = 500  # of a log line in it


class RunWidget(Widget):
    """A run of a script or flow, from its first log line to its end."""

    view: ClassVar[tuple[str, str]] = ("run", "runView")

    def __init__(
        self,
        headline: Headline,
        *,
        actions: Mapping[str, Action] | None = None,
        offered: Sequence[str] = (),
        document: Mapping[str, Any] | None = None,
        log: LogBuffer,
        tail: LogTail,
    ) -> None:
        """Open it. `offered` are the buttons, `document` a flow's; `log` for the page, `tail` for its twin."""
        self._headline = headline
        self._document = document
        self._looks: Mapping[str, StepLook] = {}
        self._folds = Folds(document or {})
        self._log, self._tail = log, tail
        self._seen: RunView | None = None
        first = {**_head(headline), "clock": _clock(headline), "actions": list(offered)}
        if document:
            first |= {"graph": self._folds.picture(), "steps": {}}
        super().__init__(first, actions={"fold": self._fold, **(actions or {})})

    @property
    def headline(self) -> Headline:
        """Its line as it stands."""
        return self._headline

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The flow of which it is a run."""
        return self._document

    @property
    def looks(self) -> Mapping[str, StepLook]:
        """How its steps stand."""
        return self._looks

    @property
    def closed(self) -> bool:
        """Whether it left its twin."""
        return self.comm is None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._headline.state in DONE

    def whole(self) -> Message:
        """The state with the newest of the log."""
        with self._change:
            return {**self._shown, "log": self._log.newest(few=not self._is_heard)}

    def head(self, headline: Headline, offered: Sequence[str] | None = None) -> None:
        """Say how it stands; between two states the page's own clock goes on."""
        with self._change:
            is_new = headline.state != self._headline.state
            self._headline = headline
            offers = {} if offered is None else {"actions": list(offered)}
            clock = {"clock": _clock(headline)} if is_new else {}
            self.set(**_head(headline), **clock, **offers)

    def begin(self, headline: Headline, offered: Sequence[str]) -> None:
        """Show another run from its beginning, in the same place."""
        with self._change:
            self._log, self._tail = LogBuffer(), LogTail(self._tail.size)
            self._looks, self._seen = {}, None
            self._headline = headline
            steps: dict[str, Message] = {name: {} for name in self._shown.get("steps") or {}}
            gone = dict.fromkeys(("result", "error", "timeline", "node", "approval", "notice"))
            self.set(**_head(headline), clock=_clock(headline), actions=list(offered), **gone)
            self.merge("steps", steps)
            self.send({"log": {**self._log.newest(), "whole": True}})

    def feed(self, text: str | None) -> None:
        """Take more of its log; the page hears of it with the next flush."""
        if text:
            with self._change:
                self._log.feed(text)
                self._tail.feed(text)

    def finish_log(self) -> None:
        """There is no more of it."""
        with self._change:
            self._tail.finish()
            self.flush()

    def flush(self) -> None:
        """Tell the page what the log has got; to be called every so often, not for every line."""
        with self._change:
            part = self._log.take()
            if part is not None:
                self.send({"log": part})

    def steps(self, found: Mapping[str, StepLook]) -> None:
        """Say how its steps stand."""
        with self._change:
            self._looks = dict(found)
            self.merge("steps", looks(found))

    def see(self, view: RunView) -> None:
        """Show all that is known of it: times, arguments, result, error."""
        from flexwm_nb.display.run_view import moments

        with self._change:
            self._seen = view
            job = view.job
            result = described(job.result if view.value is None else view.value) if view.state == "success" else None
            self.set(
                facts=[[name, _shown(what)] for name, what in moments(job)],
                arguments=described(view.arguments) if view.arguments else None,
                result=result,
                error=list(view.failure) or None,
                details=True,
            )

    def know(self, job: Job) -> None:
        """Take in the times and arguments of its record."""
        from flexwm_nb.display.run_view import moments

        given = job.arguments if isinstance(job.arguments, Mapping) and job.arguments else None
        facts = [[name, _shown(what)] for name, what in moments(job)]
        self.set(facts=facts, arguments=described(dict(given)) if given else None)

    def _fold(self, message: Message) -> None:
        """Fold a loop or fork, or unfold it."""
        with self._change:
            self.set(graph=self._folds.turned(str(message.get("step"))))

    @property
    def graph(self) -> Graph | None:
        """Its graph as it stands."""
        return Graph(document=self._document, steps=self._looks) if self._document else None

    def twin(self) -> dict[str, str]:
        """Its line, graph and newest log lines; all that is known where that was shown."""
        with self._change:
            if self._seen is not None:
                text, html = str(self._seen), self._seen._repr_html_()
                if len(html) <= LARGEST:
                    return {"text/plain": text[:LARGEST], "text/html": html}
            lines = [line[:LONGEST] for line in self._tail.lines]
            graph = self.graph
            drawn = "" if graph is None else drawing(graph, LARGEST - 12_000)
            headline = self._headline
            if self._is_heard and not self.is_over:
                back = f"%windmill_attach {short(headline.job_id)} comes back to it"
                state = f"{headline.state} when this was saved"
                headline = headline.evolve(state=state, ran=None, queued=None, notes=(*headline.notes, back))
            text = final_text(headline, "rich", lines, self._tail.hidden)
            said = text if graph is None else f"{graph}\n{text}"
            shown = f'<div style="overflow-x:auto">{drawn}</div>' if drawn else ""
            html = shown + headline.html() + log_html(lines, self._tail.hidden)
            pictures = {"image/svg+xml": drawn} if drawn and len(html) + len(drawn) < LARGEST else {}
            return {"text/plain": said[:LARGEST], "text/html": html, **pictures}


def _head(headline: Headline) -> Message:
    return {
        "subject": headline.subject,
        "job": headline.job_id,
        "language": headline.language,
        "state": headline.state or "queued",
        "notes": list(headline.notes),
    }


def _clock(headline: Headline) -> Message:
    """Where the page's clock begins, in seconds."""
    span = headline.queued if headline.state == "queued" else headline.ran
    queued = {} if headline.queued is None else {"queued": headline.queued.total_seconds()}
    return {"seconds": span.total_seconds() if span is not None else 0.0, **queued}


def _shown(what: Any) -> Any:
    """A moment as the page shows it in the reader's own time; anything else as text."""
    if isinstance(what, tuple) and isinstance(what[0], datetime):
        return {"at": what[0].isoformat(), "by": what[1]}
    return str(what)
