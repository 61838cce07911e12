"""Locks for `wmill generate-metadata`: the empty one where nothing is needed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.languages import run


def of(language: str, content: str = "") -> dict[str, Any]:
    """A request for the lock of a script."""
    script = {"raw_code": content, "language": language, "script_path": "u/admin/x"}
    return {"raw_scripts": [script], "entrypoint": "u/admin/x"}


FLOW = {"path": "u/admin/f", "flow_value": {"modules": []}}
SAME = pytest.mark.differs("lock of a script without packages")
ASKED = [
    pytest.param("dependencies", of("bash"), {"lock": ""}, id="bash"),
    pytest.param("dependencies", of("python3", "def main(): pass"), {"lock": ""}, id="python3", marks=SAME),
    pytest.param("flow_dependencies", FLOW, {"updated_flow_value": {"modules": []}, "modified_ids": []}, id="a flow"),
]


@pytest.mark.parametrize(("route", "body", "result"), ASKED)
def test_a_lock_comes_at_once_or_as_a_job(
    http: httpx.Client, route: str, body: dict[str, Any], result: dict[str, Any]
) -> None:
    """Both forms have the same result."""
    wanted = {**result, "status": "Successful lock file generation"}
    assert http.post(f"/w/demo/jobs/run/{route}", json=body).json() == wanted
    job = http.post(f"/w/demo/jobs/run/{route}_async", json=body)
    assert job.status_code == 201
    assert run(http, job.text) == (True, wanted)
