"""A remote engine: what is wrong is said at the start. The peers here are real servers that behave badly."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest
import trustme

from flexwm_nb.backends.remote import RemoteBackend, base_of
from flexwm_nb.config import Config
from flexwm_nb.errors import (
    AuthenticationFailed,
    EngineError,
    EngineUnreachable,
    EngineVersionMismatch,
    FlexwmError,
    InvalidConfig,
    RequestRefused,
    WorkspaceNotFound,
)

Answers = dict[str, tuple[int, str]]  # method and path -> status and text
GOOD: Answers = {
    "GET /api/version": (200, "CE v1.743.0"),
    "GET /api/w/demo/users/whoami": (200, '{"email": "ada@example.org", "username": "ada"}'),
    "GET /api/users/whoami": (200, '{"email": "ada@example.org"}'),
    "GET /api/workspaces/list": (200, '[{"id": "data"}, {"id": "science"}]'),
    "POST /api/workspaces/exists": (200, "false"),
}


@contextmanager
def peer(answers: Answers, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server with these answers, and its address; `context` makes it speak TLS."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            """Give the answer; 404 for what there is none."""
            self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path.removeprefix("http://windmill.invalid")  # so asks who comes through a proxy
            status, text = answers.get(f"{self.command} {path}", (404, ""))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", text)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if context else ''}://{'localhost' if context else '127.0.0.1'}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def backend(url: str, token: str | None = "t", **settings: Any) -> RemoteBackend:
    """A backend for this address."""
    return RemoteBackend(Config(engine=url, workspace="demo", token=token, **settings))


def test_a_windmill_is_opened() -> None:
    """Also below a path, and where /api was given with it."""
    below = {key.replace(" /", " /team/"): answer for key, answer in GOOD.items()}
    with peer(GOOD | below) as url:
        assert backend(url).open().version == "CE v1.743.0"
        assert backend(f"{url}/team/api/").open().url == f"{url}/team"


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        ({"GET /api/version": (200, "<html>nginx")}, EngineUnreachable, "There is no Windmill"),
        ({"GET /api/version": (404, "")}, EngineUnreachable, "status 404"),
        ({"GET /api/version": (403, "no")}, EngineUnreachable, "status 403"),
        ({"GET /api/version": (502, "")}, EngineUnreachable, "502"),
        ({"GET /api/version": (301, "https://other.example/")}, RequestRefused, "Connect to https://other.example/"),
        ({"GET /api/version": (200, "CE v1.400.9")}, EngineVersionMismatch, "oldest that is supported is v1.500.0"),
        (
            {"GET /api/w/demo/users/whoami": (401, "Unauthorized"), "GET /api/users/whoami": (401, "Unauthorized")},
            AuthenticationFailed,
            "WM_TOKEN",
        ),
        (
            {"GET /api/w/demo/users/whoami": (401, "Unauthorized")},
            WorkspaceNotFound,
            "Choose one of yours with workspace=…: data, science",
        ),
        (
            {"GET /api/w/demo/users/whoami": (200, '{"email": "root@x", "username": "root@x"}')},
            WorkspaceNotFound,
            "'demo' does not exist",
        ),
        ({"GET /api/w/demo/users/whoami": (200, "not json")}, RequestRefused, "not JSON"),
        ({"GET /api/w/demo/users/whoami": (200, "[]")}, RequestRefused, "cannot be read"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_wrong_is_said(change: Answers, kind: type[FlexwmError], text: str) -> None:
    """As a typed error with the next step."""
    with peer({**GOOD, **change}) as url, pytest.raises(kind) as caught:
        backend(url, retry_attempts=1).open()
    assert text in str(caught.value)


def test_a_build_from_source_has_no_number() -> None:
    """It is taken as it is."""
    with peer({**GOOD, "GET /api/version": (200, "CE 3f2a1b")}) as url:
        assert backend(url).open().version == "CE 3f2a1b"


def test_nobody_there(free_port: int) -> None:
    """The address is named."""
    with pytest.raises(EngineUnreachable, match=f"127.0.0.1:{free_port}"):
        backend(f"http://127.0.0.1:{free_port}", retry_attempts=1).open()


def test_without_a_token_nothing_is_sent() -> None:
    """The error says where tokens come from."""
    with pytest.raises(AuthenticationFailed, match="WM_TOKEN"):
        backend("http://192.0.2.1", token=None).open()


def test_it_is_not_ours_to_stop() -> None:
    """Only the local engine is."""
    with pytest.raises(EngineError, match="not ours to stop"):
        backend("http://192.0.2.1").stop()


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://w.example", "https://w.example"),
        ("https://w.example/", "https://w.example"),
        ("https://w.example/prefix/api/", "https://w.example/prefix"),
        (" http://w.example:8000/?workspace=x#y ", "http://w.example:8000"),
    ],
)
def test_the_base_of_an_address(address: str, base: str) -> None:
    """The path prefix stays; /api, query and fragment go."""
    assert base_of(address) == base


@pytest.mark.parametrize("address", ["managed", "", "ftp://w.example", "https://", "http://w.example:port", "loacl"])
def test_what_is_no_engine(address: str) -> None:
    """It is local or a URL."""
    with pytest.raises(InvalidConfig, match="Give local, or a URL"):
        base_of(address)


def test_a_password_in_the_address_is_refused() -> None:
    """And not repeated."""
    with pytest.raises(InvalidConfig) as caught:
        base_of("https://ada:s3cret@w.example")
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield port


def test_a_busy_engine_is_asked_again() -> None:
    """A refusal that passes is not shown."""
    seen: list[str] = []
    answers = Counting(GOOD, seen, lambda: len(seen) <= 2)
    with peer(answers) as url:
        assert backend(url, retry_attempts=3).open().version == "CE v1.743.0"
    assert seen[:3] == ["GET /api/version"] * 3


class Counting(dict[str, tuple[int, str]]):
    """Answers that are 503 while `busy`."""

    def __init__(self, answers: Answers, seen: list[str], busy: Callable[[], bool]) -> None:
        super().__init__(answers)
        self._seen, self._busy = seen, busy

    def get(self, key: str, default: Any = None) -> Any:
        """Note the request."""
        self._seen.append(key)
        return (503, "busy") if self._busy() else super().get(key, default)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """An organisation's own authority; its certificate is in ca.pem, one for a client in client.pem."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    made.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    return made


def speaking_tls(authority: trustme.CA, *, knows_clients: bool = False) -> ssl.SSLContext:
    """A server's side of TLS; `knows_clients` by certificates of the same authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    if knows_clients:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    return context


def test_the_certificate_of_an_organisation(authority: trustme.CA, tmp_path: Path) -> None:
    """Is trusted where its authority is named; else the error says how to name it."""
    with peer(GOOD, speaking_tls(authority)) as url:
        assert backend(url, ca_bundle=tmp_path / "ca.pem").open().version
        with pytest.raises(EngineUnreachable, match="FLEXWM_CA_BUNDLE"):
            backend(url, retry_attempts=1).open()


def test_a_certificate_of_the_client(authority: trustme.CA, tmp_path: Path) -> None:
    """Is shown to a server that wants one, and a file that is none is named."""
    given = {"ca_bundle": tmp_path / "ca.pem", "retry_attempts": 1}
    with peer(GOOD, speaking_tls(authority, knows_clients=True)) as url:
        assert backend(url, client_certificate=tmp_path / "client.pem", **given).open().version
        with pytest.raises(EngineUnreachable):
            backend(url, **given).open()
    with pytest.raises(InvalidConfig, match=r"client_certificate.*never\.pem"):
        backend(url, client_certificate=tmp_path / "never.pem", **given).open()


def test_a_certificate_that_is_not_checked() -> None:
    """Is a warning."""
    with pytest.warns(UserWarning, match="is not checked"), pytest.raises(EngineUnreachable):
        backend("https://windmill.invalid", verify=False, retry_attempts=1).open()


def test_a_proxy() -> None:
    """Brings the requests to an engine that cannot be reached otherwise; its password is not shown."""
    with peer(GOOD) as url:
        config = {"proxy": url.replace("//", "//ada:s3cret@"), "retry_attempts": 1}
        opened = backend("http://windmill.invalid", **config)
        assert opened.open().version == "CE v1.743.0"
        assert "s3cret" not in repr(opened.open()) + repr(Config(proxy=config["proxy"]))
    with pytest.raises(InvalidConfig, match="proxy"):
        backend("http://windmill.invalid", proxy="gopher://x").open()


class Ring(keyring.backend.KeyringBackend):
    """A keyring with one token."""

    priority = 1

    def __init__(self, url: str) -> None:
        self.url = url

    def get_password(self, service: str, username: str) -> str | None:
        """The token of that address."""
        return "kept" if (service, username) == ("flexwm_nb", self.url) else None

    set_password = delete_password = get_password  # type: ignore[assignment]


def test_a_token_of_the_keyring() -> None:
    """Is used where none is given."""
    before = keyring.get_keyring()
    with peer(GOOD) as url:
        try:
            keyring.set_keyring(Ring(url))
            assert backend(url, token=None).open().token == "kept"
            assert backend(url, token="given").open().token == "given"
        finally:
            keyring.set_keyring(before)
