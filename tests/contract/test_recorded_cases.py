"""The local engine answers as the recorded real server did, case by case."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import WORKSPACE

RECORDED = Path(__file__).parents[3] / "shared" / "conformance"
LANGUAGES = {"python3", "bash", "bun", "deno", "go"}


def cases(name: str) -> list[dict[str, Any]]:
    """The recorded cases of a file, none where they are not at hand."""
    file = RECORDED / name
    return json.loads(file.read_text("utf-8")) if file.exists() else []


def load_runner() -> ModuleType:
    """The recorded cases' own runner."""
    spec = importlib.util.spec_from_file_location("windmill_cases", RECORDED / "windmill_cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def peer(server: Any) -> Iterator[Any]:
    """The runner's view of the running engine."""
    found = load_runner().Server(server.url, server.token, WORKSPACE, 60)
    yield found
    found.http.close()


def built_http_cases() -> list[Any]:
    """The recorded requests."""
    marks = {"users_and_tokens": pytest.mark.differs("passwords")}
    found = cases("http_cases.json")
    return [pytest.param(case, id=case["name"], marks=marks.get(case["name"], ())) for case in found]


def built_script_cases() -> list[Any]:
    """The recorded scripts in the languages that run here."""
    return [pytest.param(case, id=case["name"]) for case in cases("script_cases.json") if case["language"] in LANGUAGES]


def built_flow_cases() -> list[Any]:
    """The recorded flows whose steps are in other languages than the other tests' flows."""
    return [pytest.param(case, id=case["name"]) for case in cases("flow_cases.json") if "bunnative" in case["name"]]


@pytest.mark.parametrize("case", built_flow_cases())
def test_a_flow_has_the_recorded_result(peer: Any, case: dict[str, Any]) -> None:
    """A flow's result or error is that of the real server."""
    assert load_runner().verdict(case, peer.run(case)) is None


def built_postgresql_cases() -> list[Any]:
    """The recorded SQL scripts, in a form that a PostgreSQL without XML takes."""
    found = cases("postgresql_cases.json")
    return [
        pytest.param({**case, "content": case["content"].replace("'<a/>'::xml", "NULL::xml")}, id=case["name"])
        for case in found
    ]


@pytest.mark.parametrize("case", built_http_cases())
def test_an_http_case_has_the_recorded_answers(peer: Any, case: dict[str, Any]) -> None:
    """Statuses, texts and fields are those of the real server."""
    assert peer.http_steps(case) is None


@pytest.mark.parametrize("case", built_script_cases())
def test_a_script_has_the_recorded_result(peer: Any, case: dict[str, Any]) -> None:
    """A script's arguments, result and error are those of the real server."""
    assert load_runner().verdict(case, peer.run(case)) is None


@pytest.mark.parametrize("case", built_postgresql_cases())
def test_a_sql_script_has_the_recorded_result(peer: Any, postgresql: dict[str, Any], case: dict[str, Any]) -> None:
    """A statement's rows, its arguments and errors are those of the real server."""
    peer.given["database"] = postgresql
    assert load_runner().verdict(case, peer.run(case)) is None
