"""Which scripts of the workspace a source imports, and which sources import a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.runners import imports
from flexwm_nb.signatures.python3_requirements import needs_of

TYPESCRIPT = frozenset({"bun", "bunnative", "deno", "nativets"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The code of a script, or of a flow's step."""

    path: str
    kind: str  # script, flow
    step: str  # empty for a script
    language: str
    content: str

    def imported(self) -> frozenset[str]:
        """The paths that may be meant; none where the source cannot be read."""
        place = f"{self.path}/{self.step}" if self.step else self.path
        if self.language in TYPESCRIPT:
            names = (found.name for found in imports.find(self.content))
            return frozenset(imports.absolute(name, place) for name in names if imports.OF_SCRIPT.match(name))
        try:
            return frozenset(needs_of(self.content, place).scripts if self.language == "python3" else ())
        except InvalidSource:
            return frozenset()


def importers(sources: Iterable[Source], path: str) -> dict[tuple[str, str], list[str]]:
    """Who imports a script: path and kind, with the steps of a flow that do."""
    found: dict[tuple[str, str], list[str]] = {}
    for source in sources:
        if path in source.imported():
            found.setdefault((source.path, source.kind), []).append(source.step)
    return dict(sorted(found.items()))
