"""The completion of one shell: what stands in a magic's line, and below it."""

from __future__ import annotations

from typing import Any

from flexwm_nb.magics.completion import place_of, suggest
from flexwm_nb.magics.lookups import Lookups
from flexwm_nb.magics.session import Session


class Completion:
    """The completion of one shell."""

    def __init__(self, session: Session) -> None:
        """For the magics of a session."""
        self._shell = session.shell
        self._lookups = Lookups(session)
        self._matcher: Any = None

    def install(self) -> None:
        """Add a matcher to the shell's completer; it serves `complete_request` and a terminal alike."""
        from IPython.core.completer import context_matcher

        @context_matcher(identifier="flexwm_nb.magics", priority=1_000)  # type: ignore[untyped-decorator]
        def windmill_matcher(context: Any) -> dict[str, Any]:
            return self.matches(context)

        self._matcher = windmill_matcher
        self._shell.Completer.custom_matchers.append(windmill_matcher)

    def remove(self) -> None:
        """Take it out again."""
        matchers = self._shell.Completer.custom_matchers
        if self._matcher in matchers:
            matchers.remove(self._matcher)

    def matches(self, context: Any) -> dict[str, Any]:
        """The matches at a cursor, and nothing else beside them where the cursor is in a line or cell of ours."""
        from IPython.core.completer import SimpleCompletion

        from flexwm_nb.magics.bodies import PYTHON3, Matches, body_at, matches_in

        lines = context.full_text.split("\n")
        row = context.cursor_line
        body = body_at(lines, row, context.cursor_position)
        if body is not None and (body.language != PYTHON3 or self._shell.Completer.use_jedi):
            fragment, matches = matches_in(body)
            return {
                "completions": Matches(SimpleCompletion(text=text, type=kind) for text, kind in matches),
                "matched_fragment": fragment,
                "suppress": body.is_ours,
                "ordered": True,
            }
        line = lines[row][: context.cursor_position] if row < len(lines) else context.text_until_cursor
        place = place_of(line, "\n".join(lines[row + 1 :]))
        if place is None:
            return {"completions": [], "suppress": False}
        found = suggest(place, self._lookups)
        return {
            "completions": [SimpleCompletion(text=text, type="magic") for text in found.texts],
            "matched_fragment": found.fragment,
            "suppress": True,
            "ordered": True,
        }
