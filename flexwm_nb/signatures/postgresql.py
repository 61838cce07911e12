"""PostgreSQL: `-- $1 name (type) = default`, and the placeholders of the statements with their casts."""

from __future__ import annotations

import re
from typing import Any

from flexwm_nb.signatures.base import Language, argument, signature
from flexwm_nb.signatures.sql import DATABASE, END, LISTS, WORD, default_of, interpolated, line_of, too_large, type_of

TYPED = re.compile(rf"^-- \$(?P<number>[0-9]+) (?P<name>{WORD}) \((?P<kind>{LISTS})\){END}", re.MULTILINE)
UNTYPED = re.compile(rf"^-- \$(?P<number>[0-9]+) (?P<name>{WORD}){END}", re.MULTILINE)
SPACED = {
    "charactervarying": "varchar",
    "doubleprecision": "double",
    "timewithtimezone": "timetz",
    "timewithouttimezone": "time",
    "timestampwithtimezone": "timestamptz",
    "timestampwithouttimezone": "timestamp",
}
WORDS = r"character\s*varying|double\s*precision|time(?:stamp)?\s*with(?:out)?\s*time\s*zone"
PLACEHOLDER = re.compile(rf"\$(?P<number>[0-9]+)(?:::(?P<kind>{WORDS}|{WORD}(?:\[\])?))?", re.IGNORECASE)
MOST = 2**31  # the first number that Windmill's parser refuses


class Postgresql(Language):
    """postgresql."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """Arguments by number: those declared with their type, then every other `$N` of the source.

        The latter has the name of the last declaration without a type, else its own, and the type of its last cast.
        """
        found = [entry(match, match["kind"], content) for match in TYPED.finditer(content)]
        declared = {one["oidx"] for one in found}
        untyped = {within(match, content): match for match in UNTYPED.finditer(content)}
        for number, cast in placeholders(content).items():
            if number in untyped and number not in declared:
                found.append(entry(untyped[number], cast or "text", content))
            elif number not in declared:
                otyp = cast or "text"
                found.append(argument(f"${number}", type_of("postgresql", otyp), otyp=otyp) | {"oidx": number})
        found.sort(key=lambda one: one["oidx"])
        return signature([*found, *interpolated(content)])

    def connection(self, content: str) -> tuple[str, str] | None:
        """The resource that holds the database, unless the source names one."""
        return None if DATABASE.search(content) else ("database", "postgresql")

    def surprises(self, content: str) -> list[str]:
        """Declarations that are not read, and types that mean something else."""
        from flexwm_nb.signatures.sql_surprises import surprises_of

        matches = [*TYPED.finditer(content), *UNTYPED.finditer(content)]
        lines = {match["name"]: line_of(content, match.start()) for match in matches}
        return surprises_of("postgresql", content, self.parse(content, None), lines)


def entry(match: re.Match[str], otyp: str, content: str) -> dict[str, Any]:
    """A declaration's entry."""
    otyp = otyp.lower()
    kind = type_of("postgresql", otyp)
    declared = argument(match["name"], kind, *default_of(match["default"], kind), otyp=otyp)
    return declared | {"oidx": within(match, content)}


def placeholders(content: str) -> dict[int, str | None]:
    """Every `$N` of the source, wherever it stands, with the cast right behind its last occurrence."""
    found: dict[int, str | None] = {}
    for match in PLACEHOLDER.finditer(content):
        kind = match["kind"]
        cast = None if kind is None else SPACED.get("".join(kind.lower().split()), kind.lower())
        found[within(match, content)] = cast
    return found


def within(match: re.Match[str], content: str) -> int:
    """The parameter's number. Raises InvalidSource where it is too large."""
    number = int(match["number"])
    if number >= MOST:
        raise too_large(content, match.start("number"), "postgresql")
    return number


LANGUAGE = Postgresql()
