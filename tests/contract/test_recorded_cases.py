"""The local engine answers as the recorded real server did, case by case."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

RECORDED = Path(__file__).parents[3] / "shared" / "conformance"
TOKEN = "token-of-the-tests"
LANGUAGES = {"python3", "bash"}
# Recorded cases of capabilities that are not built yet; each name is removed with the capability.
NOT_BUILT = {
    "flow_lifecycle": "flows",
    "flow_validation": "flows",
    "flow_run_by_path": "flows",
    "wait_result_success_and_failure": "flows",
    "approval_as_owner": "flows",
    "schedule_crud": "schedules",
}


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


def built_http_cases() -> list[Any]:
    """The recorded requests about what is built."""
    return [pytest.param(case, id=case["name"]) for case in cases("http_cases.json") if case["name"] not in NOT_BUILT]


@pytest.mark.parametrize("case", built_http_cases())
def test_an_http_case_has_the_recorded_answers(server: Any, case: dict[str, Any]) -> None:
    """Statuses, texts and fields are those of the real server."""
    assert load_runner().Server(server.url, TOKEN, "demo", 60).http_steps(case) is None


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case["name"]) for case in cases("script_cases.json") if case["language"] in LANGUAGES],
)
def test_a_script_has_the_recorded_result(server: Any, case: dict[str, Any]) -> None:
    """A script's arguments, result and error are those of the real server."""
    runner = load_runner()
    try:
        assert runner.verdict(case, runner.Server(server.url, TOKEN, "demo", 60).run(case)) is None
    except httpx.HTTPError as error:
        pytest.fail(f"the engine did not answer: {error}")
