"""The client against peers that behave badly: which requests are sent again, and what becomes of the rest."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flexwm_nb.client.client import Client, parameters, pause
from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.client.events import UpdateStream
from flexwm_nb.errors import AuthenticationFailed, EngineNotReady, EngineUnreachable, JobNotFound, RequestRefused

JOB = "01a2100f-0000-7000-8000-000000000000"
HANG_UP = b""


def answer(body: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """An answer in full."""
    size = len(body.encode())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def stream(*messages: object, end: bytes = b"0\r\n\r\n") -> bytes:
    """An event stream; without its `end` it is cut off."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [f"data: {json.dumps(message)}\n\n".encode() for message in messages]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


@contextmanager
def peer(*answers: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, one a connection, and the first lines of the requests it got."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[str] = []

    def serve() -> None:
        for each in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65_536).split(b"\r\n")[0].decode())
                connection.sendall(each)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        listener.close()


@contextmanager
def client(url: str, attempts: int = 3, **options: object) -> Iterator[Client]:
    """A client of the peer."""
    made = Client(Endpoint(kind="remote", url=url, workspace="demo", token="s3cret"), attempts=attempts, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def test_a_reading_request_is_sent_again() -> None:
    """When its answer was lost."""
    with peer(HANG_UP, HANG_UP, answer("7")) as (url, seen), client(url) as made:
        assert made.get("/x") == 7
        assert len(seen) == 3


def test_a_changing_request_is_not() -> None:
    """It may have been carried out."""
    with peer(HANG_UP, answer("7")) as (url, seen), client(url) as made:
        with pytest.raises(EngineUnreachable):
            made.post("/x", {})
        assert len(seen) == 1


def test_a_changing_request_that_may_be_repeated_is() -> None:
    """Its id makes it the same."""
    with peer(HANG_UP, answer("7")) as (url, _), client(url) as made:
        assert made.post("/x", {}, repeat=True).json() == 7


def test_it_gives_up() -> None:
    """After as many tries as were configured."""
    with peer(*[answer("", "503 Busy")] * 5) as (url, seen), client(url, attempts=2) as made:
        with pytest.raises(EngineUnreachable) as caught:
            made.get("/x")
        assert (len(seen), caught.value.status, caught.value.attempt) == (2, 503, 2)


@pytest.mark.parametrize("text", ["<html>a proxy's page</html>", "", "{"])
def test_what_is_no_json_is_said(text: str) -> None:
    """With the beginning of it."""
    with peer(answer(text)) as (url, _), client(url) as made, pytest.raises(RequestRefused, match="not JSON"):
        made.get("/x")


def test_an_answer_that_is_cut_off() -> None:
    """Is no answer."""
    cut = answer('{"a": 1}')[:-3]
    with peer(cut, answer("1")) as (url, _), client(url) as made:
        assert made.get("/x") == 1


def test_the_debug_log_has_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    """Method, path, status and time only."""
    logger = logging.getLogger("a program's own")
    with caplog.at_level(logging.DEBUG), peer(answer("1")) as (url, _), client(url, logger=logger) as made:
        made.get("/x", password="hidden")
    lines = [record.getMessage() for record in caplog.records if record.name == logger.name]
    assert [line.split(" in ")[0] for line in lines] == ["GET /x: 200"]


def test_an_engine_that_moved_is_followed() -> None:
    """A refused token makes the client look where the engine is now; without a change it is the token."""
    refused = answer("Unauthorized", "401 Unauthorized", "text/plain")
    with peer(refused) as (old, _), peer(answer("1"), refused) as (new, _):
        there = Endpoint(kind="local", url=new, workspace="demo", token="new")
        with client(old, reopen=lambda: there) as made:
            assert made.post("/x", {}).json() == 1
            assert made.endpoint is there
            with pytest.raises(AuthenticationFailed):
                made.post("/x", {})


def test_a_broken_stream_goes_on_from_its_offset() -> None:
    """No line is lost, none comes twice."""
    first = {"type": "update", "running": True, "new_logs": "one\n", "log_offset": 5}
    last = {
        "type": "update",
        "completed": True,
        "new_logs": "two",
        "log_offset": 8,
        "job": {"id": JOB, "success": True},
    }
    with peer(stream(first, end=b""), HANG_UP, stream({"type": "ping"}, last)) as (url, seen), client(url) as made:
        updates = list(UpdateStream(made, JOB))
    assert "".join(update.new_logs or "" for update in updates) == "one\ntwo"
    assert updates[-1].job is not None
    assert "log_offset=5" in seen[2]


def test_a_line_separator_within_a_log_ends_no_message() -> None:
    """JSON leaves U+2028 as it is."""
    message = {"type": "update", "completed": True, "new_logs": "a\u2028b", "job": {"id": JOB, "success": True}}
    raw = stream(message).replace(b"\\u2028", "\u2028".encode() + b"   ")
    with peer(raw) as (url, _), client(url) as made:
        assert next(iter(UpdateStream(made, JOB))).new_logs == "a\u2028   b"


def test_an_unknown_job_is_not_found() -> None:
    """Also where the stream says so."""
    with peer(stream({"type": "notfound"})) as (url, _), client(url) as made, pytest.raises(JobNotFound):
        list(UpdateStream(made, JOB))


def test_a_deadline_ends_a_silent_stream() -> None:
    """On time."""
    with peer(stream(end=b""), HANG_UP) as (url, _), client(url) as made:
        begin = time.monotonic()
        assert list(UpdateStream(made, JOB, deadline=begin + 0.2)) == []
        assert time.monotonic() - begin < 2


@pytest.mark.parametrize("use", ["get", "post", "stream"])
def test_a_closed_client_says_so(use: str) -> None:
    """And how to go on; so does one that is closed while a request waits."""
    with peer() as (url, _), client(url) as made:
        made.close()
        with pytest.raises(EngineNotReady, match="Connect again"):
            list(UpdateStream(made, JOB)) if use == "stream" else getattr(made, use)("/x")


def test_queries_as_windmill_spells_them() -> None:
    """Nothing is left out, and booleans are words."""
    assert parameters({"a": True, "b": None, "c": 0, "d": "x"}) == {"a": "true", "c": "0", "d": "x"}


def test_pauses_grow_to_a_limit() -> None:
    """With some chance in them."""
    assert pause(1) < 0.1
    assert pause(20) <= 2.5
