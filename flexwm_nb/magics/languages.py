"""The languages that a cell may be in: Windmill's names, and what people call them."""

from __future__ import annotations

import re
from collections.abc import Collection

from flexwm_nb.errors import UnknownLanguage
from flexwm_nb.magics.arguments import nearest

# Windmill's own names
LANGUAGES = (
    "python3", "bash", "bun", "deno", "nativets", "go", "postgresql", "mysql", "duckdb", "bigquery", "snowflake",
    "mssql", "oracledb", "graphql", "powershell", "php", "rust", "ansible", "csharp", "nu", "java", "ruby", "rlang",
    "bunnative",
)  # fmt: skip
# names that are taken as well, and what Windmill runs them with unless told otherwise
ALIASES = {"typescript": "bun", "javascript": "bun"}
SQL = "sql"  # is one database or another, by what the cell says
FIRST = ("python3", "bash", *ALIASES, "go", SQL, "postgresql", "mysql", "duckdb")
OFFERED = (*FIRST, *(name for name in LANGUAGES if name not in FIRST))
# other names, which are not taken: what is meant is not certain, or the case is wrong
OTHER_NAMES = {
    "python": "python3", "py": "python3", "sh": "bash", "shell": "bash", "zsh": "bash", "ts": "typescript",
    "js": "javascript", "node": "javascript", "postgres": "postgresql", "golang": "go",
    "c#": "csharp", "r": "rlang", "pwsh": "powershell",
}  # fmt: skip
DATABASE = re.compile(r"^-- database (\S+) *\r?$", re.MULTILINE)
# types of resources -> the language that is spoken there
SPOKEN = {
    "postgresql": "postgresql",
    "mysql": "mysql",
    "bigquery": "bigquery",
    "snowflake": "snowflake",
    "ms_sql_server": "mssql",
    "oracledb": "oracledb",
}


def language(name: str) -> str:
    """A language of Windmill's. Raises UnknownLanguage."""
    if name in LANGUAGES:
        return name
    if name in ALIASES:
        return ALIASES[name]
    if name == SQL:
        raise UnknownLanguage("'sql' may be several languages", remedy="Name it: duckdb or postgresql", language=name)
    close = OTHER_NAMES.get(name.lower()) or nearest(name.lower(), OFFERED)
    remedy = f"Did you mean {close}?" if close else f"Known are {', '.join(OFFERED[:8])} …"
    raise UnknownLanguage(f"there is no language {name!r}", remedy=remedy, language=name)


def of_cell(name: str, content: str, given: Collection[str] = ()) -> str:
    """The language of a cell that calls it so; `given` are the names of its arguments. Raises UnknownLanguage.

    `sql` is the database's that the cell or an argument names, as far as is known here: PostgreSQL; else it is DuckDB,
    which needs none.
    """
    if name != SQL:
        return language(name)
    return "postgresql" if "database" in given or database_of(content) is not None else "duckdb"


def database_of(content: str) -> str | None:
    """The path of the resource that the line `-- database PATH` names."""
    found = DATABASE.search(content)
    return None if found is None else found[1].removeprefix("$res:")


def explained(found: str) -> str:
    """What `sql` became, in one line."""
    if found == "duckdb":
        return "sql runs here as duckdb; for another database name its resource in a line `-- database PATH`"
    return f"sql runs here as {found}, the database that is named"
