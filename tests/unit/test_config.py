"""The settings and where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb import saved_workspaces
from flexwm_nb.config import ENVIRONMENT, Config
from flexwm_nb.errors import InvalidConfig


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable, and a file that is not there."""
    for variable in {name for names in ENVIRONMENT.values() for name in names}:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FLEXWM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("WMILL_CONFIG_DIR", str(tmp_path))
    return tmp_path / "config.toml"


def test_the_defaults() -> None:
    """The local engine, ten jobs at once, five minutes."""
    config = Config()
    assert (config.target, config.workspace, config.max_concurrent, config.timeout) == ("local", "demo", 10, 300)


REMOTE = "https://windmill.example"
SOURCES = ("argument", "environment", "file", "wmill")  # strongest first
VALUES = {  # field -> its value by source
    "workspace": {name: name for name in SOURCES},
    "token": {name: f"token-{name}" for name in SOURCES},
    "port": {"argument": 1, "environment": 2, "file": 3},
    "timeout": {"argument": 1.5, "environment": 2.5, "file": 3.5},
    "debug": {"argument": True, "environment": True, "file": True},
    "proxy": {name: f"http://{name}" for name in SOURCES[:3]},
    "ca_bundle": {name: Path(f"/{name}.pem") for name in SOURCES[:3]},
    "binary_path": {name: Path(f"/{name}/windmill") for name in SOURCES[:3]},
    "database_url": {name: f"postgres://{name}" for name in SOURCES[:3]},
}


@pytest.mark.parametrize("field", VALUES)
def test_each_source_before_those_after_it(field: str, nothing_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, environment, TOML file, what wmill has saved, defaults; each fills what stronger ones leave."""
    values, default = VALUES[field], shown(getattr(Config(), field))
    saved(nothing_set.parent, "theirs", workspace="wmill", token="token-wmill")
    for first in range(len(SOURCES) + 1):
        given = {name: values[name] for name in SOURCES[first:] if name in values}
        variable = ENVIRONMENT[field][-1]
        monkeypatch.setenv(variable, str(given["environment"])) if "environment" in given else monkeypatch.delenv(
            variable, raising=False
        )
        nothing_set.write_text(f"{field} = {toml(given['file'])}\n" if "file" in given else "")
        argument = {field: given["argument"]} if "argument" in given else {}
        engine = "theirs" if "wmill" in SOURCES[first:] else "local"
        assert shown(getattr(Config(engine=engine, **argument), field)) == next(iter(given.values()), default)


def shown(value: Any) -> Any:
    """A field's value, secrets included."""
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def toml(value: Any) -> str:
    """A value as TOML."""
    return json.dumps(value if isinstance(value, (bool, int, float)) else str(value))


def saved(folder: Path, *names: str, remote: str = f"{REMOTE}/", **fields: str) -> None:
    """Workspaces as wmill saves them; the last is the active one."""
    (folder / "windmill").mkdir(exist_ok=True)
    found = [{"name": name, "remote": remote, "workspaceId": fields.get("workspace", name), **fields} for name in names]
    text = "".join(json.dumps(one) + "\n" for one in [*found])
    (folder / "windmill" / "remotes.ndjson").write_text(f"no json\n{text}")
    (folder / "windmill" / "activeWorkspace").write_text(names[-1])


@pytest.mark.parametrize(
    ("given", "workspace"),
    [
        ({"engine": "first"}, "first"),
        ({"engine": REMOTE}, "second"),
        ({"engine": f"{REMOTE}/", "workspace": "first"}, "first"),
        ({"base_url": f"{REMOTE}/api"}, "second"),
        ({"engine": "https://elsewhere.example"}, "demo"),
        ({}, "demo"),
    ],
    ids=["name", "address: the active one", "address and workspace", "base URL", "another address", "no engine"],
)
def test_what_wmill_has_saved(given: dict[str, str], workspace: str, nothing_set: Path) -> None:
    """Counts for the engine that is meant, and never chooses the engine."""
    saved(nothing_set.parent, "first", "second", token="s3cret")
    config = Config(**given)
    assert config.workspace == workspace
    assert (config.token is not None) == (workspace != "demo")
    assert config.target.startswith("https://") is bool(given)


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"HOME": "/h"}, "linux", "/h/.config/windmill"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "linux", "/x/windmill"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "darwin", "/h/Library/Preferences/windmill"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x", "WMILL_CONFIG_DIR": "/w"}, "linux", "/w/windmill"),
    ],
    ids=["home", "XDG", "mac", "chosen"],
)
def test_where_wmill_keeps_them(environment: dict[str, str], platform: str, expected: str) -> None:
    """As the command line itself looks for them."""
    assert saved_workspaces.folder(environment, platform) == Path(expected)


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


SECRETS = {"token": "s3cret", "database_url": "postgres://u:s3cret@db/x", "proxy": "http://u:s3cret@proxy"}


@pytest.mark.parametrize("field", SECRETS)
def test_secrets_are_never_shown(field: str, nothing_set: Path) -> None:
    """Neither by repr nor in an error about another field, nor in one about this one."""
    nothing_set.write_text(f'{field} = "{SECRETS[field]}"\n')
    assert "s3cret" not in repr(Config())
    for wrong in ({field: SECRETS[field], "port": -1}, {field: ["s3cret"]}):
        with pytest.raises(InvalidConfig) as caught:
            Config(**wrong)
        assert "s3cret" not in str(caught.value)


def test_settings_do_not_change() -> None:
    """Several engines may share them."""
    with pytest.raises(Exception, match="frozen"):
        Config().port = 5  # type: ignore[misc]
