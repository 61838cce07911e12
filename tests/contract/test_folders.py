"""Folders and groups over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

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
    name = f"owners_{uuid4().hex[:8]}"
    assert folder(http, name, owners=["u/bo"])["owners"] == ["u/bo", "u/admin"]
    http.post(f"{W}/removeowner/{name}", json={"owner": "u/bo", "write": False})
    http.post(f"{W}/addowner/{name}", json={"owner": "g/all"})
    found = http.get(f"{W}/get/{name}").json()
    assert found["owners"] == ["u/admin", "g/all"]
    assert found["extra_perms"] == {"u/admin": True, "u/bo": False, "g/all": True}
    assert http.get("/w/demo/users/whoami").json()["folders_owners"].count(name) == 1


def test_an_update_leaves_what_is_not_named(http: httpx.Client) -> None:
    """Only named fields change."""
    name = f"kept_{uuid4().hex[:8]}"
    folder(http, name, summary="s", labels=["l"])
    http.post(f"{W}/update/{name}", json={"display_name": "Kept"})
    found = http.get(f"{W}/get/{name}").json()
    assert (found["display_name"], found["summary"], found["labels"]) == ("Kept", "s", ["l"])


def test_folders_are_listed(http: httpx.Client) -> None:
    """Folders are listed by name, in pages."""
    names = sorted(f"0-{uuid4().hex[:8]}" for _ in range(2))
    for name in reversed(names):
        folder(http, name)
    listed = [item["name"] for item in http.get(f"{W}/list").json()]
    assert listed.index(names[0]) < listed.index(names[1])
    second = http.get(f"{W}/list", params={"per_page": 1, "page": 2}).json()
    assert [item["name"] for item in second] == listed[1:2]
    assert set(names) <= set(http.get(f"{W}/listnames").json())


@pytest.mark.parametrize(("name", "status"), [("update/x", 401), ("addowner/x", 404), ("removeowner/x", 404)])
def test_a_folder_that_is_not_there(http: httpx.Client, name: str, status: int) -> None:
    """A change of what does not exist is refused, an update as one by somebody who does not own it."""
    assert http.post(f"{W}/{name}", json={"owner": "u/admin"}).status_code == status


@pytest.mark.parametrize(
    "others", [[], pytest.param(["v", "w"], marks=pytest.mark.differs("what a folder's usage counts"))]
)
def test_usage_counts_what_stands_below(http: httpx.Client, others: list[str]) -> None:
    """Variables and resources count, those of a folder with a longer name do not."""
    name = f"used_{uuid4().hex[:8]}"
    folder(http, name)
    for path in (f"f/{name}/v", *(f"f/{name}_too/{other}" for other in others)):
        http.post("/w/demo/variables/create", json={"path": path, "value": "", "is_secret": False, "description": ""})
    assert http.get(f"{W}/getusage/{name}").json()["variables"] == 1


def test_groups_have_members(http: httpx.Client) -> None:
    """A group is its maker's, and is filled with users alone, emptied and removed; `all` stays."""
    name = f"team_{uuid4().hex[:8]}"
    assert http.post(f"{G}/create", json={"name": name, "summary": "s"}).text == f"Created group {name}"
    made = http.get(f"{G}/get/{name}").json()
    assert (made["members"], made["extra_perms"]) == (["admin"], {"u/admin": True})
    assert name in http.get("/w/demo/users/whoami").json()["groups"]
    http.post(f"{G}/removeuser/{name}", json={"username": "admin"})
    for username in ("nobody", "admin"):
        assert http.post(f"{G}/adduser/{name}", json={"username": username}).text == f"Added {username} to group {name}"
    assert http.get(f"{G}/get/{name}").json()["members"] == ["admin"]
    http.post(f"{G}/update/{name}", json={"summary": "t"})
    assert [item["summary"] for item in http.get(f"{G}/list").json() if item["name"] == name] == ["t"]
    assert http.delete(f"{G}/delete/{name}").text == f"delete group at name {name}"
    names = http.get(f"{G}/listnames").json()
    assert ("all" in names, name in names) == (True, False)
    assert http.delete(f"{G}/delete/all").status_code == 400
