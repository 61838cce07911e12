"""Jobs that are run again, many at once, and what a selection of jobs ran."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.languages import W, preview, run

AGAIN, GROUPS = f"{W}/jobs/run/batch_rerun_jobs", f"{W}/jobs/list_selected_job_groups"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {"type": "string"}}, "required": []}
ONE, TWO = ('n="$1"\nm="$2"\necho "one $n $m"', 'n="$1"\nm="$2"\necho "two $n $m"')


def again(http: httpx.Client, jobs: list[str], scripts: Any = None, flows: Any = None) -> list[str]:
    """The lines of the answer."""
    body = {"job_ids": jobs, "script_options_by_path": scripts or {}, "flow_options_by_path": flows or {}}
    answer = http.post(AGAIN, json=body)
    assert answer.status_code == 201, answer.text
    return answer.text.splitlines()


@pytest.fixture
def path() -> str:
    """A path of the test's own."""
    return f"f/reruns/{uuid4().hex[:8]}"


@pytest.fixture
def jobs(http: httpx.Client, path: str) -> list[str]:
    """Two jobs of a script, of its versions one and two."""
    found: list[str] = []
    parent = None
    for code in (ONE, TWO):
        body = {"path": path, "summary": "", "content": code, "language": "bash", "schema": SCHEMA}
        parent = http.post(f"{W}/scripts/create", json={**body, "parent_hash": parent}).text
        found.append(http.post(f"{W}/jobs/run/h/{parent}", json={"n": 1, "m": "a"}).text)
        run(http, found[-1])
    return found


CHANGES = [
    pytest.param({}, "one 1 a", id="as it was"),
    pytest.param({"use_latest_version": True}, "two 1 a", id="in the newest version"),
    pytest.param(
        {"input_transforms": {
            "n": {"type": "javascript", "expr": "job.input.n + 10"}, "m": {"type": "static", "value": "z"},
            "unknown": {"type": "static", "value": 1},
        }},
        "one 11 z", id="with other arguments",
    ),
    pytest.param(
        {"input_transforms": {"m": {"type": "javascript", "expr": "job.kind + job.script_hash.length"}}},
        "one 1 script16", id="with what is known of it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "result"), CHANGES)
def test_a_script_is_run_again(
    http: httpx.Client, path: str, jobs: list[str], options: dict[str, Any], result: str
) -> None:
    """In its version, with its arguments, unless it is said otherwise."""
    (new,) = again(http, jobs[:1], {path: options})
    assert run(http, new) == (True, result)


def test_each_job_has_its_line(http: httpx.Client, path: str, jobs: list[str]) -> None:
    """What is no run of a script or flow has none, and what cannot be worked out is said."""
    assert len(again(http, [*jobs, str(uuid4()), preview(http, "bash", "echo 1")])) == 2
    wrong = {path: {"input_transforms": {"n": {"type": "javascript", "expr": "job.nothing.x"}}}}
    (said,) = [line for line in again(http, jobs[:1], wrong) if line.startswith("Error")]
    assert "cannot read property 'x' of undefined" in said


def test_a_flow_is_run_again(http: httpx.Client, path: str) -> None:
    """As it is now."""
    body = {
        "path": path,
        "summary": "",
        "schema": SCHEMA,
        "value": {"modules": [{"id": "a", "value": {"type": "identity"}}]},
    }
    http.post(f"{W}/flows/create", json=body)
    job = http.post(f"{W}/jobs/run/f/{path}", json={"n": 5}).text
    run(http, job)
    (new,) = again(http, [job], None, {path: {"input_transforms": {"n": {"type": "static", "value": 7}}}})
    assert run(http, new) == (True, {"n": 7})
    (group,) = http.post(GROUPS, json=[job]).json()
    assert (group["kind"], group["script_path"], group["latest_schema"]) == ("flow", path, SCHEMA)


def test_a_selection_is_grouped_by_what_it_ran(http: httpx.Client, path: str, jobs: list[str]) -> None:
    """Each version with its jobs and schema."""
    (group,) = http.post(GROUPS, json=[*jobs, str(uuid4())]).json()
    assert (group["kind"], group["script_path"], group["latest_schema"]) == ("script", path, SCHEMA)
    assert sorted(version["job_ids"][0] for version in group["schemas"]) == sorted(jobs)
    assert [len(version["script_hash"]) for version in group["schemas"]] == [16, 16]


@pytest.mark.parametrize(
    "body",
    [{}, {"job_ids": []}, {"job_ids": ["x"], "script_options_by_path": {}, "flow_options_by_path": {}}],
    ids=json.dumps,
)
def test_bad_bodies_are_refused(http: httpx.Client, body: dict[str, Any]) -> None:
    """Before anything runs."""
    assert http.post(AGAIN, json=body).status_code == 422
