"""The file by which a server is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.backends import runtime_file

FACTS: dict[str, Any] = {
    "pid": 1,
    "version": "0.1.0",
    "protocol": 1,
    "url": "http://127.0.0.1:1",
    "socket": "/tmp/x.sock",
    "token": "s3cret",
    "workspace": "demo",
}


def write(store: Path, text: str, mode: int = 0o600) -> None:
    """Put a runtime file into a store."""
    (store / runtime_file.NAME).write_text(text)
    (store / runtime_file.NAME).chmod(mode)


def test_a_runtime_file_is_read(tmp_path: Path) -> None:
    """And its token is not shown."""
    write(tmp_path, json.dumps(FACTS))
    found = runtime_file.read(tmp_path)
    assert found is not None
    assert (found.pid, found.token) == (1, "s3cret")
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666], ids=oct)
def test_a_file_that_others_can_read_is_not_trusted(tmp_path: Path, mode: int) -> None:
    """Its token may be anybody's."""
    write(tmp_path, json.dumps(FACTS), mode)
    assert runtime_file.read(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", json.dumps({**FACTS, "pid": "one"}), '{"pid": 1}', "\x00\xff"]
)
def test_a_damaged_file_is_as_none(tmp_path: Path, text: str) -> None:
    """A server writes a new one."""
    write(tmp_path, text)
    assert runtime_file.read(tmp_path) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """It may lead to somebody else's server."""
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", json.dumps(FACTS))
    (tmp_path / runtime_file.NAME).symlink_to(tmp_path / "other" / runtime_file.NAME)
    assert runtime_file.read(tmp_path) is None


def test_a_store_without_server_has_no_owner(tmp_path: Path) -> None:
    """Also where a lock file was left behind."""
    assert not runtime_file.is_owned(tmp_path)
    (tmp_path / runtime_file.LOCK).write_text("process 1")
    assert not runtime_file.is_owned(tmp_path)
