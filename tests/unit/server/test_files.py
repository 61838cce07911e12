"""How the engine keeps files: whose they are, and how much it takes."""

from __future__ import annotations

import stat
from pathlib import Path

import httpx

from tests.conftest import Server, running_server
from tests.contract.test_job_files import DOWNLOAD, UPLOAD


def test_contents_are_the_owners_alone(http: httpx.Client, server: Server) -> None:
    """Files have mode 0600 in a directory of mode 0700, under names of their own."""
    http.post(UPLOAD, params={"file_key": "u/admin/private"}, content=b"x")
    folder: Path = server.store / "files"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert not [file for file in folder.iterdir() if "private" in file.name]


def test_the_limit_holds_and_nothing_in_use_goes(tmp_path: Path) -> None:
    """A file that would pass it is refused, and leaves nothing behind; what is there stays, over a restart too."""
    store = tmp_path / "store"
    with running_server(store, "--files-limit", "3") as server, server.http() as http:
        key = http.post(UPLOAD, content=b"a" * 2_000_000).json()["file_key"]
        refused = http.post(UPLOAD, content=b"b" * 2_000_000)
        assert (refused.status_code, refused.text.split(":")[0]) == (400, "Quota exceeded")
        assert len(list((store / "files").iterdir())) == 1
    (store / "files" / "left").write_bytes(b"of an upload that a crash cut off")
    with running_server(store, "--files-limit", "3") as server, server.http() as http:
        assert http.get(DOWNLOAD, params={"file_key": key}).content == b"a" * 2_000_000
        assert len(list((store / "files").iterdir())) == 1
