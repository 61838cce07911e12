"""Folders and groups over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

W = "/w/demo/folders"
G = "/w/demo/groups"


def folder(http: httpx.Client, name: str, **more: Any) -> dict[str, Any]:
    """A new folder as it is shown."""
    answer = http.post(f"{W}/create", json={"name": name, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = http.get(f"{W}/get/{name}").json()
    return found


def test_owners_come_and_go(http: httpx.Client) -> None:
    """The maker is an owner; others are added and removed, and may keep a right to read or write."""
    assert folder(http, "owners", owners=["u/bo"])["owners"] == ["u/admin", "u/bo"]
    http.post(f"{W}/removeowner/owners", json={"owner": "u/bo", "write": False})
    http.post(f"{W}/addowner/owners", json={"owner": "g/all"})
    found = http.get(f"{W}/get/owners").json()
    assert found["owners"] == ["u/admin", "g/all"]
    assert found["extra_perms"] == {"u/admin": True, "u/bo": False, "g/all": True}
    assert http.get("/w/demo/users/whoami").json()["folders_owners"].count("owners") == 1


def test_an_update_leaves_what_is_not_named(http: httpx.Client) -> None:
    """Only named fields change."""
    folder(http, "kept", summary="s", labels=["l"])
    http.post(f"{W}/update/kept", json={"display_name": "Kept"})
    found = http.get(f"{W}/get/kept").json()
    assert (found["display_name"], found["summary"], found["labels"]) == ("Kept", "s", ["l"])


def test_folders_are_listed(http: httpx.Client) -> None:
    """Folders are listed by name, in pages."""
    folder(http, "0-first")
    assert http.get(f"{W}/list", params={"per_page": 1}).json()[0]["name"] == "0-first"
    assert "0-first" in http.get(f"{W}/listnames").json()


@pytest.mark.parametrize(("name", "status"), [("update/x", 401), ("addowner/x", 404), ("removeowner/x", 404)])
def test_a_folder_that_is_not_there(http: httpx.Client, name: str, status: int) -> None:
    """A change of what does not exist is refused, an update as one by somebody who does not own it."""
    assert http.post(f"{W}/{name}", json={"owner": "u/admin"}).status_code == status


def test_usage_counts_what_stands_below(http: httpx.Client) -> None:
    """Variables and resources count, those of a folder with a longer name do not."""
    folder(http, "used")
    for path in ("f/used/v", "f/used_too/v"):
        http.post("/w/demo/variables/create", json={"path": path, "value": "", "is_secret": False, "description": ""})
    assert http.get(f"{W}/getusage/used").json()["variables"] == 1


def test_groups_have_members(http: httpx.Client) -> None:
    """A group is made, filled, emptied and removed; `all` stays."""
    assert http.post(f"{G}/create", json={"name": "team", "summary": "s"}).text == "Created group team"
    assert http.post(f"{G}/adduser/team", json={"username": "nobody"}).status_code == 404
    http.post(f"{G}/adduser/team", json={"username": "admin"})
    assert http.get(f"{G}/get/team").json()["members"] == ["admin"]
    assert http.get("/w/demo/users/whoami").json()["groups"] == ["all", "team"]
    http.post(f"{G}/removeuser/team", json={"username": "admin"})
    http.post(f"{G}/update/team", json={"summary": "t"})
    assert [item["summary"] for item in http.get(f"{G}/list").json() if item["name"] == "team"] == ["t"]
    assert http.delete(f"{G}/delete/team").status_code == 200
    assert http.get(f"{G}/listnames").json() == ["all"]
    assert http.delete(f"{G}/delete/all").status_code == 400
