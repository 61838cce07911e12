"""Which requests Windmill 1.743 knows, so that those which this engine does not have are told from unknown ones.

`windmill_operations.txt` names every path of its OpenAPI document, with the methods. It is read when it is first asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("windmill_operations.txt")
ESCAPED = re.compile(r"\\{[^}]*\\}")  # a parameter in a path whose special characters are escaped
ELSEWHERE = (
    "Not implemented: the local engine does not have {method} {path}. "
    "A real Windmill does: connect to one with %windmill_connect managed, or its URL"
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A path of Windmill's, with its methods."""

    path: str
    methods: frozenset[str]

    def pattern(self) -> str:
        """What its requests look like: the last parameter takes the rest, as paths of scripts do."""
        *before, last = ESCAPED.split(re.escape(self.path))
        return "[^/]+".join(before) + (".+" if before else "") + last


def operations() -> list[Operation]:
    """All of them, by path."""
    parts = (line.rpartition(" ") for line in FILE.read_text("utf-8").splitlines())
    return [Operation(path, frozenset(methods.split(","))) for path, _, methods in parts]


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Operation], ...]:
    return tuple((re.compile(found.pattern()), found) for found in operations())


def elsewhere(method: str, path: str) -> str | None:
    """What to say of a request that this engine has no route for; None when Windmill has none either."""
    found = next((one for pattern, one in _patterns() if method in one.methods and pattern.fullmatch(path)), None)
    return None if found is None else ELSEWHERE.format(method=method, path=found.path)
