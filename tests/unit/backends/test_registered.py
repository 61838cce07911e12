"""Notes of engines that kernels have opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexwm_nb.backends import registered
from flexwm_nb.client.endpoint import Endpoint, Route

ROUTE = Route(verify=False, ca_bundle=Path("/ca.pem"), proxy="http://proxy:8080")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the notes of this test are."""
    monkeypatch.setattr(registered, "folder", lambda: tmp_path / "engines")
    return tmp_path / "engines"


@pytest.mark.parametrize("route", [Route(), ROUTE], ids=["straight", "with certificates and a proxy"])
def test_the_way_to_an_engine_is_noted_too(route: Route) -> None:
    """What is read is what was noted, for as long as this process lives."""
    endpoint = Endpoint(kind="remote", url="https://w.example", workspace="demo", token="secret", route=route)
    note = registered.register(endpoint)
    assert [found.endpoint for found in registered.registered()] == [endpoint]
    registered.forget(note)
    assert list(registered.registered()) == []


def test_a_note_that_others_may_read_is_not_trusted(folder: Path) -> None:
    """Somebody else may have written it."""
    note = registered.register(Endpoint(kind="remote", url="https://w.example", workspace="demo", token="secret"))
    note.chmod(0o644)
    assert list(registered.registered()) == []
