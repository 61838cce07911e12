"""PostgreSQL by libpq (psycopg): typed parameters, rows in chunks as they come, one connection kept from job to job."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping
from typing import Any, ClassVar

import psycopg
from psycopg import generators, pq
from psycopg.adapt import Transformer

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql import postgresql_values
from flexwm_nb.server.runners.sql.dialect import Batch, Connection, Job, Lost, Rows, blanked, fields
from flexwm_nb.server.runners.sql.inputs import KIND
from flexwm_nb.server.runners.sql.postgresql_answers import GONE, failure, loader, one_line, unreadable
from flexwm_nb.server.runners.sql.postgresql_arguments import OIDS, Bound, bind, is_known, types_said
from flexwm_nb.server.runners.sql.postgresql_connecting import connect
from flexwm_nb.server.runners.sql.postgresql_described import described
from flexwm_nb.server.runners.sql.statements import Statement, renumbered
from flexwm_nb.server.runners.sql.values import Reader

CHUNK = 250  # rows: large ones must fit in memory
CANCEL_PATIENCE = 1.5  # seconds for the wish that a statement ends
RESET = "RESET ALL; RESET SESSION AUTHORIZATION; UNLISTEN *; CLOSE ALL; SELECT pg_advisory_unlock_all()"
NOTICE_LOSS = "; SET client_connection_check_interval = 5000"  # ms, after which the query of a dead process is ended
TYPE = "SELECT typname, typtype FROM pg_type WHERE oid = $1"
TEXT_LIKE = frozenset({25, 1043, 1042, 19, 705})
JSONS = frozenset({OIDS["json"][0], OIDS["jsonb"][0]})
FAST = frozenset({16, 20, 21, 23, 25, 26, 1042, 1043})  # types that the driver reads as they are wanted
MISSING_ARGUMENTS = (
    "warning: argument(s) {} declared in the query but not provided in the args object — bound as NULL. Add the "
    "value(s) to the job args, declare a default in the SQL (`-- $1 name (type) = default`), or remove the "
    "declaration if the arg isn't used."
)


class Postgresql(Connection):
    """One connection."""

    has_dollar_quotes: ClassVar[bool] = True

    def __init__(self, database: Any) -> None:
        """Connect. Raises RunnerError."""
        if isinstance(database, str) and database.startswith("datatable://"):
            raise RunnerError("the local engine has no data tables: give a postgresql resource as database=$res:PATH")
        self._database = fields(database, ("host", "dbname"), "PgDatabase")
        self._types: dict[int, tuple[str, str]] = {}
        self._connection = self._connect()
        self._reset = RESET + NOTICE_LOSS

    def _connect(self) -> psycopg.Connection[Any]:
        return connect(self._database)

    def begin(self) -> None:
        """Reset a session that another job may have had. Raises Lost."""
        try:
            if not self._simple(self._reset):
                self._reset = RESET  # PostgreSQL before 14
                if not self._simple(self._reset):
                    raise Lost("the session cannot be reset")
        except psycopg.OperationalError as error:
            raise Lost(str(error)) from None

    def _simple(self, text: str) -> bool:
        """Run what gives nothing that is wanted; whether it went well."""
        result = self._connection.pgconn.exec_(text.encode())
        return result.status not in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)

    def run(self, statement: Statement, job: Job) -> Rows:
        """Execute with the arguments bound."""
        text, order = renumbered(statement.text)
        said = types_said(job.script)
        by_number = {found["oidx"]: typed(found, said) for found in job.parameters}
        used = [by_number[number] for number in order if number in by_number]
        warn_of_missing(used, job)
        bound = [bind(job.value(found), found, found["oidx"] in said) for found in used]
        if all(is_known(found["otyp"]) for found in used):
            self._send("send_query_params", text, bound, [found.oid for found in bound])
        else:
            self._check(Statement(text, statement.line), bound, used)
            self._send("send_query_prepared", "", bound)
        return self._rows(statement, job)

    def _send(self, method: str, text: str, bound: list[Bound], types: list[int] | None = None) -> None:
        """Send a query, its rows to come in chunks."""
        values = [None if found.text is None else found.text.encode() for found in bound]
        given = {} if types is None else {"param_types": types}
        pgconn = self._connection.pgconn
        self._guarded(getattr(pgconn, method), text.encode(), values, result_format=1, **given)
        if pq.version() >= 170_000:
            pgconn.set_chunked_rows_mode(CHUNK)
        else:
            pgconn.set_single_row_mode()
        self._wait(generators.send(pgconn))

    def _guarded(self, method: Any, *values: Any, **more: Any) -> Any:
        try:
            return method(*values, **more)
        except psycopg.OperationalError as error:
            raise RunnerError(f"Error: error communicating with the server: {GONE}: {one_line(error)}") from None

    def _wait(self, generator: Generator[Any, Any, Any]) -> Any:
        return self._guarded(self._connection.wait, generator)

    def _check(self, statement: Statement, bound: list[Bound], used: list[Mapping[str, Any]]) -> None:
        """Prepare, and see that the server takes what is given as what it wants. Raises RunnerError."""
        described = self._prepare(statement)
        for index, (found, parameter) in enumerate(zip(bound, used)):
            wanted = described.param_type(index)
            if not self._takes(wanted, found):
                name = self._type(wanted)[0]
                raise RunnerError(
                    f"Error: error serializing parameter {index}: cannot convert what is given for "
                    f"`{parameter['name']}` to the Postgres type `{name}`. Cast it by way of text: "
                    f"${index + 1}::text::{name}"
                )

    def _prepare(self, statement: Statement) -> pq.abc.PGresult:
        """What the server says of a statement. Raises RunnerError."""
        pgconn = self._connection.pgconn
        self._guarded(pgconn.send_prepare, b"", statement.text.encode())
        self._settle(statement)
        self._guarded(pgconn.send_describe_prepared, b"")
        return self._settle(statement)

    def describe(self, text: str) -> list[tuple[str, int]]:
        """The columns that a statement would give, with the numbers of their types. Raises RunnerError."""
        found = self._prepare(Statement(text))
        return [((found.fname(index) or b"").decode(), found.ftype(index)) for index in range(found.nfields)]

    def described(self, statement: Statement, job: Job) -> Rows | None:
        """What a statement would give."""
        return described(self, statement, job)

    def type_name(self, oid: int) -> str:
        """A type's own name."""
        return self._type(oid)[0]

    def _takes(self, wanted: int, found: Bound) -> bool:
        if wanted == found.oid or {wanted, found.oid} <= JSONS:
            return True
        if found.oid not in TEXT_LIKE:
            return False
        return wanted in TEXT_LIKE or self._is_text(wanted)

    def _is_text(self, oid: int) -> bool:
        name, kind = self._type(oid)
        return kind in "ed" or name == "citext"

    def _settle(self, statement: Statement) -> pq.abc.PGresult:
        """The last result of what was sent. Raises RunnerError."""
        self._wait(generators.send(self._connection.pgconn))
        found: pq.abc.PGresult | None = None
        while (result := self._wait(generators.fetch(self._connection.pgconn))) is not None:
            found = result
        assert found is not None
        if found.status == pq.ExecStatus.FATAL_ERROR:
            raise self._failure(found, statement)
        return found

    def _rows(self, statement: Statement, job: Job) -> Rows:
        """The columns, and the rows as they come."""
        first = self._next(statement)
        if first is None or not first.nfields:
            while first is not None:
                first = self._next(statement)
            return Rows()
        columns = [(first.fname(index) or b"").decode() for index in range(first.nfields)]
        return Rows(columns, self._batches(first, columns, statement, job))

    def _next(self, statement: Statement) -> pq.abc.PGresult | None:
        """The next chunk; None at the end. Raises RunnerError."""
        result: pq.abc.PGresult | None = self._wait(generators.fetch(self._connection.pgconn))
        if result is None:
            return None
        if result.status == pq.ExecStatus.FATAL_ERROR:
            failure = self._failure(result, statement)
            while self._wait(generators.fetch(self._connection.pgconn)) is not None:
                pass
            raise failure
        if result.status in (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH):
            self._connection.close()
            raise RunnerError("Error: COPY FROM STDIN and COPY TO STDOUT have no other end here: read with SELECT")
        return result

    def _batches(
        self, result: pq.abc.PGresult | None, columns: list[str], statement: Statement, job: Job
    ) -> Iterator[Batch]:
        numerics = postgresql_values.Numerics()
        transformer: psycopg.abc.Transformer | None = None
        while result is not None:
            if result.ntuples:
                transformer = transformer or self._transformer(result, columns, numerics)
                transformer.set_pgresult(result, set_loaders=False)
                yield transformer.load_rows(0, result.ntuples, tuple)
            result = self._next(statement)
        if numerics.lossy and postgresql_values.LOSS not in job.warnings:
            job.warnings.append(postgresql_values.LOSS)

    def _transformer(
        self, result: pq.abc.PGresult, columns: list[str], numerics: postgresql_values.Numerics
    ) -> psycopg.abc.Transformer:
        """What reads the rows of this result and those with the same columns. Raises RunnerError."""
        cursor = self._connection.cursor()
        for index, name in enumerate(columns):
            oid = result.ftype(index)
            if oid not in FAST:
                cursor.adapters.register_loader(oid, loader(name, self._reader(oid, name, numerics)))
        made = Transformer(cursor)
        made.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
        return made

    def _reader(self, oid: int, column: str, numerics: postgresql_values.Numerics) -> Reader:
        found = postgresql_values.reader(oid, numerics)
        if found is not None:
            return found
        if self._is_text(oid):
            return postgresql_values.text
        raise unreadable(column, self._type(oid)[0])

    def _type(self, oid: int) -> tuple[str, str]:
        """A type's name and kind, asked over another connection: this one may be in the midst of rows."""
        if oid not in self._types:
            with self._connect() as aside:
                found = psycopg.RawCursor(aside).execute(TYPE, [oid]).fetchone()
            self._types[oid] = found or (str(oid), "e")
        return self._types[oid]

    def _failure(self, result: pq.abc.PGresult, statement: Statement) -> RunnerError:
        return RunnerError(blanked(failure(result, statement), [str(self._database.get("password") or "")]))

    def end(self) -> bool:
        """Roll back what was begun; whether the connection is fit for another job."""
        status = self._connection.pgconn.transaction_status
        if status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR):
            self._simple("ROLLBACK")
            status = self._connection.pgconn.transaction_status
        return status == pq.TransactionStatus.IDLE

    def cancel(self) -> None:
        """Ask the server to end the statement."""
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=CANCEL_PATIENCE)

    def close(self) -> None:
        """Close it, and end what runs."""
        if self._connection.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            self.cancel()
        self._connection.close()


def warn_of_missing(used: list[Mapping[str, Any]], job: Job) -> None:
    """Note the parameters that get NULL because nothing was given."""
    names = [f"`{found['name']}`" for found in used if found["name"] not in job.arguments and not found["has_default"]]
    warning = MISSING_ARGUMENTS.format(", ".join(dict.fromkeys(names)))
    if names and warning not in job.warnings:
        job.warnings.append(warning)


def typed(parameter: Mapping[str, Any], said: Mapping[int, str]) -> Mapping[str, Any]:
    """A parameter with the type that counts when the script runs; one whose file has been read has its own."""
    kind = said.get(parameter["oidx"], "text")
    return parameter if kind == KIND else {**parameter, "otyp": kind}
