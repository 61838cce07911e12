"""The settings and where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.config import ENVIRONMENT, Config
from flexwm_nb.errors import InvalidConfig


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable, and a file that is not there."""
    for variable in {name for names in ENVIRONMENT.values() for name in names}:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FLEXWM_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "config.toml"


def test_the_defaults() -> None:
    """The local engine, ten jobs at once, five minutes."""
    config = Config()
    assert (config.target, config.workspace, config.max_concurrent, config.timeout) == ("local", "demo", 10, 300)


def test_argument_before_environment_before_file(nothing_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source fills only what stronger ones leave."""
    nothing_set.write_text('workspace = "file"\nport = 1\ntimeout = 3\n')
    monkeypatch.setenv("FLEXWM_WORKSPACE", "environment")
    monkeypatch.setenv("FLEXWM_PORT", "2")
    config = Config(workspace="argument")
    assert (config.workspace, config.port, config.timeout) == ("argument", 2, 3)


@pytest.mark.parametrize(
    ("field", "variables"), [(field, names) for field, names in ENVIRONMENT.items() if len(names) > 1]
)
def test_our_variable_before_windmills(field: str, variables: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Windmill's own names count where ours are not set; an empty one is not set."""
    monkeypatch.setenv(variables[-1], "https://windmill.example")
    monkeypatch.setenv(variables[0], "")
    if field == "workspace":
        monkeypatch.setenv(variables[-1], "theirs")
    first = getattr(Config(), field)
    monkeypatch.setenv(variables[0], "https://ours.example" if field == "base_url" else "ours")
    assert getattr(Config(), field) != first


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({}, "local"),
        ({"base_url": "https://a.example"}, "https://a.example"),
        ({"base_url": "https://a.example", "engine": "local"}, "local"),
        ({"engine": "https://b.example", "base_url": "https://a.example"}, "https://b.example"),
    ],
)
def test_which_engine_is_meant(given: dict[str, Any], target: str) -> None:
    """The engine by name, else the base URL, else local."""
    assert Config(**given).target == target


def test_every_wrong_field_is_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With where its value came from."""
    monkeypatch.setenv("FLEXWM_PORT", "99999")
    with pytest.raises(InvalidConfig) as caught:
        Config(timeout=-1, workspace="no spaces", colour="red")
    assert caught.value.fields == ["colour", "port", "timeout", "workspace"]
    assert "port (FLEXWM_PORT)" in str(caught.value)
    assert "timeout (argument)" in str(caught.value)


def test_a_file_that_is_no_toml_is_named(nothing_set: Path) -> None:
    """One line, with the file."""
    nothing_set.write_text("workspace = ")
    with pytest.raises(InvalidConfig, match=r"config\.toml cannot be read"):
        Config()


def test_the_token_is_never_shown(nothing_set: Path) -> None:
    """Neither by repr nor in an error about another field."""
    nothing_set.write_text('token = "s3cret"\n')
    assert "s3cret" not in repr(Config())
    with pytest.raises(InvalidConfig) as caught:
        Config(token="s3cret", port=-1)
    assert "s3cret" not in str(caught.value)


def test_settings_do_not_change() -> None:
    """Several engines may share them."""
    with pytest.raises(Exception, match="frozen"):
        Config().port = 5  # type: ignore[misc]
