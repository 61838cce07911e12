"""Variables over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

W = "/w/demo/variables"


def create(http: httpx.Client, path: str, value: str = "v", *, is_secret: bool = False, **more: Any) -> None:
    """A new variable."""
    body = {"path": path, "value": value, "is_secret": is_secret, "description": "", **more}
    answer = http.post(f"{W}/create", json=body)
    assert answer.status_code == 201, answer.text


def test_an_encrypted_value_moves_as_it_is(http: httpx.Client) -> None:
    """What include_encrypted gives, already_encrypted takes; other text is refused."""
    create(http, "u/admin/variables/moved", "text", is_secret=True)
    query = {"decrypt_secret": "false", "include_encrypted": "true"}
    sealed = http.get(f"{W}/get/u/admin/variables/moved", params=query).json()["value"]
    body = {"path": "u/admin/variables/copy", "value": sealed, "is_secret": True, "description": ""}
    assert http.post(f"{W}/create", json=body, params={"already_encrypted": "true"}).status_code == 201
    assert http.get(f"{W}/get_value/u/admin/variables/copy").json() == "text"
    body.update(path="u/admin/variables/plain", value="plain")
    assert http.post(f"{W}/create", json=body, params={"already_encrypted": "true"}).status_code == 400


def test_a_variable_can_be_renamed(http: httpx.Client) -> None:
    """A new path takes the value along; a taken or bad one is refused."""
    create(http, "u/admin/variables/old")
    create(http, "u/admin/variables/taken")
    url = f"{W}/update/u/admin/variables/old"
    assert http.post(url, json={"path": "u/admin/variables/taken"}).status_code == 400
    assert "proper_id" in http.post(url, json={"path": "bad"}).text
    answer = http.post(url, json={"path": "u/admin/variables/new"})
    assert answer.text == 'variable u/admin/variables/old updated (npath: "u/admin/variables/new")'
    assert http.get(f"{W}/get_value/u/admin/variables/new").json() == "v"


@pytest.fixture(scope="module")
def several(server: Any) -> None:
    """Variables that differ in what lists filter by."""
    with server.http() as http:
        create(http, "u/admin/many/a", "Alpha", labels=["x", "y"])
        create(http, "u/admin/many/b", "Beta", labels=["x"], description="of Greeks")
        create(http, "u/admin/many/c", "Alphabet", is_secret=True)
        create(http, "u/admin/secret_arg/many", "hidden", is_secret=True)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param({"path_start": "u/admin/many/"}, "abc", id="start"),
        pytest.param({"path_start": "u/admin/many/", "per_page": 2, "page": 2}, "c", id="page"),
        pytest.param({"path": "u/admin/many/b"}, "b", id="path"),
        pytest.param({"path_start": "u/admin/many/", "value": "alpha"}, "a", id="value, never a secret's"),
        pytest.param({"description": "greeks"}, "b", id="description"),
        pytest.param({"path_start": "u/admin/many/", "broad_filter": "BETA"}, "b", id="broad"),
        pytest.param({"path_start": "u/admin/many/", "label": "x"}, "ab", id="label"),
        pytest.param({"path_start": "u/admin/many/", "label": "x,y"}, "a", id="labels"),
        pytest.param({"path_start": "u/admin/secret_arg/"}, "", id="arguments' secrets"),
    ],
)
def test_lists_filter(http: httpx.Client, several: None, query: dict[str, Any], names: str) -> None:
    """Each filter gives its variables by path."""
    assert "".join(item["path"][-1] for item in http.get(f"{W}/list", params=query).json()) == names


def test_contextual_variables_are_described(http: httpx.Client) -> None:
    """The variables of every job are listed with what they mean."""
    found = {item["name"]: item for item in http.get(f"{W}/list_contextual").json()}
    assert found["WM_WORKSPACE"]["value"] == "demo"
    assert all(item["description"] for item in found.values())
