"""How errors of magics look: one clean line for a mistake, the job's own traceback for a failed job.

Every one is a real `error` output, so Run All, nbclient, papermill and nbval stop there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flexwm_nb.errors import FlexwmError, InvalidSource, JobCanceled

E = TypeVar("E", bound=FlexwmError)

INDENT = "      "


def shown_as(error: E, lines: Callable[[], Sequence[str]]) -> E:
    """The error, shown as these lines in place of a traceback."""
    error._render_traceback_ = lambda: list(lines())  # type: ignore[attr-defined]
    return error


def rendered(error: BaseException) -> list[str]:
    """The lines as which an error is shown."""
    return list(error._render_traceback_())  # type: ignore[attr-defined]


def is_shown(error: BaseException) -> bool:
    """Whether an error knows its look already."""
    return "_render_traceback_" in vars(error)


def for_magic(error: E, title: str, place: Callable[[int], str]) -> E:
    """The error as a magic shows it: `%windmill_run: what happened. What to do`.

    `place` names a line of the cell's source.
    """
    if is_shown(error):
        return error
    if isinstance(error, JobCanceled):
        return shown_as(error, lambda: [error.what])
    if isinstance(error, InvalidSource) and "line" in error.details:
        return shown_as(error, lambda: _source_lines(error, title, place))
    return shown_as(error, lambda: [f"{title}: {error}"])


def _source_lines(error: FlexwmError, title: str, place: Callable[[int], str]) -> list[str]:
    """A syntax error with its line and a caret; nothing was registered."""
    details: dict[str, Any] = error.details
    text = str(details.get("text") or "")
    body = text.lstrip()
    column = max(int(details.get("column") or 1) - 1 - (len(text) - len(body)), 0)
    reason = error.why or error.what
    shown = [INDENT + body.rstrip(), INDENT + " " * min(column, len(body)) + "^"] if body.strip() else []
    first = f"{title}: the cell cannot be parsed, nothing was registered"
    return [first, f"  {place(int(details['line']))}", *shown, f"  {reason}"]
