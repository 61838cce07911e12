"""Flows over HTTP: their documents, versions, lists and refusals."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

STEP = {"id": "a", "value": {"type": "identity"}}


@pytest.fixture
def path() -> str:
    """A path of the test's own."""
    return f"u/admin/flow_{uuid4().hex[:8]}"


def body(path: str, **fields: Any) -> dict[str, Any]:
    """A flow of one step."""
    return {"path": path, "summary": "", "value": {"modules": [STEP]}, **fields}


def create(http: httpx.Client, path: str, **fields: Any) -> None:
    """Store a new flow."""
    answer = http.post("/w/demo/flows/create", json=body(path, **fields))
    assert answer.status_code == 201, answer.text


def update(http: httpx.Client, path: str, /, **fields: Any) -> httpx.Response:
    """Store another version."""
    return http.post(f"/w/demo/flows/update/{path}", json=body(path) | fields)


def get(http: httpx.Client, path: str) -> dict[str, Any]:
    """The flow's document."""
    found: dict[str, Any] = http.get(f"/w/demo/flows/get/{path}").json()
    return found


def module(value: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A flow's value with one module."""
    return {"modules": [{"id": "a", "value": value, **fields}]}


NESTED = {"type": "branchone", "branches": [], "default": [{"id": "n", "value": {"type": "script"}}]}
REFUSED = [
    pytest.param(module({"type": "teleport"}), 422, "unknown variant `teleport`, expected one of", id="module type"),
    pytest.param(module({"type": "rawscript", "content": ""}), 422, "missing field `language`", id="missing field"),
    pytest.param(module(NESTED), 422, "Module 'n': missing field `path`", id="nested"),
    pytest.param(module({"type": "identity"}, stop_after_if={"expr": "1"}), 422, "Invalid flow value: ", id="stop"),
    pytest.param({"modules": {}}, 422, "invalid type: map, expected a sequence", id="no list"),
    pytest.param(module({"type": "script", "path": "x/y"}), 422, "which is not a workspace path", id="a step's path"),
    pytest.param(
        module({"type": "identity"}, retry={"exponential": {"attempts": 2, "seconds": 0}}),
        422,
        "must be greater than 0",
        id="retry",
    ),
    pytest.param({"modules": [{"id": "a"}]}, 422, "missing field `value`", id="a module without value"),
]


@pytest.mark.parametrize(("value", "status", "text"), REFUSED)
def test_a_flow_that_cannot_be_is_refused(
    http: httpx.Client, path: str, value: dict[str, Any], status: int, text: str
) -> None:
    """The answer names the place."""
    answer = http.post("/w/demo/flows/create", json=body(path, value=value))
    assert (answer.status_code, text in answer.text) == (status, True), answer.text
    assert http.get(f"/w/demo/flows/exists/{path}").json() is False


def test_options_are_kept(http: httpx.Client, path: str) -> None:
    """What is set is shown, what is not is left out."""
    options = {"tag": "t", "dedicated_worker": True, "labels": ["x"], "visible_to_runner_only": True}
    create(http, path, **options)
    found = get(http, path)
    assert {name: found[name] for name in options} == options
    create(http, f"{path}_plain")
    assert not {"tag", "timeout", "labels", "on_behalf_of_email"} & get(http, f"{path}_plain").keys()


@pytest.mark.differs("`timeout` of a flow")
def test_a_timeout_is_shown(http: httpx.Client, path: str) -> None:
    """As it was given."""
    create(http, path, timeout=7)
    assert get(http, path)["timeout"] == 7


def test_versions_are_told_newest_first(http: httpx.Client, path: str) -> None:
    """Each has its value, and may be given a message."""
    create(http, path)
    update(http, path, value={"modules": []})
    newest, oldest = http.get(f"/w/demo/flows/history/p/{path}").json()
    assert http.get(f"/w/demo/flows/get/v/{oldest['id']}").json()["value"]["modules"] != []
    assert get(http, path)["version_id"] == newest["id"]
    http.post(f"/w/demo/flows/history_update/v/{newest['id']}", json={"deployment_msg": "second"})
    assert http.get(f"/w/demo/flows/get_latest_version/{path}").json()["deployment_msg"] == "second"
    assert [found.get("deployment_msg") for found in http.get(f"/w/demo/flows/history/p/{path}").json()] == [
        "second",
        None,
    ]


@pytest.mark.differs("deployment messages")
def test_a_message_comes_with_its_version(http: httpx.Client, path: str) -> None:
    """And is kept."""
    create(http, path, deployment_message="first")
    (version,) = http.get(f"/w/demo/flows/history/p/{path}").json()
    assert version["deployment_msg"] == "first"


def test_a_flow_can_move(http: httpx.Client, path: str) -> None:
    """Its versions and schedules follow; the old path is free."""
    create(http, path)
    schedule = {"path": f"{path}_s", "schedule": "0 0 0 1 1 *", "timezone": "UTC", "script_path": path, "is_flow": True}
    assert http.post("/w/demo/schedules/create", json={**schedule, "enabled": True}).status_code == 200
    moved = f"{path}_moved"
    assert update(http, path, path=moved).text == moved
    assert http.get(f"/w/demo/flows/get/{path}").status_code == 404
    assert len(http.get(f"/w/demo/flows/history/p/{moved}").json()) == 2
    assert http.get(f"/w/demo/schedules/get/{path}_s").json()["script_path"] == moved
    (job,) = http.get("/w/demo/jobs/list", params={"schedule_path": f"{path}_s"}).json()
    assert (job["script_path"], job["job_kind"]) == (moved, "flow")


@pytest.mark.differs("a flow that is moved onto another one")
def test_a_flow_cannot_move_onto_another_one(http: httpx.Client, path: str) -> None:
    """Both stay where they are."""
    create(http, path)
    create(http, f"{path}_b")
    answer = update(http, path, path=f"{path}_b")
    assert (answer.status_code, answer.text) == (400, f"Bad request: Flow {path}_b already exists")


def test_a_taken_path_is_refused(http: httpx.Client, path: str) -> None:
    """A flow cannot stand where a schedule runs something else."""
    create(http, path)
    schedule = {"path": f"{path}_c", "schedule": "0 0 0 1 1 *", "timezone": "UTC", "script_path": path, "is_flow": True}
    http.post("/w/demo/schedules/create", json=schedule)
    assert "does not trigger that same flow" in http.post("/w/demo/flows/create", json=body(f"{path}_c")).text
    wrong = http.post("/w/demo/schedules/create", json={**schedule, "path": path, "script_path": "u/admin/x"})
    assert (wrong.status_code, "it can only trigger that flow" in wrong.text) == (400, True)


def test_lists(http: httpx.Client, path: str) -> None:
    """Pages without values, filtered; paths."""
    create(http, path, summary="s", description="long", labels=["blue"])
    http.post(f"/w/demo/flows/history_update/v/{get(http, path)['version_id']}", json={"deployment_msg": "m"})
    where = {"path_start": path}
    (found,) = http.get("/w/demo/flows/list", params={**where, "with_deployment_msg": True}).json()
    assert (found["path"], found["description"], found["deployment_msg"], "value" in found) == (
        path,
        "long",
        "m",
        False,
    )
    (short,) = http.get("/w/demo/flows/list", params={**where, "without_description": True, "label": "blue"}).json()
    assert "description" not in short
    assert http.get("/w/demo/flows/list", params={**where, "label": "red"}).json() == []
    assert path in http.get("/w/demo/flows/list_paths").json()


@pytest.mark.differs("`list_search` of scripts and flows")
def test_values_can_be_searched(http: httpx.Client, path: str) -> None:
    """list_search gives path and value of every flow in use."""
    create(http, path)
    values = {item["path"]: item["value"] for item in http.get("/w/demo/flows/list_search").json()}
    assert values[path] == {"modules": [STEP]}


def test_archived_flows_leave_the_list(http: httpx.Client, path: str) -> None:
    """And come back with `archived: false`; the text is the same, as on Windmill."""
    create(http, path)
    where = {"path_exact": path}
    http.post(f"/w/demo/flows/archive/{path}", json={})
    assert http.get("/w/demo/flows/list", params=where).json() == []
    assert len(http.get("/w/demo/flows/list", params={**where, "show_archived": True}).json()) == 1
    assert http.post(f"/w/demo/flows/archive/{path}", json={"archived": False}).text == f"Flow {path} archived"
    assert len(http.get("/w/demo/flows/list", params=where).json()) == 1


def test_stars_come_first(http: httpx.Client, path: str) -> None:
    """A starred flow says so."""
    create(http, path)
    http.post("/w/demo/favorites/star", json={"path": path, "favorite_kind": "flow"})
    create(http, f"{path}_later")
    listed = http.get("/w/demo/flows/list", params={"path_start": path}).json()
    assert [(item["path"], item["starred"]) for item in listed] == [(path, True), (f"{path}_later", False)]
    assert http.get(f"/w/demo/flows/get/{path}", params={"with_starred_info": True}).json()["starred"] is True


NEVER = 999_999_999  # a version that there is not
UNKNOWN = [
    pytest.param("GET", "flows/get/{}", 404, "Not found: Flow not found at path {}", id="get"),
    pytest.param("GET", "flows/deployment_status/p/{}", 404, "Not found: ", id="deployment status"),
    pytest.param("POST", "jobs/run/f/{}", 404, "Not found: flow not found at name {} ", id="run"),
    pytest.param("POST", f"jobs/run/fv/{NEVER}", 400, "SqlErr: no rows returned", id="run a version"),
    pytest.param("POST", f"jobs/run_wait_result/fv/{NEVER}", 404, f"flow_version not found at id {NEVER}", id="wait"),
    pytest.param("POST", "flows/toggle_workspace_error_handler/{}", 400, "enterprise version", id="mute"),
]


@pytest.mark.parametrize(("method", "url", "status", "text"), UNKNOWN)
def test_what_is_not_there(http: httpx.Client, path: str, method: str, url: str, status: int, text: str) -> None:
    """Each route says so in Windmill's words."""
    answer = http.request(method, f"/w/demo/{url.format(path)}", json={} if method == "POST" else None)
    assert (answer.status_code, text.format(path) in answer.text) == (status, True), answer.text
