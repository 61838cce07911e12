"""How a PostgreSQL is reached, as a resource of Windmill's says."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import blanked
from flexwm_nb.server.runners.sql.postgresql_answers import unreachable

PATIENCE = 20  # seconds for a connection


def connect(resource: Mapping[str, Any]) -> psycopg.Connection[Any]:
    """A connection. Raises RunnerError, without the password."""
    password = str(resource.get("password") or "")
    options: dict[str, Any] = {
        "host": resource["host"],
        "port": resource.get("port") or 5432,
        "user": resource.get("user") or "postgres",
        "password": password or None,
        "dbname": resource["dbname"],
        "sslmode": resource.get("sslmode") or "prefer",
        "client_encoding": "utf8",
        "connect_timeout": PATIENCE,
        "application_name": "windmill",
    }
    with root_certificate(resource.get("root_certificate_pem")) as file:
        try:
            return psycopg.connect(conninfo(options | file), autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise RunnerError(blanked(unreachable(error), [password])) from None


def conninfo(options: Mapping[str, Any]) -> str:
    """Where to connect, as libpq reads it."""
    given = {name: value for name, value in options.items() if value is not None}
    return psycopg.conninfo.make_conninfo("", **given)


@contextlib.contextmanager
def root_certificate(pem: str | None) -> Iterator[dict[str, str]]:
    """The certificate as a file, for as long as the connection is made."""
    if not pem:
        yield {}
        return
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(pem)
        yield {"sslrootcert": path}
    finally:
        Path(path).unlink()
