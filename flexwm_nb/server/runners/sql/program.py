"""The program that runs SQL scripts of one language, job by job, on a connection that it keeps.

It is told to end by SIGTERM: then it has the database end the statement that runs, so that nothing goes on there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.jsonb import Unstorable
from flexwm_nb.server.runners.kept_program import ERROR, RESULT, answer, done, orders
from flexwm_nb.server.runners.sql import exports, inputs, interpolation, statements
from flexwm_nb.server.runners.sql.collection import collection
from flexwm_nb.server.runners.sql.dialect import Connection, Folder, Job, Lost, Rows, blanked
from flexwm_nb.server.runners.sql.encoding import Encoder, TooLarge, joined
from flexwm_nb.server.runners.sql.engine import Engine
from flexwm_nb.signatures import parse_signature

if TYPE_CHECKING:
    from flexwm_nb.server.runners.sql.duckdb import Duckdb

COLUMNS = b"C"  # frame with the columns of the result's rows
MEMORY_SHARE = 0.8  # of the limit that DuckDB may use
ACKNOWLEDGEMENTS = (["Count"], ["Success"])
DEPRECATED = "return_last_result annotation is deprecated, use result_collection=last_statement_all_rows instead"


class Session:
    """The connection that is kept, and the jobs on it."""

    def __init__(self, language: str) -> None:
        """Nothing is open yet."""
        self._language = language
        self._folder = Folder(Path.cwd() / "job")
        self._connection: Connection | None = None
        self._database: Any = None
        self._ahead: Any = None  # DuckDB's database for the next job

    @property
    def secrets(self) -> list[str]:
        """What no text may tell."""
        return [str(self._database.get("password") or "")] if isinstance(self._database, dict) else []

    def cancel(self) -> None:
        """Have the database end what runs there."""
        if self._connection is not None:
            self._connection.cancel()

    def run(self, order: Mapping[str, Any]) -> tuple[str, list[str] | None]:
        """Run a job: its result as JSON, and the columns where it is rows of one statement. Raises RunnerError."""
        script, engine = order["content"], Engine(order["environment"])
        arguments: dict[str, Any] = json.loads(order["arguments"])
        wanted, noted = statements.export(script), statements.settings(script)
        if "return_last_result" in noted and self._language == "duckdb":
            raise RunnerError(DEPRECATED)
        connection = self._open(script, arguments, engine, order["limits"])
        signature = parse_signature(self._language, script)["args"]
        job = Job(
            script=interpolation.interpolated(script, signature, arguments, order["environment"]),
            parameters=[found for found in signature if not interpolation.is_interpolated(found)],
            arguments=arguments,
        )
        if self._language != "duckdb":
            take_files(job, engine, self._folder)
        try:
            return self._statements(connection, job, Store(engine, wanted, order, self._folder), noted, order["limits"])
        finally:
            for warning in job.warnings:
                print(warning)

    def _statements(
        self, connection: Connection, job: Job, store: Store, noted: dict[str, str], limits: Mapping[str, int]
    ) -> tuple[str, list[str] | None]:
        """Run the statements one by one."""
        found = statements.split(job.script, dollars=connection.has_dollar_quotes)
        how = collection({} if "legacy" in noted.values() and self._language == "duckdb" else noted, len(found))
        encoder, results = Encoder(how, limits["result_bytes"]), []
        columns: list[str] | None = None
        for index, statement in enumerate(found):
            rows = connection.described(statement, job) if "prepare" in noted else connection.run(statement, job)
            if rows is None:
                continue
            if how.last_only and index < len(found) - 1:
                for _ in rows.batches:
                    pass
            elif store.is_wanted:
                results.append(store.keep(rows))
            else:
                results.append(encoder.statement(rows))
                columns = shown(rows, results[-1]) if how.has_columns else None
        return joined(results, how).decode(), columns

    def _open(self, script: str, arguments: dict[str, Any], engine: Engine, limits: Mapping[str, int]) -> Connection:
        """The connection to the job's database: the one that is kept, if it is that. Raises RunnerError."""
        if self._language == "duckdb":
            self._connection = opened = self._ahead or connect_duckdb(self._folder, limits)
            self._ahead = None
            opened.take(engine)
            return opened
        path = statements.database(script)
        if path is None and "database" not in arguments:
            raise RunnerError("Bad request: Missing database argument")
        database = arguments["database"] if path is None else engine.resource(path)
        if self._connection is not None and self._database == database:
            with suppress(Lost):
                self._connection.begin()
                return self._connection
        self.close()
        self._connection, self._database = CONNECTIONS[self._language](database), database
        self._connection.begin()
        return self._connection

    def settle(self, order: Mapping[str, Any]) -> None:
        """After a job: leave nothing of it, and let go of a connection that is not fit for another one."""
        fit = False
        if self._connection is not None:
            with suppress(Exception):
                fit = self._connection.end()
        if not fit:
            self.close()
        self._folder.clear()
        if self._language == "duckdb":
            self._ahead = connect_duckdb(self._folder, order["limits"])

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._database = None


class Store:
    """Where results go that are to be files of the engine."""

    def __init__(
        self, engine: Engine, wanted: statements.Export | None, order: Mapping[str, Any], folder: Folder
    ) -> None:
        """As the script asks for it; None = it does not."""
        self._engine, self._wanted, self._order, self._folder = engine, wanted, order, folder

    @property
    def is_wanted(self) -> bool:
        """Whether the script asks for it."""
        return self._wanted is not None

    def keep(self, rows: Rows) -> bytes:
        """Write the rows to a file of the engine; what stands for it in the result."""
        wanted = self._wanted
        assert wanted is not None
        path = self._folder / f"result.{wanted.format}"
        count = exports.write(rows, path, wanted.format)
        prefix = wanted.prefix or f"wmill_datalake/{self._order['path'] or 'unknown_script'}"
        key = f"{prefix}/{self._order['job_id']}.{wanted.format}"
        size = path.stat().st_size / 1e6
        self._engine.upload(key, path, wanted.storage)
        path.unlink()
        print(f"stored {count:,} rows as {key} ({size:.1f} MB)")
        return json.dumps({"s3": key, **({"storage": wanted.storage} if wanted.storage else {})}).encode()


def shown(rows: Rows, result: bytes) -> list[str]:
    """The columns to tell: not those in which DuckDB says that a statement is done."""
    return [] if result == b"[]" and rows.columns in ACKNOWLEDGEMENTS else rows.columns


def take_files(job: Job, engine: Engine, folder: Folder) -> None:
    """Put the content of files in the place of `(s3object)` arguments, which are JSON then."""
    changed = dict(job.arguments)
    parameters: list[Mapping[str, Any]] = []
    for parameter in job.parameters:
        name = parameter["name"]
        if parameter["otyp"] == inputs.KIND:
            changed[name] = inputs.content(engine, changed.get(name), name, folder)
            parameters.append({**parameter, "otyp": "jsonb"})
        else:
            parameters.append(parameter)
    job.arguments, job.parameters = changed, parameters


def connect_postgresql(database: Any) -> Connection:
    """A connection to PostgreSQL. Raises RunnerError."""
    from flexwm_nb.server.runners.sql.postgresql import Postgresql

    return Postgresql(database)


def connect_mysql(database: Any) -> Connection:
    """A connection to MySQL or MariaDB. Raises RunnerError."""
    from flexwm_nb.server.runners.sql.mysql import Mysql

    return Mysql(database)


def connect_duckdb(folder: Folder, limits: Mapping[str, int]) -> Duckdb:
    """A database in memory."""
    from flexwm_nb.server.runners.sql.duckdb import Duckdb

    return Duckdb(folder, memory_bytes=int(limits["memory_bytes"] * MEMORY_SHARE))


CONNECTIONS: dict[str, Callable[[Any], Connection]] = {"postgresql": connect_postgresql, "mysql": connect_mysql}


def reply(session: Session, order: Mapping[str, Any]) -> None:
    """Run a job and answer."""
    try:
        result, columns = session.run(order)
    except Unstorable as error:
        answer(ERROR, body(failures.unstorable(order["job_id"], str(error)), order))
    except TooLarge as error:
        answer(ERROR, body(failures.error("ResultTooLarge", str(error)), order))
    except RunnerError as error:
        answer(ERROR, body(failures.execution(str(error)), order))
    except Exception as error:  # of a driver, say: the job fails, without a traceback
        text = blanked(f"Internal: {type(error).__name__}: {error}", session.secrets)
        answer(ERROR, body(failures.execution(text), order))
    else:
        if columns is not None:
            answer(COLUMNS, json.dumps(columns, ensure_ascii=False))
        answer(RESULT, result)


def body(document: str, order: Mapping[str, Any]) -> str:
    """The error object in a failed job's result."""
    found = json.loads(document)["error"]
    if order.get("step") is not None:
        found["step_id"] = order["step"]
    return json.dumps(found, ensure_ascii=False)


def end_when_told(session: Session) -> None:
    """Wait for the wish that it ends, and see to it."""
    signal.sigwait({signal.SIGTERM})
    session.cancel()
    os._exit(0)


def main() -> None:
    """Run jobs until no more come."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    session = Session(sys.argv[1])
    threading.Thread(target=end_when_told, args=(session,), daemon=True).start()
    for order in orders():
        reply(session, order)
        done()
        session.settle(order)
    session.close()


if __name__ == "__main__":
    main()
