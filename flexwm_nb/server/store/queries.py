"""Named SQL statements, read from the `.sql` files of this package: Python holds no SQL text."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"
KEPT = 1_000  # statements put together of parts
NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries() -> dict[str, str]:
    """Every named statement of every file.

    Raises ValueError when two statements have one name.
    """
    found: dict[str, str] = {}
    for file in sorted(FOLDER.glob("*.sql")):
        parts = NAME.split(file.read_text("utf-8"))
        for name, statement in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"two statements are named {name}, the second in {file.name}")
            found[name] = statement.strip()
    return found


@lru_cache(KEPT)
def statement(name: str) -> str:
    """The statement of that name; `a + b + c` is one put together of those parts, in that order."""
    return "\n".join(queries()[part] for part in name.split(" + "))


def schema() -> str:
    """The statements that make the newest store."""
    return (FOLDER / "schema.sql").read_text("utf-8")
