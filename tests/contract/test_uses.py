"""What starts scripts and flows, where they are used, and what is removed or changed many at once."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.languages import PATIENCE, W, preview, run

BASH = {"summary": "", "content": "echo 1", "language": "bash", "schema": {}}


@pytest.fixture
def start() -> str:
    """How the paths of a test begin."""
    return f"f/uses_{uuid4().hex[:8]}"


@pytest.fixture
def script(http: httpx.Client, start: str) -> str:
    """A script."""
    path = f"{start}/script"
    assert http.post(f"{W}/scripts/create", json={"path": path, **BASH}).status_code == 201
    return path


def flow(http: httpx.Client, path: str, value: dict[str, Any]) -> str:
    """A flow with one module inside of a loop."""
    loop = {"type": "forloopflow", "iterator": {"type": "static", "value": [1]}, "skip_failures": False}
    module = {"id": "a", "value": {**loop, "modules": [{"id": "b", "value": {**value, "input_transforms": {}}}]}}
    body = {"path": path, "summary": "", "value": {"modules": [module]}, "schema": {}}
    assert http.post(f"{W}/flows/create", json=body).status_code == 201
    return path


def found(http: httpx.Client, kind: str, path: str, **query: str) -> list[str]:
    """The flows that call a script or flow; Windmill knows them when it has found their locks."""
    end, rows = time.monotonic() + PATIENCE, []
    while not rows and time.monotonic() < end:
        rows = http.get(f"{W}/flows/list_paths_from_workspace_runnable/{kind}/{path}", params=query).json()
    return list(rows)


def test_schedules_are_counted(http: httpx.Client, script: str, start: str) -> None:
    """The one with the script's own path is shown; there is nothing else that could start it."""
    when = {"schedule": "0 0 3 * * *", "timezone": "UTC", "script_path": script, "is_flow": False, "enabled": False}
    for path in (script, f"{start}/other"):
        assert http.post(f"{W}/schedules/create", json={"path": path, "args": {}, **when}).status_code == 200
    counts = http.get(f"{W}/scripts/get_triggers_count/{script}").json()
    assert (counts["primary_schedule"], counts["schedule_count"]) == ({"schedule": "0 0 3 * * *"}, 2)
    assert sum(value for name, value in counts.items() if name.endswith("_count")) == 2
    none = http.get(f"{W}/flows/get_triggers_count/{script}").json()
    assert (none["primary_schedule"], none["schedule_count"]) == (None, 0)
    assert http.get(f"{W}/scripts/list_tokens/{script}").json() == []


def test_flows_that_call_something_are_found(http: httpx.Client, script: str, start: str) -> None:
    """Wherever they do, by path or by how it begins."""
    calling = flow(http, f"{start}/calling", {"type": "script", "path": script})
    outer = flow(http, f"{start}/outer", {"type": "flow", "path": calling})
    assert (found(http, "script", script), found(http, "flow", calling)) == ([calling], [outer])
    assert found(http, "script", start, match_path_start="true") == [calling]
    used = f"{W}/flows/list_paths_from_workspace_runnable"
    assert http.get(f"{used}/script/{start}").json() == []
    refused = http.get(f"{used}/other/{script}")
    assert (refused.status_code, "unknown variant `other`" in refused.text) == (400, True)


def test_paths_to_refer_to_are_listed(http: httpx.Client, script: str) -> None:
    """In order, whatever stands there."""
    paths = http.get(f"{W}/path_autocomplete/list_paths", params={"force": "true"}).json()["paths"]
    assert script in paths
    assert paths == sorted(paths)


@pytest.mark.parametrize("kind", ["variables", "resources"])
def test_many_are_removed_at_once(http: httpx.Client, start: str, kind: str) -> None:
    """Those that were there are told."""
    fields = {"variables": {"value": "1", "is_secret": False, "description": ""}, "resources": {"value": {}}}
    paths = [f"{start}/{name}" for name in ("one", "two")]
    for path in paths:
        body = {"path": path, "resource_type": "c_any", **fields[kind]}
        assert http.post(f"{W}/{kind}/create", json=body).status_code == 201
    answer = http.request("DELETE", f"{W}/{kind}/delete_bulk", json={"paths": [*paths, f"{start}/none"]})
    assert sorted(answer.json()) == paths
    assert http.get(f"{W}/{kind}/exists/{paths[0]}").json() is False
    assert http.request("DELETE", f"{W}/{kind}/delete_bulk", json={}).status_code == 422


def test_a_text_is_encrypted_for_a_variable(http: httpx.Client, start: str) -> None:
    """It is sent as such then."""
    sealed = http.post(f"{W}/variables/encrypt", json="secret text").text
    body = {"path": f"{start}/sealed", "value": sealed, "is_secret": True, "description": ""}
    http.post(f"{W}/variables/create", json=body, params={"already_encrypted": "true"})
    assert "secret" not in sealed
    assert http.get(f"{W}/variables/get_value/{start}/sealed").json() == "secret text"


def test_jobs_are_removed(http: httpx.Client) -> None:
    """With all that is known of them; others stay."""
    first, second = (preview(http, "bash", "echo 1") for _ in range(2))
    assert [run(http, job)[0] for job in (first, second)] == [True, True]
    answer = http.post(f"{W}/jobs/delete", json=[first, str(uuid4())])
    assert answer.text.startswith("Successfully deleted 1 jobs (")
    assert [http.get(f"{W}/jobs_u/get/{job}").status_code for job in (first, second)] == [404, 200]
    assert http.post(f"{W}/jobs/delete", json=[]).text == "No jobs to delete"


@pytest.mark.differs("a workspace whose jobs wait or run, or such a job, deleted")
def test_jobs_that_wait_are_not_removed(http: httpx.Client) -> None:
    """They would be lost without a word."""
    body = {"language": "bash", "content": "echo 1", "args": {}}
    job = http.post(f"{W}/jobs/run/preview", json=body, params={"scheduled_in_secs": 1000}).text
    try:
        answer = http.post(f"{W}/jobs/delete", json=[job])
        assert (answer.status_code, "waits or runs" in answer.text) == (400, True)
    finally:
        http.post(f"{W}/jobs_u/queue/cancel/{job}", json={})


def test_the_place_in_the_queue_is_told(http: httpx.Client) -> None:
    """Of a job that would start at that moment, in milliseconds."""
    assert http.get(f"{W}/jobs/queue/position/0").json() == {"position": 1}
    assert http.get(f"{W}/jobs/queue/position/soon").status_code == 400


def test_the_error_handler_is_not_muted(http: httpx.Client, script: str) -> None:
    """As by Windmill's community edition."""
    answer = http.post(f"{W}/scripts/toggle_workspace_error_handler/p/{script}", json={"muted": True})
    assert (answer.status_code, "enterprise" in answer.text) == (400, True)


def test_a_workspace_changes_its_looks(http: httpx.Client) -> None:
    """Its name and colour; its identifier stays."""
    settings = f"{W}/workspaces"
    assert http.post(f"{settings}/change_workspace_name", json={"new_name": "n"}).text == "updated workspace name to n"
    assert http.post(f"{settings}/change_workspace_color", json={"color": "#ff0000"}).status_code == 200
    shown = http.get(f"{settings}/get_as_superadmin").json()
    assert (shown["id"], shown["name"], shown["color"]) == ("demo", "n", "#ff0000")
    http.post(f"{settings}/change_workspace_name", json={"new_name": "demo"})
    assert http.post(f"{settings}/change_workspace_color", json={}).text == "updated workspace color to no color"


def test_people_and_labels_of_tokens(http: httpx.Client) -> None:
    """The administrator alone; a label is changed by who has the token."""
    assert "admin@windmill.dev" in [one["email"] for one in http.get("/users/list_as_super_admin").json()]
    known = [http.get(f"/users/exists/{email}").json() for email in ("admin@windmill.dev", "a@b.c")]
    assert known == [True, False]
    prefix = http.post("/users/tokens/create", json={"label": "one"}).text[:10]
    assert http.post(f"/users/tokens/update_label/{prefix}", json={"label": "two"}).status_code == 200
    assert {one["token_prefix"]: one["label"] for one in http.get("/users/tokens/list").json()}[prefix] == "two"
    assert http.post("/users/tokens/update_label/nothing", json={"label": "two"}).status_code == 404
    http.delete(f"/users/tokens/delete/{prefix}")


def test_nobody_is_invited(http: httpx.Client) -> None:
    """And no mail is sent."""
    assert http.get("/users/list_invites").json() == []
    assert http.get(f"{W}/workspaces/list_pending_invites").json() == []
    assert http.get("/auth/is_smtp_configured").json() is False


@pytest.mark.differs("a variable of the workspace's jobs")
def test_all_jobs_have_the_workspaces_variables(http: httpx.Client) -> None:
    """Also in their arguments; the engine's own cannot be replaced."""
    name, setting = f"USES_{uuid4().hex[:8]}", f"{W}/workspaces/set_environment_variable"
    for variable in (name, "WM_WORKSPACE"):
        answer = http.post(setting, json={"name": variable, "value": "one"})
        assert answer.text == f"Set environment variable {variable}"
    listed = {one["name"]: one for one in http.get(f"{W}/variables/list_contextual").json() if one["is_custom"]}
    assert (listed[name]["value"], "WM_WORKSPACE" in listed) == ("one", False)
    job = preview(http, "bash", f"echo ${name} $WM_WORKSPACE")
    for variable in (name, "WM_WORKSPACE"):
        http.post(setting, json={"name": variable})
    assert run(http, job) == (True, "one demo")
    assert run(http, preview(http, "bash", f'echo "${{{name}-none}}"')) == (True, "none")
    assert http.post(setting, json={"name": "a=b", "value": "1"}).status_code == 400
