"""A workspace moved from one engine to another and back, through files and directly; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import flexwm_nb
from flexwm_nb import sync
from flexwm_nb.engine import Engine
from flexwm_nb.errors import FlexwmError
from flexwm_nb.flows.builder import Flow
from flexwm_nb.models.scripts import ScriptDraft
from tests.conftest import TOKEN, running_server

HOME = "f/moving"
SETTINGS: dict[str, Any] = {  # every setting of a script
    "summary": "It's: one",
    "description": "Two\nlines",
    "tag": "bash",
    "timeout": 30,
    "cache_ttl": 60,
    "concurrent_limit": 2,
    "concurrency_time_window_s": 10,
    "priority": 3,
    "labels": ["a", "b"],
    "envs": ["A=1"],
    "kind": "approval",
    "more": {
        "concurrency_key": "k", "debounce_key": "d", "debounce_delay_s": 5, "cache_ignore_s3_path": True,
        "visible_to_runner_only": True, "restart_unless_cancelled": True,
    },
}  # fmt: skip


@pytest.fixture
def here(engine: Engine) -> Iterator[Engine]:
    """A workspace with one of everything."""
    with workspace(engine) as made:
        fill(made)
        yield made


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Another engine."""
    with (
        running_server(tmp_path_factory.mktemp("other")) as server,
        flexwm_nb.connect(server.url, token=TOKEN) as made,
    ):
        yield made


@pytest.fixture
def there(other: Engine) -> Iterator[Engine]:
    """An empty workspace of the other engine."""
    with workspace(other) as made:
        yield made


@contextmanager
def workspace(engine: Engine) -> Iterator[Engine]:
    """A fresh workspace of an engine; a Windmill without a licence has room for one."""
    endpoint, name = engine.client.endpoint, f"move-{uuid4().hex[:8]}"
    engine.workspaces.ensure(name)
    with flexwm_nb.connect(endpoint.url, token=endpoint.token, workspace=name) as made:
        try:
            yield made
        finally:
            engine.client.delete(f"/workspaces/delete/{name}")


def fill(engine: Engine) -> None:
    """One of everything."""
    client, base = engine.client, engine.client.workspace
    client.post(f"{base}/folders/create", {"name": "moving", "display_name": "On the move", "summary": "s"})
    client.post(f"{base}/resources/type/create", {"name": "c_own", "schema": {"type": "object"}, "description": "d"})
    client.post(
        f"{base}/resources/type/create",
        {"name": "c_file", "schema": {}, "description": "", "format_extension": "ini"},
    )
    engine.variables.set(f"{HOME}/plain", "one\ntwo", description="d")
    engine.variables.set(f"{HOME}/hidden", "s3cret", secret=True)
    engine.resources.set(f"{HOME}/base", {"host": "h", "password": f"$var:{HOME}/hidden"}, resource_type="c_own")
    engine.resources.set(f"{HOME}/file", {"content": "[a]\nb = 1\n"}, resource_type="c_file")
    engine.scripts.register(ScriptDraft(path=f"{HOME}/full", language="bash", content="echo 1\n", **SETTINGS))
    library = ScriptDraft(path=f"{HOME}/lib", language="python3", content="X = 1\n", library=True)
    engine.scripts.register(library)
    flow = Flow(f"{HOME}/flow")
    flow.step(f"{HOME}/full")
    engine.flows.register(flow)
    engine.schedules.set(f"{HOME}/nightly", "0 3 * * *", f"{HOME}/flow", {"n": 1}, is_flow=True, summary="at night",
                         enabled=False, no_flow_overlap=True)  # fmt: skip


def contents(engine: Engine) -> dict[str, str]:
    """All that an engine has, as files, secrets included."""
    return sync.remote_files(engine.client, sync.Layout(), secrets=True)


def without_moments(files: dict[str, str]) -> dict[str, Any]:
    """What must be the same on both: not who owns a folder, nor the order of a document's keys."""
    kept = {name: text for name, text in files.items() if not name.endswith("folder.meta.json")}
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in kept.items()}


def test_directly_there_and_back(here: Engine, there: Engine) -> None:
    """All kinds, every setting; a second time there is nothing to do, in neither direction."""
    sync.push(sync.copy(here.client, there.client, secrets=True), there)
    assert without_moments(contents(there)) == without_moments(contents(here))
    assert sync.copy(here.client, there.client, secrets=True) == []
    assert sync.copy(there.client, here.client, secrets=True, delete=True) == []
    assert there.variables.get(f"{HOME}/hidden") == "s3cret"
    assert there.schedules.get(f"{HOME}/nightly").arguments == {"n": 1}


def test_through_files(here: Engine, there: Engine, tmp_path: Path) -> None:
    """Laid out as wmill does; a file with a secret is its owner's alone."""
    plan = sync.plan_pull(here.client, tmp_path, secrets=True)
    assert "s3cret" not in repr(plan)
    sync.pull(plan, tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.suffix in (".yaml", ".ini")}
    assert {f"{HOME}/hidden.variable.yaml", f"{HOME}/file.resource.file.ini", "c_own.resource-type.yaml"} <= names
    assert (tmp_path / f"{HOME}/hidden.variable.yaml").stat().st_mode & 0o777 == 0o600
    sync.push(sync.plan_push(there.client, tmp_path, secrets=True), there)
    assert without_moments(contents(there)) == without_moments(contents(here))
    assert sync.plan_pull(there.client, tmp_path, secrets=True, delete=True) == []


def test_secrets_stay_where_they_are(here: Engine, there: Engine, tmp_path: Path) -> None:
    """Unless they are asked for, and that is said."""
    plan = sync.copy(here.client, there.client)
    assert f"! variable {HOME}/hidden: a secret stays here (--secrets takes it along)" in map(str, plan)
    sync.push(plan, there)
    assert not there.variables.exists(f"{HOME}/hidden")
    sync.pull(sync.plan_pull(here.client, tmp_path), tmp_path)
    assert not [path for path in (tmp_path / "f").rglob("*") if path.is_file() and "s3cret" in path.read_text()]
    there.variables.set(f"{HOME}/hidden", "another", secret=True)
    assert not [change for change in sync.copy(here.client, there.client) if "hidden" in change.path]


def test_changes_travel(here: Engine, there: Engine) -> None:
    """What was changed, cleared and taken away; scripts and flows only go out of use."""
    sync.push(sync.copy(here.client, there.client, secrets=True), there)
    here.scripts.register(ScriptDraft(path=f"{HOME}/full", language="bash", content="echo 1\n", exact=True))
    here.variables.set(f"{HOME}/plain", "changed")
    here.schedules.set(f"{HOME}/nightly", "0 4 * * *", f"{HOME}/full", enabled=False)
    here.resources.delete(f"{HOME}/file")
    here.flows.delete(f"{HOME}/flow")
    plan = sync.copy(here.client, there.client, delete=True)
    assert [str(change) for change in plan] == [
        f"~ variable {HOME}/plain", f"~ script {HOME}/full", f"~ schedule {HOME}/nightly",
        f"- flow {HOME}/flow", f"- resource {HOME}/file",
    ]  # fmt: skip
    sync.push(plan, there)
    assert sync.copy(here.client, there.client, delete=True) == []
    assert there.scripts.get(f"{HOME}/full").to_wire().get("cache_ttl") is None
    assert there.flows.list(archived=True)[0].path == f"{HOME}/flow"


def test_a_part_of_a_workspace(here: Engine, there: Engine) -> None:
    """With the folder that it needs; what is elsewhere is not touched."""
    there.variables.set("u/admin/own", "mine")
    sync.push(sync.copy(here.client, there.client, f"{HOME}/plain", delete=True), there)
    assert [variable.path for variable in there.variables.list()] == [f"{HOME}/plain", "u/admin/own"]
    assert there.client.get(f"{there.client.workspace}/folders/exists/moving") is True


def test_what_goes_wrong_names_its_path(here: Engine, there: Engine) -> None:
    """And what came before it stays."""
    plan = sync.copy(here.client, there.client)
    there.resources.set(f"{HOME}/base", {}, resource_type="c_own")
    with pytest.raises(FlexwmError, match=rf"resource {HOME}/base: It exists already"):
        sync.push(plan, there)
    assert there.variables.exists(f"{HOME}/plain")


def test_what_a_settings_file_leaves_out(here: Engine, tmp_path: Path) -> None:
    """Is neither written nor taken away."""
    (tmp_path / "wmill.yaml").write_text("skipVariables: true\nskipResources: true\nincludeSchedules: false\n")
    names = [change.name for change in sync.plan_pull(here.client, tmp_path)]
    assert not [
        name for name in names if ".variable." in name or ".schedule." in name or name.endswith("resource.yaml")
    ]
