"""Variables, resources, files, workspaces, health, and the engine itself, as a program uses them."""

from __future__ import annotations

from uuid import uuid4

import pytest

import flexwm_nb
from flexwm_nb.config import Config
from flexwm_nb.engine import Engine, EngineBuilder
from flexwm_nb.errors import (
    AuthenticationFailed,
    Conflict,
    EngineNotReady,
    InvalidConfig,
    InvalidPath,
    NotFound,
    WorkspaceNotFound,
)
from flexwm_nb.models.workspace import HealthCheck
from tests.conftest import WORKSPACE


def test_a_variable(engine: Engine) -> None:
    """Made, changed, listed, removed."""
    variables, path = engine.variables, "u/admin/services_greeting"
    variables.set(path, "hello", description="polite")
    variables.set(path, "good evening")
    found = variables.read(path)
    assert (found.value, found.is_secret, found.description) == ("good evening", False, "polite")
    assert path in [variable.path for variable in variables.list("u/admin/services")]
    variables.delete(path)
    assert not variables.exists(path)


def test_a_secret(engine: Engine) -> None:
    """Stays one when its value changes; lists and representations do not show it."""
    path = "u/admin/services_secret"
    engine.variables.set(path, "first", secret=True)
    engine.variables.set(path, "s3cret")
    assert engine.variables.get(path) == "s3cret"
    shown = [*engine.variables.list(path), engine.variables.read(path)]
    assert "s3cret" not in repr(shown)


def test_a_script_reads_a_secret(engine: Engine) -> None:
    """By its name in an argument."""
    engine.variables.set("u/admin/services_password", "s3cret", secret=True)
    execution = engine.jobs.preview("python3", "def main(p): return len(p)", {"p": "$var:u/admin/services_password"})
    assert execution.result() == 6


@pytest.mark.parametrize("service", ["variables", "resources"])
def test_what_is_not_there(engine: Engine, service: str) -> None:
    """Is not found, by every way of asking."""
    used = getattr(engine, service)
    for ask in (used.get, used.read, used.delete):
        with pytest.raises(NotFound):
            ask("u/admin/services_never")
    with pytest.raises(InvalidPath):
        used.set("nowhere", "x")


def test_a_resource(engine: Engine) -> None:
    """Made, changed, read with its secrets put in, removed."""
    path = "u/admin/services_database"
    engine.variables.set("u/admin/services_pw", "s3cret", secret=True)
    engine.resources.set(path, {"host": "a"}, resource_type="postgresql", description="main")
    engine.resources.set(path, {"host": "b", "password": "$var:u/admin/services_pw"})
    found = engine.resources.read(path)
    assert (found.resource_type, found.description, found.value["host"]) == ("postgresql", "main", "b")
    assert engine.resources.get(path)["password"] == "$var:u/admin/services_pw"
    assert engine.resources.get(path, interpolated=True)["password"] == "s3cret"
    assert path in [resource.path for resource in engine.resources.list(resource_type="postgresql")]
    engine.resources.set(path, None)
    assert engine.resources.get(path) is None
    engine.resources.delete(path)
    assert not engine.resources.exists(path)


@pytest.mark.differs("files (`engine.files`, `wmill.write_s3_file`)")
def test_a_file(engine: Engine) -> None:
    """Comes back byte by byte, under a key of the engine's or of ours."""
    data = bytes(range(256)) * 1_000
    for key in (engine.files.upload(data), engine.files.upload(data, "services/mine.bin")):
        assert engine.files.download(key) == data
        engine.files.delete(key)
        with pytest.raises(NotFound):
            engine.files.download(key)
    with pytest.raises(NotFound):
        engine.files.download("services/never.bin")


def test_workspaces(engine: Engine) -> None:
    """Listed, made once."""
    with pytest.raises(Conflict):
        engine.workspaces.create(WORKSPACE)
    name = f"services-{uuid4().hex[:8]}"
    assert engine.workspaces.ensure(name) is True
    try:
        assert engine.workspaces.ensure(name) is False
        assert engine.workspaces.exists(name)
        assert {WORKSPACE, name} <= {workspace.id for workspace in engine.workspaces.list()}
    finally:
        engine.client.delete(f"/workspaces/delete/{name}")  # a Windmill without a licence has room for one more
    assert engine.workspaces.whoami().username == "admin"


def test_the_checks(engine: Engine) -> None:
    """Each has a name, a status and a message, and here all are well."""
    checks = engine.health.check()
    assert all(isinstance(check, HealthCheck) and check.message for check in checks)
    names = [check.name for check in checks]
    assert names[:5] == ["engine", "token", "database", "workers", "queue"]
    assert {check.status for check in checks} == {"ok"}
    assert engine.ready


def test_the_description(engine: Engine) -> None:
    """One line: which, where, workspace, health."""
    described = engine.describe()
    assert described.healthy
    assert str(described).startswith(f"remote engine CE v1.743.0 at {engine.client.endpoint.url} · workspace demo")


def test_a_wrong_token(engine: Engine) -> None:
    """Is said when connecting."""
    with pytest.raises(AuthenticationFailed, match="WM_TOKEN"):
        flexwm_nb.connect(engine.client.endpoint.url, token="wrong")


def test_a_workspace_that_is_not_there(engine: Engine) -> None:
    """Is said when connecting, with those that are; a remote one is not made."""
    endpoint = engine.client.endpoint
    with pytest.raises(WorkspaceNotFound, match=r"Choose one of yours.*demo"):
        flexwm_nb.connect(endpoint.url, token=endpoint.token, workspace="nowhere")


class Requests:
    """Metrics of a program's own."""

    def __init__(self) -> None:
        """Nothing counted."""
        self.seen: list[tuple[str, str, int | None]] = []

    def request(self, method: str, path: str, status: int | None, seconds: float) -> None:
        """Count one."""
        assert seconds >= 0
        self.seen.append((method, path, status))


class NoHealth:
    """A checker of a program's own."""

    def check(self) -> list[HealthCheck]:
        """Nothing is well."""
        return [HealthCheck(name="all", status="fail", message="no")]

    def healthy(self) -> bool:
        """Never."""
        return False


def builder(engine: Engine) -> EngineBuilder:
    """A builder for the same engine."""
    endpoint = engine.client.endpoint
    config = Config(engine=endpoint.url, token=endpoint.token, workspace=endpoint.workspace)
    return Engine.builder().with_config(config)


def test_an_engine_is_put_together(engine: Engine) -> None:
    """With metrics and services of the program's own; nothing is sent before its start."""
    metrics = Requests()
    built = builder(engine).with_metrics(metrics).with_services(health=NoHealth()).build()
    assert (metrics.seen, built.ready) == ([], False)
    with built as started:
        started.scripts.list()
        assert not started.ready
        assert started.health.check()[0].name == "all"
    assert metrics.seen == [("GET", "/w/demo/scripts/list", 200)]


def test_engines_side_by_side(engine: Engine) -> None:
    """Closing one leaves the other."""
    with builder(engine).build() as other:
        assert other.ready
    with pytest.raises(EngineNotReady, match="not connected"):
        _ = other.client
    assert engine.ready


def test_a_service_that_there_is_not() -> None:
    """Is a mistake in the program."""
    with pytest.raises(TypeError, match="no service helth"):
        Engine.builder().with_services(helth=NoHealth())


def test_an_engine_that_there_is_not() -> None:
    """Is said before anything is started."""
    with pytest.raises(InvalidConfig, match="Give local, or a URL"):
        flexwm_nb.connect("managd")
