"""Secrets at rest."""

from __future__ import annotations

from pathlib import Path

import apsw
import httpx
import pytest

from flexwm_nb.errors import StoreCorrupt, StoreUnwritable
from flexwm_nb.server.secrets import FILE, Secrets
from tests.conftest import Server
from tests.contract.test_variables import W, create


@pytest.mark.parametrize("text", ["", "s3cr3t", "grüße 🎉\n", "x" * 100_000])
def test_a_text_comes_back(tmp_path: Path, text: str) -> None:
    """What is encrypted can be decrypted, by a later server too, and never looks the same twice."""
    sealed = Secrets(tmp_path).encrypt(text)
    assert Secrets(tmp_path).decrypt(sealed) == text
    assert Secrets(tmp_path).encrypt(text) != sealed


def test_the_key_is_the_owners_alone(tmp_path: Path) -> None:
    """The key is made with the first secret, for its owner's eyes."""
    secrets = Secrets(tmp_path)
    assert not (tmp_path / FILE).exists()
    secrets.encrypt("x")
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_another_key_does_not_open(tmp_path: Path) -> None:
    """A value of another store, a changed value and plain text are refused."""
    (tmp_path / "other").mkdir()
    sealed = Secrets(tmp_path / "other").encrypt("x")
    own = Secrets(tmp_path).encrypt("x")
    for text in (sealed, own[:-4] + "AAA=", "plain text", "", "AAAA"):
        with pytest.raises(ValueError):
            Secrets(tmp_path).decrypt(text)


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    """A key of another length is reported, not replaced: what it sealed would be lost."""
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(StoreCorrupt):
        Secrets(tmp_path).encrypt("x")
    assert (tmp_path / FILE).read_bytes() == b"short"


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no key can be made, that is the error."""
    with pytest.raises(StoreUnwritable):
        Secrets(tmp_path / "absent").encrypt("x")


def test_a_secret_is_encrypted_at_rest(http: httpx.Client, server: Server) -> None:
    """A secret's text stands nowhere in the store, and its key is the owner's alone."""
    create(http, "u/admin/variables/secret", "hush-hush-hush", is_secret=True)
    connection = apsw.Connection(str(server.store / "store.db"))
    stored = next(connection.execute("SELECT value FROM variable WHERE path = 'u/admin/variables/secret'"))[0]
    connection.close()
    assert "hush" not in stored
    assert (server.store / "secret.key").stat().st_mode & 0o777 == 0o600
    assert http.get(f"{W}/get_value/u/admin/variables/secret").json() == "hush-hush-hush"
