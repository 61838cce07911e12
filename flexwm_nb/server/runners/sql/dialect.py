"""What every database's part offers to the program that runs SQL scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any, ClassVar

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.statements import Statement

Batch = list[tuple[Any, ...]]
BLANK = "*****"


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gives: its columns, and its rows in batches, to be read to the end."""

    columns: list[str] = field(default_factory=list)
    batches: Iterator[Batch] = field(default_factory=lambda: iter(()))


@dataclass(slots=True)
class Job:
    """One script with its arguments."""

    script: str  # with what is interpolated put in
    parameters: Sequence[Mapping[str, Any]]  # of its signature, without those that are interpolated
    arguments: Mapping[str, Any]
    warnings: list[str] = field(default_factory=list)  # lines for its log

    def value(self, parameter: Mapping[str, Any]) -> Any:
        """An argument, else what is declared for it, else None."""
        return self.arguments.get(parameter["name"], parameter["default"])


class Connection:
    """An open database. One at a time runs a statement; `cancel` is called by another thread."""

    has_dollar_quotes: ClassVar[bool] = False

    def begin(self) -> None:
        """Make the session as if it were new. Raises Lost when the database has gone."""

    def run(self, statement: Statement, job: Job) -> Rows:
        """Execute a statement. Raises RunnerError, as reading its rows may."""
        raise NotImplementedError

    def described(self, statement: Statement, job: Job) -> Rows | None:
        """What a statement would give, which is not run; None where that is nothing. Raises RunnerError."""
        raise RunnerError("the local engine knows `-- prepare` for postgresql alone: leave it out to run the script")

    def end(self) -> bool:
        """Undo what the job left open; whether the connection is fit for another job."""
        return True

    def cancel(self) -> None:
        """End the statement that runs."""

    def close(self) -> None:
        """Close it."""


class Folder:
    """Where a job keeps files: made when it needs one, gone with the job."""

    def __init__(self, path: Path) -> None:
        """At this path."""
        self.path = path

    def __truediv__(self, name: str) -> Path:
        """The path of a file in it."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        return self.path / name

    def clear(self) -> None:
        """Remove it."""
        if self.path.exists():
            rmtree(self.path, ignore_errors=True)


class Lost(Exception):
    """The database has closed the connection."""


def blanked(text: str, secrets: Sequence[str]) -> str:
    """A text without the secrets in it."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, BLANK)
    return text


def fields(database: Any, required: Sequence[str], name: str) -> dict[str, Any]:
    """The resource's fields. Raises RunnerError where one is missing or null."""
    if not isinstance(database, dict):
        found = "null" if database is None else f"{type(database).__name__} {str(database)[:60]!r}"
        raise RunnerError(
            f"invalid type: {found}, expected struct {name}. Give a resource: database=$res:PATH, or its fields"
        )
    for field_name in required:
        if field_name not in database:
            raise RunnerError(f"missing field `{field_name}`")
        if database[field_name] is None:
            raise RunnerError(f"invalid type: null, expected a string in field `{field_name}`")
    return database
