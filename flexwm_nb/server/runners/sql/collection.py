"""Which rows of which statements become the result, as `-- result_collection=` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Collection:
    """One way to collect; of the statements the last one alone or all of them."""

    last_only: bool = True
    first_row: bool = False
    scalar: bool = False

    @property
    def has_columns(self) -> bool:
        """Whether the result is rows of one statement, whose columns keep their order."""
        return self.last_only and not self.scalar


LAST, ALL = ("last_statement", True), ("all_statements", False)
MODES: Final = {
    f"{which}_{rows}{scalar}": Collection(last_only, rows == "first_row", bool(scalar))
    for which, last_only in (LAST, ALL)
    for rows in ("all_rows", "first_row")
    for scalar in ("", "_scalar")
}
LEGACY = "legacy"


def collection(annotations: dict[str, str], statements: int) -> Collection:
    """The way that a script's annotations name; another name is the usual way, as on Windmill."""
    name = annotations.get("result_collection", "")
    if "return_last_result" in annotations:
        return Collection()
    if name == LEGACY:
        return Collection(last_only=statements == 1)
    return MODES.get(name, Collection())
