"""Tab completion below a cell magic's line: of Python, what a job knows, not what this kernel does; of a flow, fields.

Other languages are left to the page, which has them; there the kernel's own names would only be in the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flexwm_nb.flows import suggestions
from flexwm_nb.magics.completion import Place, place_of
from flexwm_nb.magics.flow_cells import PYTHON, is_document
from flexwm_nb.magics.headings import without_comments_above

PYTHON3 = "python3"
FLOW, DOUBTFUL = "flow", "doubtful"


@dataclass(frozen=True, slots=True)
class Body:
    """What stands below the magic's line."""

    language: str  # or `flow`, a document; or `doubtful`, what may become one
    text: str
    line: int  # of the cursor, from 0
    column: int

    @property
    def cursor(self) -> int:
        """The cursor's place in the text."""
        return sum(len(line) + 1 for line in self.text.split("\n")[: self.line]) + self.column

    @property
    def is_ours(self) -> bool:
        """Whether nothing else is to be offered."""
        return self.language != DOUBTFUL


class Matches(list[Any]):
    """Matches that count as some even where there are none: IPython lets the others be silent for nothing less."""

    def __len__(self) -> int:
        return max(1, super().__len__())

    def __bool__(self) -> bool:
        return True


def body_at(lines: list[str], row: int, column: int) -> Body | None:
    """The body in which a cursor stands; None above one, and where the cell's own Python runs in this kernel."""
    above = len(lines) - len(without_comments_above(lines))
    heading = lines[above] if above < len(lines) else ""
    place = place_of(f"{heading} ") if heading.startswith("%%") else None
    if place is None or row <= above:
        return None
    text = "\n".join(lines[above + 1 :])
    language = _language(place, text)
    return None if language is None else Body(language, text, row - above - 1, column)


def _language(place: Place, text: str) -> str | None:
    name, operands = place.definition.name, place.operands
    if name == "windmill_script":
        return PYTHON3 if not operands or "/" in operands[0] else operands[0]
    if name == "windmill_step":
        return _option(place, ("--lang", "--language", "-l")) or PYTHON3
    if name != "windmill_flow":
        return None
    if is_document(text):
        return FLOW
    return None if PYTHON.search(text) else DOUBTFUL


def _option(place: Place, names: tuple[str, ...]) -> str | None:
    """What an option says."""
    words = [part for word in place.before for part in word.split("=", 1)]
    return next((after for word, after in pairwise(words) if word in names), None)


def matches_in(body: Body) -> tuple[str, Iterable[tuple[str, str]]]:
    """What may stand at the cursor, with its kind, in place of the text before it."""
    if body.language == PYTHON3:
        return _python(body)
    if body.language in (FLOW, DOUBTFUL):
        found = suggestions.suggest(body.text, body.cursor)
        return body.text[found.start : body.cursor], [(one.text, one.kind) for one in found.found]
    return "", ()


def _python(body: Body) -> tuple[str, Iterable[tuple[str, str]]]:
    """What Jedi finds in the body alone: a job has none of this kernel's variables, but all of its packages."""
    import jedi

    found = jedi.Interpreter(body.text, [{}]).complete(body.line + 1, body.column)
    length = found[0].get_completion_prefix_length() if found else 0
    line = body.text.split("\n")[body.line][: body.column]
    return line[len(line) - length :], _named(found)


def _named(found: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for one in found:
        if not one.name.startswith("__") or one.get_completion_prefix_length():
            yield one.name_with_symbols, one.type
