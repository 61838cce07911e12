"""MySQL and MariaDB: statements prepared by the server, arguments bound, rows in the binary form as they come."""

from __future__ import annotations

import base64
import json
import re
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import mysql.connector
from mysql.connector import FieldType
from mysql.connector.constants import FieldFlag, ServerFlag
from mysql.connector.errors import Error as DriverError

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Batch, Connection, Job, Lost, Rows, blanked, fields
from flexwm_nb.server.runners.sql.statements import Statement, marks, named
from flexwm_nb.server.runners.sql.values import number

CHUNK = 1_000  # rows
PATIENCE = 20  # seconds for a connection
NAMED_DECLARATION = re.compile(r"^-- :([a-z_][a-z0-9_]*) \(", re.MULTILINE)
INTEGERS: Final = {
    FieldType.TINY: ("b", 1), FieldType.SHORT: ("h", 2), FieldType.YEAR: ("h", 2), FieldType.INT24: ("i", 4),
    FieldType.LONG: ("i", 4), FieldType.LONGLONG: ("q", 8),
}  # fmt: skip
MOMENTS = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TIMESTAMP, FieldType.NEWDATE})
DECIMALS = frozenset({FieldType.DECIMAL, FieldType.NEWDECIMAL})
BINARIES = frozenset({FieldType.BIT, FieldType.BLOB, FieldType.MEDIUM_BLOB, FieldType.LONG_BLOB, FieldType.TINY_BLOB})
CHARACTERS = frozenset({FieldType.VARCHAR, FieldType.VAR_STRING, FieldType.STRING, FieldType.ENUM, FieldType.SET})
BINARY_CHARSET = 63
INTEGER_TYPES = ("int", "integer", "smallint", "bigint")
REAL_TYPES = ("real", "dec", "fixed")
MOMENT_TYPES = ("timestamp", "datetime", "date", "time")
WITH_ZONE = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\.(\d+)Z")
SPACED = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NO_MOMENT = "0000-00-00 00:00:00"


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
                raise RunnerError(
                    f"Error: Driver error: `Statement takes {count} parameters but {len(used)} were supplied.'. "
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
            f"Error: Driver error: `Named parameter `{name}' not found among parameters'. Declare it: -- :{name} (text)"
        )
    return known[name]


def bind(value: Any, kind: str) -> Any:
    """An argument as it is sent. Raises RunnerError."""
    if value is None:
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return moment(value) if kind in MOMENT_TYPES else value
    if isinstance(value, int) and (kind in INTEGER_TYPES or (kind == "uint" and value >= 0)):
        return value
    if isinstance(value, (int, float)) and kind == "float":
        return struct.unpack("f", struct.pack("f", value))[0]
    if isinstance(value, (int, float)) and kind in REAL_TYPES:
        return float(value)
    raise RunnerError(f'Unsupported type in query: {shown(value)} and signature "{kind}"')


def moment(text: str) -> str:
    """A date and a time as MySQL writes them; what is none becomes the year 0, as on Windmill."""
    if found := WITH_ZONE.search(text):
        microseconds = int(found[3][:9])
        return f"{found[1]} {found[2]}" + (f".{microseconds:06d}" if microseconds else "")
    if found := SPACED.search(text):
        return f"{found[1]} {found[2]}"
    return text if DAY.fullmatch(text) else NO_MOMENT


def shown(value: Any) -> str:
    """A value as Windmill's messages show it."""
    if value is None or isinstance(value, bool):
        return "Null" if value is None else f"Bool({str(value).lower()})"
    if isinstance(value, (int, float)):
        return f"Number({json.dumps(value)})"
    if isinstance(value, list):
        return f"Array [{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(name)}: {shown(item)}" for name, item in value.items())
        return f"Object {{{inner}}}"
    return f"String({json.dumps(value, ensure_ascii=False)})"


def binary_row(columns: Sequence[Any], packet: bytes, charset: str = "utf-8") -> tuple[Any, ...]:
    """A row of the binary protocol, its values as a result has them."""
    nulls = packet[: (len(columns) + 9) // 8]
    position = len(nulls)
    values: list[Any] = []
    for index, column in enumerate(columns, start=2):
        if nulls[index // 8] & 1 << index % 8:
            values.append(None)
            continue
        value, position = binary_value(packet, position, column)
        values.append(value)
    return tuple(values)


def binary_value(packet: bytes, position: int, column: Sequence[Any]) -> tuple[Any, int]:
    """One value and where the next one begins."""
    kind = column[1]
    if kind in INTEGERS:
        code, size = INTEGERS[kind]
        code = code.upper() if column[7] & FieldFlag.UNSIGNED else code
        return struct.unpack_from(f"<{code}", packet, position)[0], position + size
    if kind in (FieldType.FLOAT, FieldType.DOUBLE):
        code, size = ("<f", 4) if kind == FieldType.FLOAT else ("<d", 8)
        return number(struct.unpack_from(code, packet, position)[0]), position + size
    size, position = length(packet, position)
    data = packet[position : position + size]
    if kind in MOMENTS:
        return moment_text(data, kind), position + size
    if kind == FieldType.TIME:
        return time_text(data), position + size
    return data_value(data, kind, column[8]), position + size


def length(packet: bytes, position: int) -> tuple[int, int]:
    """A length and where what has it begins."""
    first = packet[position]
    if first < 251:
        return first, position + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(packet[position + 1 : position + 1 + size], "little"), position + 1 + size


def moment_text(data: bytes, kind: int) -> str:
    """`2024-01-02 03:04:05.120000`; at midnight `2024-01-02`, as Windmill's driver writes it."""
    year, month, of_month, hour, minute, second, rest = struct.unpack("<HBBBBBI", data.ljust(11, b"\0"))
    text = f"{year:04d}-{month:02d}-{of_month:02d}"
    if kind in (FieldType.DATE, FieldType.NEWDATE) or not (hour or minute or second or rest):
        return text
    return f"{text} {hour:02d}:{minute:02d}:{second:02d}" + (f".{rest:06d}" if rest else "")


def time_text(data: bytes) -> str:
    """`-026:04:05.120000`: MySQL's times are spans."""
    negative, days, hour, minute, second, rest = struct.unpack("<BIBBBI", data.ljust(12, b"\0"))
    sign = "-" if negative else ""
    return f"{sign}{days * 24 + hour:03d}:{minute:02d}:{second:02d}" + (f".{rest:06d}" if rest else "")


def data_value(data: bytes, kind: int, charset: int) -> Any:
    """What comes with a length: decimals, texts and bytes."""
    if kind in DECIMALS:
        return number(float(data))
    if kind == FieldType.BIT or (kind in BINARIES and charset == BINARY_CHARSET):
        return base64.b64encode(data).decode()
    if kind in CHARACTERS or kind in BINARIES or kind == FieldType.JSON:
        return data.decode("utf-8", "replace")
    return f"Unsupported type MYSQL_TYPE_{FieldType.get_info(kind) or kind}"
