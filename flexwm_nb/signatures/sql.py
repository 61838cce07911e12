"""SQL: the arguments are comments such as `-- $1 name (type) = default` (Windmill's parsers, regex 1.692.0)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures.base import Language, argument, signature
from flexwm_nb.signatures.sql_types import TYPES

END = r"(?: ?= ?(?P<default>.+))? *(?:\r|$)"
PLAIN = r"[A-Za-z0-9_]+"
SIZED = r"[A-Za-z0-9_]+(?:\([A-Za-z0-9_, ]+\))?"
LISTS = r"[A-Za-z0-9_\[\]]+"
ONE_LIST = r"[A-Za-z0-9_]+(?:\[\])?"
WORD = r"[A-Za-z0-9_]+"


def declaration(mark: str, kind: str) -> re.Pattern[str]:
    """The line that declares an argument with its type."""
    return re.compile(rf"^-- {mark} \((?P<kind>{kind})\){END}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a database's declarations look like.

    `declarations` are tried in this order: the first that matches anything is the one in use.
    """

    resource: str | None
    declarations: tuple[re.Pattern[str], ...]


NAMED = declaration(r":(?P<name>[a-z_][a-z0-9_]*)", SIZED)
QUESTION = declaration(rf"\? (?P<name>{WORD})", PLAIN)
DIALECTS = {
    "mysql": Dialect("mysql", (NAMED, QUESTION)),
    "oracledb": Dialect("oracledb", (NAMED, QUESTION)),
    "duckdb": Dialect(None, (declaration(rf"\$(?P<name>{WORD})", LISTS),)),
    "bigquery": Dialect("bigquery", (declaration(rf"@(?P<name>{WORD})", ONE_LIST),)),
    "snowflake": Dialect("snowflake", (QUESTION,)),
    "mssql": Dialect("ms_sql_server", (declaration(rf"@[pP]\d+ (?P<name>{WORD})", PLAIN),)),
}
DATABASE = re.compile(r"^-- database (\S+) *\r?$", re.MULTILINE)
INTERPOLATED = re.compile(
    rf"^--\s*%%(?P<name>{WORD})%%[ \t]*(?P<values>{WORD}[A-Za-z0-9_ \t/]*)?(?:= ?(?P<default>.+))?\r?$", re.MULTILINE
)
INTEGER = re.compile(r"[+-]?[0-9]+")
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
MOST_INTEGER = 2**63


class Sql(Language):
    """A database's language."""

    def __init__(self, name: str) -> None:
        """Of the dialect of that name."""
        self._name = name
        self._dialect = DIALECTS[name]

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """Declared arguments in the source's order, then those that are pasted in as text."""
        return signature([*self._declared(content), *interpolated(content)])

    def connection(self, content: str) -> tuple[str, str] | None:
        """The resource that holds the database, unless the source names one."""
        resource = self._dialect.resource
        return None if resource is None or DATABASE.search(content) else ("database", resource)

    def surprises(self, content: str) -> list[str]:
        """Declarations that are not read, and types that mean something else."""
        from flexwm_nb.signatures.sql_surprises import surprises_of

        lines = {match["name"]: line_of(content, match.start()) for match in self._matches(content)}
        return surprises_of(self._name, content, self.parse(content, None), lines)

    def _matches(self, content: str) -> list[re.Match[str]]:
        """The declarations in the first form that occurs."""
        found = (list(pattern.finditer(content)) for pattern in self._dialect.declarations)
        return next((matches for matches in found if matches), [])

    def _declared(self, content: str) -> Iterator[dict[str, Any]]:
        for match in self._matches(content):
            otyp = match["kind"].lower()
            kind = type_of(self._name, otyp)
            yield argument(match["name"], kind, *default_of(match["default"], kind), otyp=otyp)


def type_of(dialect: str, name: str) -> Any:
    """What a database's type is for Windmill: text, where it does not know the name."""
    if name.endswith("[]"):
        return {"list": type_of(dialect, name[:-2])}
    return TYPES[dialect].get(name, {"str": None})


def default_of(text: str | None, kind: Any) -> tuple[Any, bool]:
    """A declared default's value, and whether there is one; numbers that cannot be read are null."""
    if text is None:
        return None, False
    return (None if text.lower() == "null" else value_of(text, kind)), True


def value_of(text: str, kind: Any) -> Any:
    """A default as a value of its type."""
    if kind == "int":
        value = int(text) if INTEGER.fullmatch(text) else MOST_INTEGER
        return value if -MOST_INTEGER <= value < MOST_INTEGER else None
    if kind == "float":
        number = float(text) if FLOAT.fullmatch(text) else math.inf
        return number if math.isfinite(number) else None
    if kind == "bool":
        return {"true": True, "false": False}.get(text)
    return unquoted(text) if isinstance(kind, dict) and "str" in kind else text


def unquoted(text: str) -> str:
    """A text without the single quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def interpolated(content: str) -> Iterator[dict[str, Any]]:
    """The arguments `%%name%%`, which Windmill pastes into the source."""
    for match in INTERPOLATED.finditer(content):
        if match["name"].startswith("WM"):
            continue
        values = [value for part in (match["values"] or "").split("/") if (value := part.strip())]
        kind = {"str": values or None}
        otyp = "__sanitized_enum__" if values else "__sanitized_raw_string__"
        yield argument(match["name"], kind, *default_of(match["default"], kind), otyp=otyp)


def line_of(content: str, position: int) -> int:
    """The number of the line, from 1."""
    return content.count("\n", 0, position) + 1


def too_large(content: str, position: int, language: str) -> InvalidSource:
    """The error for a parameter's number that no database takes."""
    line = line_of(content, position)
    text = content.split("\n")[line - 1]
    column = position - (content.rfind("\n", 0, position) + 1) + 1
    return InvalidSource(
        why="the parameter's number is too large", line=line, column=column, text=text, language=language
    )


LANGUAGES: dict[str, Language] = {name: Sql(name) for name in DIALECTS}
