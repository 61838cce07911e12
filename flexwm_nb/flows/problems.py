"""What can be wrong with a flow, and how it is said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from typing import Literal

from flexwm_nb.models.flows import Place

ERROR: Literal["error"] = "error"
WARNING: Literal["warning"] = "warning"
CELL = "cell "  # how the place begins that is a notebook's cell, not a flow's step


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    step: str  # its id; empty for the flow itself
    field: str  # such as `input rows`, `skip_if` or `branch 2`; empty for the step itself
    message: str
    severity: Literal["error", "warning"] = ERROR
    place: Place = dataclass_field(default=(), compare=False)  # in the document, where it is known

    def __str__(self) -> str:
        """One line: step, field, message."""
        step = self.step if not self.step or self.step.startswith(CELL) else f"step {self.step}"
        where = ", ".join(part for part in (step, self.field) if part)
        return f"{where}: {self.message}" if where else self.message


def meant(wanted: str, known: Collection[str]) -> str:
    """A question for what may have been meant."""
    found = get_close_matches(wanted, sorted(known), 1)
    return f". Did you mean {found[0]}?" if found else ""


def unknown_input(step: str, name: str, known: Collection[str]) -> str:
    """The message about an input that a step does not take."""
    return f"{step} has no input {name}{meant(name, known)}"
