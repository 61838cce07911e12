"""DuckDB in memory: a new database for each job, rows by way of Arrow, files of the engine by `s3://` addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final

import duckdb

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Batch, Connection, Folder, Job, Rows, blanked
from flexwm_nb.server.runners.sql.duckdb_arguments import bind
from flexwm_nb.server.runners.sql.duckdb_files import COPY_TO, JobFiles
from flexwm_nb.server.runners.sql.duckdb_values import readers
from flexwm_nb.server.runners.sql.engine import Engine
from flexwm_nb.server.runners.sql.inputs import KIND, key_of
from flexwm_nb.server.runners.sql.statements import Statement, bare

CHUNK = 2_048  # rows, one of its vectors
ATTACH = re.compile(
    r"ATTACH\s*'(?:\$res:|res://)(?P<path>[^']+)'\s*AS\s+(?P<name>\S+)\s*"
    r"\(\s*TYPE\s+(?P<type>\w+)\s*(?P<more>,[^)]*)?\)",
    re.IGNORECASE,
)
ATTACH_OTHER = re.compile(r"ATTACH\s*'(ducklake|datatable)\b", re.IGNORECASE)
INSTALL_EXTENSION = re.compile(r"(?:FORCE\s+)?INSTALL\s+(\w+)", re.IGNORECASE)
MANAGED = re.compile(r"^(?:--|//) (?:materialize (?:manual )?ducklake://|data_test )\S*", re.MULTILINE)
POSTGRES: Final = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "dbname",
                   "sslmode": "sslmode"}  # fmt: skip
MYSQL: Final = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "database"}


class Duckdb(Connection):
    """One database in memory."""

    has_dollar_quotes: ClassVar[bool] = True

    _engine: Engine
    _files: JobFiles

    def __init__(self, folder: Folder, *, memory_bytes: int) -> None:
        """Open it; `folder` is for what does not fit in memory and for files of the engine."""
        self._folder = folder
        self._secrets: list[str] = []
        self._connection = duckdb.connect(
            config={
                "temp_directory": str(folder.path / "spill"),
                "memory_limit": f"{max(memory_bytes // 2**20, 64)}MiB",
                "autoinstall_known_extensions": "false",
            }
        )

    def take(self, engine: Engine) -> None:
        """Work for a job of this engine."""
        self._engine, self._files = engine, JobFiles(engine, self._folder)

    def run(self, statement: Statement, job: Job) -> Rows:
        """Execute with the arguments bound."""
        if found := MANAGED.search(job.script):
            raise RunnerError(f"the local engine does not know `{found[0]}`: write the statements that make the table")
        text = bare(statement.text)
        written = COPY_TO.match(text)
        rows = Rows()
        for prepared in self._prepared(text, written[1] if written else None):
            for _ in rows.batches:  # of a statement that only leads to the next one
                pass
            rows = self._execute(*self._interpolated(prepared, job))
        if written is None:
            return rows
        counted = list(rows.batches)
        self._files.store(written[1])
        return Rows(rows.columns, iter(counted))

    def _prepared(self, text: str, target: str | None) -> list[str]:
        """The statements that stand for one, with what only Windmill knows put in. Raises RunnerError."""
        if found := ATTACH_OTHER.match(text):
            raise RunnerError(f"the local engine has no {found[1].lower()}: attach a file or a database")
        if found := ATTACH.match(text):
            return self._attached(found)
        if found := INSTALL_EXTENSION.fullmatch(text.rstrip("; \n")):
            self._check_installed(found[1])
            return []
        return [self._files.put_in(text, target)]

    def _attached(self, found: re.Match[str]) -> list[str]:
        """The ATTACH with the resource's connection. Raises RunnerError."""
        kind = found["type"].lower()
        names = {"postgres": POSTGRES, "mysql": MYSQL}.get(kind)
        if names is None:
            raise RunnerError(f"Unsupported db type in DuckDB ATTACH: {kind}")
        resource = self._engine.resource(found["path"])
        self._secrets.append(str(resource.get("password") or ""))
        self._check_installed(kind)
        pairs = [(name, resource.get(field)) for name, field in names.items()]
        given = " ".join(f"{name}={escaped(str(value))}" for name, value in pairs if value not in (None, ""))
        doubled = given.replace("'", "''")
        return [f"LOAD {kind}", f"ATTACH '{doubled}' AS {found['name']} (TYPE {kind}{found['more'] or ''})"]

    def _check_installed(self, extension: str) -> None:
        """Raise RunnerError where an extension is not on this machine: nothing is installed from the network here."""
        found = self._connection.execute(
            "SELECT installed FROM duckdb_extensions() WHERE extension_name = ? OR list_contains(aliases, ?)",
            [extension.lower(), extension.lower()],
        ).fetchone()
        if not found or not found[0]:
            raise RunnerError(
                f"DuckDB's extension {extension} is not on this machine. Install it once, with network: "
                f"python -c \"import duckdb; duckdb.install_extension('{extension}')\""
            )

    def _interpolated(self, text: str, job: Job) -> tuple[str, list[Any]]:
        """The statement with a number for each `$name` in it, and the values. Raises RunnerError."""
        values: list[Any] = []
        for parameter in sorted(job.parameters, key=lambda found: -len(found["name"])):
            mark = f"${parameter['name']}"
            if mark in text:
                values.append(self._bound(job.value(parameter), parameter))
                text = text.replace(mark, f"\0{len(values)}")
        return text.replace("\0", "$"), values

    def _bound(self, value: Any, parameter: Mapping[str, Any]) -> Any:
        kind = parameter["otyp"] or "text"
        if kind != KIND:
            return bind(value, kind)
        key, storage = key_of(value, parameter["name"])
        return str(self._files.fetched(f"s3://{storage or ''}/{key}"))

    def _execute(self, text: str, values: list[Any]) -> Rows:
        """The statement's rows. Raises RunnerError."""
        try:
            found: Any = self._connection.sql(text, params=values or None)
            if found is None:
                return Rows()
            return Rows(found.columns, self._batches(found.to_arrow_reader(CHUNK), found.types))
        except duckdb.Error as error:
            raise self._failure(error) from None

    def _batches(self, reader: Any, kinds: list[Any]) -> Iterator[Batch]:
        read = readers(kinds)
        try:
            for batch in reader:
                yield list(zip(*(one(column) for one, column in zip(read, batch.columns))))
            reader.close()
        except (duckdb.Error, OSError) as error:
            raise self._failure(error) from None
        except ValueError as error:
            raise RunnerError(json.dumps(str(error))) from None

    def _failure(self, error: Exception) -> RunnerError:
        """DuckDB's message as a JSON string, without passwords."""
        return RunnerError(json.dumps(blanked(str(error), self._secrets), ensure_ascii=False))

    def end(self) -> bool:
        """A database is for one job."""
        return False

    def cancel(self) -> None:
        """End the statement that runs."""
        with suppress(duckdb.Error):
            self._connection.interrupt()

    def close(self) -> None:
        """Forget the database."""
        with suppress(duckdb.Error):
            self._connection.close()


def escaped(value: str) -> str:
    """A value in a connection's text."""
    if re.fullmatch(r"[\w./:@-]+", value):
        return value
    inside = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inside}'"
