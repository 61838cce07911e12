"""A released program: resumed, checked, and only then made executable. The server is a real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flexwm_nb.backends.managed.download import download
from flexwm_nb.backends.managed.manager import BuildManager
from flexwm_nb.config import Config
from flexwm_nb.errors import DownloadFailed, InvalidConfig

PROGRAM = b"#!/bin/sh\necho Windmill v1.743.0\n#" + b"x" * 300_000
DIGEST = sha256(PROGRAM).hexdigest()


@contextmanager
def serving(*, breaks_at: int | None = None, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server of the program, and which ranges it was asked for; its first answer may break off."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Give the program, or the rest of it."""
            wanted = self.headers.get("range", "")
            asked.append(wanted)
            begin = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
            self.send_response(206 if wanted else status)
            self.send_header("content-length", str(len(PROGRAM) - begin))
            self.end_headers()
            self.wfile.write(PROGRAM[begin : breaks_at if len(asked) == 1 else None])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/windmill", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_download_is_followed_and_kept(tmp_path: Path) -> None:
    """Byte by byte, and the second time nothing is fetched."""
    told: list[tuple[int, int | None]] = []
    with serving() as (url, asked):
        path = download(url, DIGEST, tmp_path, lambda done, total: told.append((done, total)))
        again = download(url, DIGEST.upper(), tmp_path, lambda *_: None)
    assert (path.read_bytes(), path.stat().st_mode & 0o777, again) == (PROGRAM, 0o700, path)
    assert (told[-1], asked) == ((len(PROGRAM), len(PROGRAM)), [""])


def test_a_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    """What is there already cannot be run, and is not fetched again."""
    with serving(breaks_at=100_000) as (url, asked):
        with pytest.raises(DownloadFailed, match="goes on where it broke off"):
            download(url, DIGEST, tmp_path, lambda *_: None)
        part = next(tmp_path.rglob("*.part"))
        assert not part.stat().st_mode & 0o111
        have = part.stat().st_size
        assert download(url, DIGEST, tmp_path, lambda *_: None).read_bytes() == PROGRAM
    assert asked == ["", f"bytes={have}-"]


def test_another_program_is_thrown_away(tmp_path: Path) -> None:
    """Its checksum says that it is not the one that was meant."""
    with serving() as (url, _), pytest.raises(DownloadFailed, match=f"its SHA-256 is {DIGEST}"):
        download(f"{url}?token=secret", "0" * 64, tmp_path, lambda *_: None)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_secret_of_the_address_is_not_shown(tmp_path: Path) -> None:
    """Neither its query nor a password in it."""
    with serving(status=403) as (url, _), pytest.raises(DownloadFailed, match="status 403") as caught:
        download(f"{url.replace('//', '//ada:pw@')}?token=secret", DIGEST, tmp_path, lambda *_: None)
    assert "secret" not in str(caught.value) and "pw" not in str(caught.value)


def test_a_program_without_a_checksum_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could tell whether it is the right one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WINDMILL_BINARY_PATH", raising=False)
    config = Config(managed_folder=tmp_path, release_url="http://127.0.0.1:9/windmill")
    with pytest.raises(InvalidConfig, match="FLEXWM_WINDMILL_SHA256"):
        BuildManager(config).find()
