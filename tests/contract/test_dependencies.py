"""Locks for `wmill generate-metadata`: always the empty one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

SCRIPTS = {"raw_scripts": [{"raw_code": "", "language": "python3", "script_path": "u/admin/x"}], "entrypoint": "x"}
FLOW = {"path": "u/admin/f", "flow_value": {"modules": []}}
ASKED = [
    pytest.param("dependencies", SCRIPTS, {"lock": ""}, id="scripts"),
    pytest.param("flow_dependencies", FLOW, {"updated_flow_value": {"modules": []}}, id="a flow"),
]


@pytest.mark.parametrize(("route", "body", "result"), ASKED)
def test_a_lock_comes_at_once_or_as_a_job(
    http: httpx.Client, route: str, body: dict[str, Any], result: dict[str, Any]
) -> None:
    """Both forms have the same result."""
    assert http.post(f"/w/demo/jobs/run/{route}", json=body).json() == result
    job = http.post(f"/w/demo/jobs/run/{route}_async", json=body)
    assert job.status_code == 201
    assert http.get(f"/w/demo/jobs_u/completed/get_result/{job.text}").json() == result
