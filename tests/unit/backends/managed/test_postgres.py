"""The database: a configured one is tried, an own one is made where only its engine comes in."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flexwm_nb.backends.managed.places import Places
from flexwm_nb.backends.managed.postgres import check, cluster
from flexwm_nb.errors import DatabaseUnusable, InvalidConfig


@contextmanager
def database(version: str) -> Iterator[int]:
    """A server that lets everybody in and says that it is a PostgreSQL of this version; its port."""

    def serve(connection: socket.socket) -> None:
        with connection:
            while True:
                length, code = struct.unpack("!II", connection.recv(8))
                if code != 80877103:  # a request for TLS: refused, the client asks again without
                    break
                connection.sendall(b"N")
            connection.recv(length)
            parameters = {"server_version": version, "client_encoding": "UTF8", "server_encoding": "UTF8"}
            texts = [f"{name}\0{value}\0".encode() for name, value in parameters.items()]
            said = [b"R" + struct.pack("!II", 8, 0), *(b"S" + struct.pack("!I", len(t) + 4) + t for t in texts)]
            connection.sendall(b"".join(said) + b"Z" + struct.pack("!I", 5) + b"I")
            connection.recv(1_000)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            serve(listener.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize(("version", "shown"), [("12.22", "PostgreSQL 12"), ("18.1", "PostgreSQL 18")])
def test_a_database_is_taken(version: str, shown: str) -> None:
    """Its version and its place are told, not its password."""
    with database(version) as port:
        assert check(f"postgres://ada:secret@127.0.0.1:{port}/data") == f"{shown} at 127.0.0.1:{port}/data"


def test_an_old_database_is_refused() -> None:
    """With its version and the oldest that is taken."""
    with database("11.22") as port, pytest.raises(DatabaseUnusable, match=r"it is PostgreSQL 11, the oldest .* is 12"):
        check(f"postgres://127.0.0.1:{port}/data")


def test_a_database_that_is_not_there() -> None:
    """Where it should be, and no password."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DatabaseUnusable, match=rf"127\.0\.0\.1:{port}/data does not let us in.*DATABASE_URL") as caught:
        check(f"postgres://ada:secret@127.0.0.1:{port}/data")
    assert "secret" not in repr(caught.value.__dict__)


def test_another_kind_of_database() -> None:
    """Windmill has one kind only."""
    with pytest.raises(InvalidConfig, match="postgres://USER") as caught:
        check("mysql://ada:secret@db/data")
    assert "secret" not in str(caught.value)


def test_an_own_database_is_private(folder: Path) -> None:
    """It listens at a socket in a directory that is closed to others, and at no port."""
    made = cluster(folder)
    assert made.is_new and not made.is_ready and made.left_over is None
    assert [place.stat().st_mode & 0o077 for place in (made.data, made.socket)] == [0, 0]
    assert made.command[made.command.index("-h") + 1] == ""
    assert made.url == f"postgres://postgres@{str(made.socket).replace('/', '%2F')}/postgres"


def test_data_of_a_version_that_is_not_here(folder: Path) -> None:
    """They are left alone."""
    (cluster(folder).data / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnusable, match="made by PostgreSQL 9, which is not on this machine"):
        cluster(folder)
    (folder / "postgres" / "PG_VERSION").unlink()


def test_two_databases_are_two_engines(tmp_path: Path) -> None:
    """A changed password is the same engine, another database is another."""
    names = [
        Places.of(tmp_path, url).folder.name
        for url in (None, "postgres://a:1@db/x", "postgres://a:2@db/x", "postgres://a:1@db/y")
    ]
    assert names[0] == "own" and names[1] == names[2] and len(set(names)) == 3
