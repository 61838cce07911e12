"""Where Windmill's view of an SQL script would surprise its author."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flexwm_nb.signatures.base import up_to_closing

# a comment that looks like a declaration: its mark, and what stands behind it
MARKS = {
    "postgresql": r"\$\d+",
    "mysql": r"(?:\?|:\w+)",
    "oracledb": r"(?:\?|:\w+)",
    "duckdb": r"\$\w+",
    "bigquery": r"@\w+",
    "snowflake": r"\?",
    "mssql": r"@[pP]\d+",
}
LOOKS = r"^[ \t]*--[ \t]*(?P<mark>{mark})(?P<rest>[ \t]*[^\n]*)$"
FORMS = {
    "postgresql": "-- $1 name (type) = default",
    "mysql": "-- :name (type) = default",
    "oracledb": "-- :name (type) = default",
    "duckdb": "-- $name (type) = default",
    "bigquery": "-- @name (type) = default",
    "snowflake": "-- ? name (type) = default",
    "mssql": "-- @P1 name (type) = default",
}
# types that Windmill takes for text, by database, with what it knows instead
TEXTS = {
    "postgresql": {"int8": "bigint", "float": "float8", "varbit": ""},
    "mysql": {"bigint": "int", "smallint": "int", "decimal": "float", "double": "float", "boolean": "bool"},
    "duckdb": {"hugeint": "bigint"},
    "bigquery": {"int": "int64"},
    "snowflake": {"integer": "int", "bigint": "int", "number": "float", "double": "float", "bool": "boolean"},
    "mssql": {"integer": "int", "double": "float"},
    "oracledb": {"decimal": "number", "double": "number", "numeric": "number"},
}
RESULTS = (
    (
        re.compile(r"(?:::|\bas\s+)date\b|\bcurrent_date\b|\bdate\s*'", re.IGNORECASE),
        "Windmill gives a DATE among DuckDB's columns as the number of days since 1970; write it ::varchar",
    ),
    (
        re.compile(
            r"(?:::|\bas\s+)timestamp\w*|\btimestamp\w*\s*'|\bnow\(\)|\bcurrent_timestamp\b|\bdate_trunc\(",
            re.IGNORECASE,
        ),
        "Windmill gives a TIMESTAMP among DuckDB's columns as a text of microseconds; write it ::varchar",
    ),
    (
        re.compile(r"\bsum\s*\(", re.IGNORECASE),
        "Windmill gives a sum of integers among DuckDB's columns, a HUGEINT, as a text; write sum(…)::bigint",
    ),
)


def surprises_of(language: str, content: str, found: dict[str, Any], lines: dict[str, int]) -> list[str]:
    """One sentence each, with its line; `lines` are those of the declarations that are read, by name."""
    told = [*_unread(language, content, set(lines.values())), *_arguments(language, content, found, lines)]
    if language == "duckdb":
        told += [*_results(content), *_shifted(found, lines)]
    return [f"line {line}: {text}" for line, text in sorted(told)]


def _unread(language: str, content: str, declared: set[int]) -> Iterator[tuple[int, str]]:
    """Comments that look like declarations but are none."""
    for match in re.finditer(LOOKS.format(mark=MARKS[language]), content, re.MULTILINE):
        line = content.count("\n", 0, match.start()) + 1
        if line not in declared and ("(" in match["rest"] or "=" in match["rest"]):
            yield line, f"Windmill does not read this declaration; it must be written exactly as `{FORMS[language]}`"


def _arguments(language: str, content: str, found: dict[str, Any], lines: dict[str, int]) -> Iterator[tuple[int, str]]:
    """Types and defaults that mean something else."""
    for one in found["args"]:
        otyp = one["otyp"]
        line = lines.get(one["name"], 1)
        if (other := TEXTS[language].get(otyp)) is not None:
            remedy = f"; write {other}" if other else ""
            yield line, f"Windmill takes {one['name']} of type {otyp} for a text{remedy}"
        if one["has_default"] and one["default"] is None and not says_null(content, line):
            yield line, f"Windmill loses the default of {one['name']}: it cannot be read as {otyp}"
        if language == "mysql" and one["default"] is not None:
            yield line, f"Windmill shows the default of {one['name']} in its form only: without an argument it is NULL"


def _results(content: str) -> Iterator[tuple[int, str]]:
    """Values of DuckDB that come back as something else; each kind is told once."""
    for pattern, text in RESULTS:
        found = next((match for match in pattern.finditer(content) if is_bare(content, match)), None)
        if found is not None:
            yield content.count("\n", 0, found.start()) + 1, text


def is_bare(content: str, match: re.Match[str]) -> bool:
    """Whether a value stands in the statement itself, and is not made something else at once."""
    end = match.end()
    if match[0].endswith("("):
        end = match.start() + len(up_to_closing(content[match.start() :]))
    return not in_comment(content, match.start()) and not content[end:].lstrip(" )").startswith("::")


def in_comment(content: str, position: int) -> bool:
    """Whether a place stands behind `--` in its line."""
    return "--" in content[content.rfind("\n", 0, position) + 1 : position]


def _shifted(found: dict[str, Any], lines: dict[str, int]) -> Iterator[tuple[int, str]]:
    """Dates and times as arguments."""
    for one in found["args"]:
        if one["typ"] == "datetime":
            remedy = f"declare it as text and write ${one['name']}::{one['otyp']}"
            yield lines.get(one["name"], 1), f"Windmill passes {one['name']} to DuckDB shifted in time; {remedy}"


def says_null(content: str, line: int) -> bool:
    """Whether a declaration's default is null."""
    return content.split("\n")[line - 1].rpartition("=")[2].strip().lower() == "null"
