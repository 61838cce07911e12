"""What PostgreSQL answers: rows by readers of Windmill's own, and errors in Windmill's words."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Loader

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql import postgresql_values
from flexwm_nb.server.runners.sql.statements import Statement
from flexwm_nb.server.runners.sql.values import Reader, Unreadable

GONE = "the connection to the database was lost while the statement ran"


def loader(column: str, read: Reader) -> type[Loader]:
    """The driver's own form of a reader."""

    class Read(Loader):
        """Reads one column's values."""

        format = pq.Format.BINARY

        def load(self, data: Any) -> Any:
            """The value."""
            try:
                return read(bytes(data))
            except Unreadable as error:
                raise RunnerError(
                    f"Error: conversion issue for value at column_name `{column}`: {error}. Cast it to text: "
                    f"{column}::text"
                ) from None

    return Read


def unreadable(column: str, kind: str) -> RunnerError:
    """The error for a type that Windmill does not read."""
    spelled = postgresql_values.spelled(kind)
    return RunnerError(
        f"Error: conversion issue for value at column_name `{column}` with type {spelled}. Cast it: {column}::text"
    )


def unreachable(error: psycopg.Error) -> str:
    """Why no connection came about."""
    text = one_line(error)
    if "FATAL:" in text:
        return f"Error: db error: FATAL: {text.rpartition('FATAL:')[2].strip()}"
    return f"Error: error connecting to server: {text.removeprefix('connection failed: ')}"


def one_line(error: Exception) -> str:
    """An error's text without its line breaks."""
    return " ".join(str(error).split())


def line_at(statement: Statement, position: int) -> str:
    """The script's line with that character of the statement (from 1), pointed at."""
    if not position:
        return ""
    begin = statement.text.rfind("\n", 0, position - 1) + 1
    head = f"LINE {statement.line + statement.text.count(chr(10), 0, begin)}: "
    line = statement.text[begin:].partition("\n")[0]
    return f"\n{head}{line}\n{' ' * (len(head) + position - 1 - begin)}^"


def failure(result: pq.abc.PGresult, statement: Statement) -> str:
    """The server's error in Windmill's words, with the line where the server tells it."""
    field, named = result.error_field, pq.DiagnosticField
    primary = (field(named.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    if not primary:
        return f"Error: {GONE}: {result.error_message.decode('utf-8', 'replace').strip()}"
    severity = (field(named.SEVERITY) or b"ERROR").decode("utf-8", "replace")
    place = line_at(statement, int(field(named.STATEMENT_POSITION) or 0))
    return f"Error: db error: {severity}: {primary}{place}"
