"""Workspaces over HTTP."""

from __future__ import annotations

import httpx
import pytest

IMPROPER, TOO_LONG = 'relation "workspace" violates check constraint "proper_id"', "type character varying(50)"


@pytest.mark.parametrize(
    ("name", "text"), [*((name, IMPROPER) for name in ("", "a b", "a--b", "-a", "a/b")), ("x" * 51, TOO_LONG)]
)
def test_bad_names_are_refused(http: httpx.Client, name: str, text: str) -> None:
    """An identifier is made of words joined by single dashes, 50 characters at most."""
    answer = http.post("/workspaces/create", json={"id": name, "name": "n"})
    assert answer.status_code == 400 and text in answer.text


def test_a_workspace_lives_and_ends(http: httpx.Client) -> None:
    """Its maker is its administrator; archived it leaves the lists; deleted it is gone with all that was in it."""
    created = http.post("/workspaces/create", json={"id": "life-1", "name": "Life", "color": "#123456"})
    assert (created.status_code, created.text) == (200, "Created workspace life-1")
    assert http.get("/w/life-1/users/whoami").json()["username"] == "admin"
    assert http.get("/w/life-1/workspaces/get_workspace_name").text == "Life"
    variable = {"path": "u/admin/v", "value": "x", "is_secret": False, "description": ""}
    assert http.post("/w/life-1/variables/create", json=variable).status_code == 201
    http.post("/w/life-1/workspaces/archive")
    assert "life-1" not in [item["id"] for item in http.get("/workspaces/list").json()]
    assert "life-1" in [item["id"] for item in http.get("/workspaces/list_as_superadmin").json()]
    http.post("/workspaces/unarchive/life-1")
    assert "life-1" in [item["id"] for item in http.get("/workspaces/users").json()["workspaces"]]
    assert http.delete("/workspaces/delete/life-1").status_code == 200
    assert http.post("/workspaces/exists", json={"id": "life-1"}).json() is False
    assert http.get("/w/life-1/variables/list").json() == []


@pytest.mark.differs("a workspace whose jobs wait or run, or such a job, deleted")
def test_a_busy_workspace_stays(http: httpx.Client) -> None:
    """A workspace whose jobs wait or run is not deleted."""
    http.post("/workspaces/create", json={"id": "busy-1", "name": "Busy"})
    preview = {"language": "bash", "content": "echo 1", "args": {}}
    job = http.post("/w/busy-1/jobs/run/preview", json=preview, params={"scheduled_in_secs": 600}).text
    answer = http.delete("/workspaces/delete/busy-1")
    assert answer.status_code == 400 and "jobs that wait or run" in answer.text
    http.post(f"/w/busy-1/jobs_u/queue/cancel/{job}", json={})
    assert http.delete("/workspaces/delete/busy-1").status_code == 200


@pytest.mark.parametrize(
    ("route", "answer"),
    [
        ("get_deploy_to", {"deploy_to": None}),
        ("is_premium", False),
        ("default_scripts", None),
        ("usage", 0),
        ("list_ws_specific", []),
    ],
)
def test_small_answers(http: httpx.Client, route: str, answer: object) -> None:
    """What belongs to other editions is empty."""
    assert http.get(f"/w/demo/workspaces/{route}").json() == answer


def test_settings_name_their_workspace(http: httpx.Client) -> None:
    """The settings can be read."""
    assert http.get("/w/demo/workspaces/get_settings").json()["workspace_id"] == "demo"
    assert http.get("/w/none-at-all/workspaces/get_settings").status_code == 404
