"""The words for runs, times and ids, the same in text and in HTML."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from flexwm_nb.models.jobs import Job

# rich: a notebook; text: a terminal; plain: nothing that differs from run to run (no ids, no times)
Face = Literal["rich", "text", "plain"]

# what a terminal would obey: colours and other commands, titles and links, single controls but for \t, \n and \r, and
# what draws text backwards
ANSI = re.compile(
    r"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]"
)
OVERRIDES = {0x202D: "\ufffd", 0x202E: "\ufffd"}  # what would draw a text backwards is seen as a sign of its own
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DONE = frozenset({"success", "failure", "canceled"})
VERBS = {"success": "ran", "failure": "failed", "canceled": "cancelled"}
UNIT = re.compile(r"(?<=\d) (?=(?:s|min|h|kB|MB|GB|MiB)\b)|(?<=\(queued) ")
HEAD, TAIL = 4, 6  # characters of an id that are shown
MUTED = "color:var(--jp-ui-font-color2,#666)"
MONOSPACE = "font-family:var(--jp-code-font-family,monospace)"
PRE = (
    f"{MONOSPACE};white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.35;margin:.2em 0;"
    "unicode-bidi:plaintext;text-align:left"
)
LINE = f"{MONOSPACE};font-size:.92em;overflow-wrap:anywhere;unicode-bidi:plaintext"
WARNING = "#b26a00"
MARKS = {"success": "#2e7d32", "failure": "#c62828", "canceled": "#ef6c00", "running": "#1565c0"}


def short(job_id: str) -> str:
    """An id's ends, which name it: `018f…3a9c1b`."""
    return job_id if len(job_id) <= HEAD + TAIL + 1 else f"{job_id[:HEAD]}…{job_id[-TAIL:]}"


def seconds(span: timedelta) -> str:
    """A span for people: `0.61 s`, `12.3 s`, `2 min 5 s`, `3 h 4 min`."""
    total = max(span.total_seconds(), 0.0)
    if total < 9.995:
        return f"{total:.2f} s"
    if total < 59.95:
        return f"{total:.1f} s"
    minutes, rest = divmod(round(total), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def clean(line: str) -> str:
    """A log line without colours, and of what overwrote itself only the last state."""
    return ANSI.sub("", line).rstrip("\r").rpartition("\r")[2]


def coloured(text: str) -> str:
    """Output for a terminal, which obeys its colours and nothing else of it."""
    return ANSI.sub(lambda found: found[0] if COLOUR.fullmatch(found[0]) else "", text)


def escape(text: object) -> str:
    """Text for HTML."""
    return html.escape(str(text), quote=True).translate(OVERRIDES)


def literal(json_text: str) -> str:
    """JSON in which what directs text is written out, so that names and values stand in their order."""
    return DIRECTIONS.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The one line about a run, as it stands."""

    subject: str  # the script, its version and what registering it did
    job_id: str = ""
    language: str = ""
    state: str = ""  # "" before a job exists
    ran: timedelta | None = None
    queued: timedelta | None = None
    notes: tuple[str, ...] = ()
    stable: str = ""  # the subject without what may differ from run to run

    def evolve(self, **changes: object) -> Headline:
        """The same with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def ended(self, job: Job) -> Headline:
        """The same of a job as it stands."""
        return self.evolve(state=job.state, ran=job.duration, queued=job.queued_for)

    def words(self, face: Face) -> list[str]:
        """Its parts, in order."""
        plain = face == "plain"
        parts = [self.stable or self.subject if plain else self.subject]
        if self.job_id and not plain:
            parts.append(f"job {short(self.job_id)}")
        if self.language:
            parts.append(self.language)
        if self.state:
            parts.append(self._state(plain))
        return [*parts, *self.notes]

    def _state(self, plain: bool) -> str:
        verb = VERBS.get(self.state, self.state)
        if plain:
            return verb
        if self.state not in DONE:
            span = self.queued if self.state == "queued" else self.ran
            return verb if span is None else f"{verb} {seconds(span)}"
        if self.ran is None:
            return verb
        between = "" if self.state == "success" else " after"
        waited = "" if self.queued is None else f" (queued {seconds(self.queued)})"
        return f"{verb}{between} {seconds(self.ran)}{waited}"

    def text(self, face: Face) -> str:
        """As text."""
        return " · ".join(self.words(face))

    def html(self, face: Face = "rich") -> str:
        """As HTML; the whole id is in the tip."""
        dot = f'<span style="color:{MARKS[self.state]}">●</span> ' if self.state in MARKS else ""
        first, *rest = (escape(word) for word in self.words(face))
        said = UNIT.sub("&nbsp;", " · ".join(rest))  # a line never ends between a figure and its unit
        muted = f' · <span style="{MUTED}">{said}</span>' if rest else ""
        named = f'<b style="unicode-bidi:isolate">{first}</b>'
        return f'<div title="{escape(self.job_id)}" style="{LINE}">{dot}{named}{muted}</div>'
