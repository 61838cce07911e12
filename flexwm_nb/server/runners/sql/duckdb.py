"""DuckDB in memory: a new database for each job, rows by way of Arrow, files of the engine by `s3://` addresses."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final

import duckdb
import msgspec

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Batch, Connection, Folder, Job, Rows, blanked
from flexwm_nb.server.runners.sql.duckdb_values import readers
from flexwm_nb.server.runners.sql.engine import Engine
from flexwm_nb.server.runners.sql.inputs import KIND, key_of
from flexwm_nb.server.runners.sql.statements import Statement, bare

CHUNK = 10_000  # rows
ADDRESS = re.compile(r"'s3://([^'/]*)/([^']*)'")
COPY_TO = re.compile(r"COPY\b.*\bTO\s+'(s3://[^'/]*/[^']*)'", re.IGNORECASE | re.DOTALL)
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
SIGNED: Final = {"tinyint": ("TINYINT", 8), "int1": ("TINYINT", 8), "smallint": ("SMALLINT", 16),
                 "int2": ("SMALLINT", 16), "short": ("SMALLINT", 16), "integer": ("INTEGER", 32),
                 "int4": ("INTEGER", 32), "int": ("INTEGER", 32), "signed": ("INTEGER", 32),
                 "hugeint": ("HUGEINT", 128)}  # fmt: skip
FLOATS: Final = {"float": "FLOAT", "float4": "FLOAT", "real": "FLOAT", "double": "DOUBLE", "float8": "DOUBLE"}
STAMPS = ("timestamp", "timestamptz", "timestamp with time zone", "datetime")
DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
UNIX_DAY = date(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)


class Duckdb(Connection):
    """One database in memory."""

    has_dollar_quotes: ClassVar[bool] = True

    _engine: Engine

    def __init__(self, folder: Folder, *, memory_bytes: int) -> None:
        """Open it; `folder` is for what does not fit in memory and for files of the engine."""
        self._folder = folder
        self._secrets: list[str] = []
        self._files: dict[str, Path] = {}
        self._connection = duckdb.connect(
            config={
                "temp_directory": str(folder.path / "spill"),
                "memory_limit": f"{max(memory_bytes // 2**20, 64)}MiB",
                "autoinstall_known_extensions": "false",
            }
        )

    def take(self, engine: Engine) -> None:
        """Work for a job of this engine."""
        self._engine = engine

    def run(self, statement: Statement, job: Job) -> Rows:
        """Execute with the arguments bound."""
        if found := MANAGED.search(job.script):
            raise RunnerError(f"the local engine does not know `{found[0]}`: write the statements that make the table")
        text = bare(statement.text)
        upload = COPY_TO.match(text)
        for prepared in self._prepared(text, upload[1] if upload else None):
            rows = self._execute(*self._interpolated(prepared, job))
        if upload:
            drained = list(rows.batches)
            self._engine.upload(key_in(upload[1]), self._files.pop(upload[1]))
            return Rows(rows.columns, iter(drained))
        return rows

    def _prepared(self, text: str, target: str | None) -> list[str]:
        """The statements that stand for one, with what only Windmill knows put in. Raises RunnerError."""
        if found := ATTACH_OTHER.match(text):
            raise RunnerError(f"the local engine has no {found[1].lower()}: attach a file or a database")
        if found := ATTACH.match(text):
            return self._attached(found)
        if found := INSTALL_EXTENSION.fullmatch(text.rstrip("; \n")):
            self._check_installed(found[1])
            return []
        return [ADDRESS.sub(lambda match: self._local(match[0][1:-1], target), text)]

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

    def _local(self, address: str, target: str | None) -> str:
        """The path that stands for an `s3://` address: of a new file, or of files that are fetched."""
        key = key_in(address)
        if address == target:
            path = self._files[address] = self._folder / f"made-{len(self._files)}{Path(key).suffix}"
            return quoted(str(path))
        if any(character in key for character in "*?["):
            prefix = re.split(r"[*?\[]", key, maxsplit=1)[0]
            keys = [found for found in self._engine.keys(prefix) if fnmatch.fnmatchcase(found, key)]
            if not keys:
                raise RunnerError(f"Not found: no file of the engine has a key like {key}")
            return quoted(str(self._fetched_together(keys)))
        return quoted(str(self.fetched(address)))

    def _fetched_together(self, keys: list[str]) -> Path:
        """Files of the engine in a folder of their own; the pattern of their paths."""
        together = self._folder / f"files-{len(self._files)}"
        together.mkdir()
        for index, key in enumerate(keys):
            self._engine.download(key, together / f"{index:06d}{Path(key).suffix}")
        self._files[str(together)] = together
        return together / f"*{Path(keys[0]).suffix}"

    def fetched(self, address: str) -> Path:
        """A file of the engine as one of this machine. Raises RunnerError."""
        if address not in self._files:
            key = key_in(address)
            path = self._folder / f"file-{len(self._files)}{Path(key).suffix}"
            self._engine.download(key, path, storage_in(address))
            self._files[address] = path
        return self._files[address]

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
        return str(self.fetched(f"s3://{storage or ''}/{key}"))

    def _execute(self, text: str, values: list[Any]) -> Rows:
        """The statement's rows. Raises RunnerError."""
        try:
            found = self._connection.sql(text, params=values or None)
            return (
                Rows()
                if found is None
                else Rows(found.columns, self._batches(found.to_arrow_reader(CHUNK), found.types))
            )
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


def key_in(address: str) -> str:
    """The key in an `s3://STORAGE/KEY` address."""
    return address.removeprefix("s3://").partition("/")[2]


def storage_in(address: str) -> str:
    """The storage in it."""
    return address.removeprefix("s3://").partition("/")[0]


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def escaped(value: str) -> str:
    """A value in a connection's text."""
    if re.fullmatch(r"[\w./:@-]+", value):
        return value
    inside = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inside}'"


def bind(value: Any, kind: str) -> Any:
    """An argument as it is bound: what cannot be read is NULL, as on Windmill."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return bind_text(value, kind)
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return bind_integer(value, kind)
    if isinstance(value, (int, float)):
        if kind in ("decimal", "numeric"):
            return Decimal(repr(float(value)))
        return duckdb.Value(float(value), getattr(duckdb.sqltypes, FLOATS.get(kind, "DOUBLE")))
    return msgspec.json.encode(value).decode()


def bind_integer(value: int, kind: str) -> Any:
    """A whole number in its type, wrapped round where it is too large."""
    types = duckdb.sqltypes
    if value >= 2**63:
        return duckdb.Value(value, types.UBIGINT)
    if kind in FLOATS:
        return duckdb.Value(float(value), getattr(types, FLOATS[kind]))
    name, size = SIGNED.get(kind, ("BIGINT", 64))
    return duckdb.Value((value + (1 << size - 1)) % (1 << size) - (1 << size - 1), getattr(types, name))


def bind_text(text: str, kind: str) -> Any:
    """A text; of dates and times what Windmill makes of them."""
    try:
        if kind in STAMPS:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
            if moment.tzinfo is None or len(text) < len("2024-01-02T03:04:05Z"):
                return None
            utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
            return utc - timedelta(microseconds=utc.microsecond % 1_000)
        if kind == "date":
            found = datetime.strptime(text, "%Y-%m-%d").date() if DAY.fullmatch(text) else None
            return found and UNIX_DAY + timedelta(days=found.toordinal())
        if kind == "time":
            clock = datetime.strptime(text, "%H:%M:%S")
            seconds = clock.hour * 3_600 + clock.minute * 60 + clock.second
            return (datetime.min + timedelta(microseconds=seconds)).time()
    except (ValueError, OverflowError):
        return None
    return text
