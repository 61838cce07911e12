"""MySQL and MariaDB: statements prepared by the server, arguments bound, rows in the binary form as they come."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import mysql.connector
from mysql.connector.constants import ServerFlag
from mysql.connector.errors import Error as DriverError

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Batch, Connection, Job, Lost, Rows, blanked, fields
from flexwm_nb.server.runners.sql.mysql_arguments import bind
from flexwm_nb.server.runners.sql.mysql_values import binary_row
from flexwm_nb.server.runners.sql.statements import Statement, marks, named

CHUNK = 250  # rows: large ones must fit in memory
PATIENCE = 20  # seconds for a connection
NAMED_DECLARATION = re.compile(r"^-- :([a-z_][a-z0-9_]*) \(", re.MULTILINE)


class Mysql(Connection):
    """One connection."""

    def __init__(self, database: Any) -> None:
        """Connect. Raises RunnerError."""
        self._database = fields(database, ("host", "database"), "MysqlDatabase")
        self._connection = self._connect()
        self._fresh = True
        self._is_busy = False

    def _connect(self) -> Any:
        given = self._database
        options = {
            "host": given["host"],
            "port": int(given.get("port") or 3306),
            "user": given.get("user") or "",
            "password": given.get("password") or "",
            "database": given["database"],
            "charset": "utf8mb4",
            "collation": "utf8mb4_general_ci",
            "autocommit": True,
            "connection_timeout": PATIENCE,
            "use_pure": True,
            "ssl_disabled": not given.get("ssl"),
        }
        try:
            connection: Any = mysql.connector.connect(**options)
        except DriverError as error:
            raise RunnerError(self._worded("Error: Driver error: `Can't connect: {}`", error)) from None
        with suppress(AttributeError, OSError):  # a command without an answer would hold up the next one for 40 ms
            connection._socket.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # the driver's own does not know every type, and makes objects of what a result wants as text
        connection._protocol._parse_binary_values = binary_row
        return connection

    def begin(self) -> None:
        """Reset a session that another job had. Raises Lost."""
        if self._fresh:
            self._fresh = False
            return
        try:
            if not self._connection.cmd_reset_connection():
                raise Lost("the session cannot be reset")
            self._connection.cmd_query("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci")
            self._connection.autocommit = True
        except (DriverError, OSError) as error:
            raise Lost(str(error)) from None

    def run(self, statement: Statement, job: Job) -> Rows:
        """Execute with the arguments bound."""
        text = statement.text.rstrip().removesuffix(";")
        if NAMED_DECLARATION.search(job.script):
            text, names = named(text)
            known = {parameter["name"]: parameter for parameter in job.parameters}
            used = [lookup(known, name) for name in names]
        else:
            used = list(job.parameters)
            if (count := marks(text)) != len(used):
                were = "was" if len(used) == 1 else "were"
                raise RunnerError(
                    f"Error: Driver error: `Statement takes {count} parameters but {len(used)} {were} supplied.'. "
                    "Each statement of a script with `?` takes all arguments: name them instead, -- :name (type)"
                )
        values = [bind(job.arguments.get(parameter["name"]), parameter["otyp"] or "text") for parameter in used]
        if not text.strip():
            return Rows()
        try:
            return self._execute(text, values)
        except DriverError as error:
            raise RunnerError(self._worded("Error: Server error: `{}`", error)) from None

    def _execute(self, text: str, values: Sequence[Any]) -> Rows:
        connection = self._connection
        try:
            prepared = connection.cmd_stmt_prepare(text.encode())
        except DriverError as error:
            if error.errno != 1295:  # cannot be prepared: it has no arguments then
                raise
            connection.cmd_query(text)
            return Rows()
        statement = prepared["statement_id"]
        result = connection.cmd_stmt_execute(statement, values, prepared["parameters"])
        if not isinstance(result, tuple):
            connection.cmd_stmt_close(statement)
            return Rows()
        connection.unread_result = True
        columns = result[1]
        return Rows([column[0] for column in columns], self._batches(statement, columns))

    def _batches(self, statement: int, columns: Sequence[Any]) -> Iterator[Batch]:
        connection, end = self._connection, None
        self._is_busy = True
        try:
            while end is None:
                batch, end = connection.get_rows(count=CHUNK, binary=True, columns=columns)
                if batch:
                    yield batch
            while end["status_flag"] & ServerFlag.MORE_RESULTS_EXISTS:  # of a procedure
                found = connection._handle_binary_result(connection._socket.recv())
                connection.unread_result = isinstance(found, tuple)
                end = connection.get_rows(binary=True, columns=found[1])[1] if isinstance(found, tuple) else found
        except DriverError as error:
            raise RunnerError(self._worded("Error: Server error: `{}`", error)) from None
        self._is_busy = False
        connection.cmd_stmt_close(statement)

    def _worded(self, form: str, error: DriverError) -> str:
        """The error as mysql_async words it, without the password."""
        code = f"ERROR {error.errno} ({error.sqlstate or 'HY000'}): {error.msg}"
        return blanked(form.format(code), [str(self._database.get("password") or "")])

    def end(self) -> bool:
        """Roll back what was begun; whether the connection is fit for another job."""
        try:
            if self._is_busy or self._connection.unread_result:
                return False
            if self._connection.in_transaction:
                self._connection.rollback()
        except (DriverError, OSError):
            return False
        return True

    def cancel(self) -> None:
        """Have the server end the statement, over another connection."""
        with suppress(DriverError, RunnerError, OSError):
            aside = self._connect()
            aside.cmd_query(f"KILL {int(self._connection.connection_id)}")
            aside.close()

    def close(self) -> None:
        """Close it, whatever it is doing."""
        with suppress(DriverError, OSError):
            self._connection.shutdown()


def lookup(known: Mapping[str, Any], name: str) -> Any:
    """A named parameter. Raises RunnerError."""
    if name not in known:
        raise RunnerError(
            f"Error: Driver error: `Missing named parameter `{name}` for statement'. Declare it: -- :{name} (text)"
        )
    return known[name]
