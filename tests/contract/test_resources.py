"""Resources and their types over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

W = "/w/demo/resources"


def create(http: httpx.Client, path: str, value: Any, kind: str = "any", **more: Any) -> None:
    """A new resource."""
    answer = http.post(f"{W}/create", json={"path": path, "value": value, "resource_type": kind, **more})
    assert answer.status_code == 201, answer.text


ORDER = pytest.mark.differs("order of the keys of a resource")


@pytest.mark.parametrize(
    "value", [None, 0, "", "text é", [], [1, {"a": None}], pytest.param({"z": 1, "a": 1.5}, marks=ORDER), 2**60]
)
def test_values_come_back(http: httpx.Client, value: Any) -> None:
    """Any JSON is a value, in the order it was written."""
    http.post(f"{W}/create", params={"update_if_exists": "true"}, json={"path": "u/admin/r/v", "resource_type": "any"})
    http.post(f"{W}/update_value/u/admin/r/v", json={"value": value})
    answer = http.get(f"{W}/get_value/u/admin/r/v")
    assert answer.json() == value and (not isinstance(value, dict) or list(answer.json()) == list(value))


def test_update_leaves_what_is_not_named(http: httpx.Client) -> None:
    """An update without a value keeps it, and so does null; another way sets it to null."""
    create(http, "u/admin/r/kept", {"a": 1}, description="d")
    http.post(f"{W}/update/u/admin/r/kept", json={"path": "u/admin/r/renamed"})
    found = http.get(f"{W}/get/u/admin/r/renamed").json()
    assert (found["value"], found["description"]) == ({"a": 1}, "d")
    http.post(f"{W}/update/u/admin/r/renamed", json={"value": None})
    assert http.get(f"{W}/get_value/u/admin/r/renamed").json() == {"a": 1}
    http.post(f"{W}/update_value/u/admin/r/renamed", json={"value": None})
    assert http.get(f"{W}/get_value/u/admin/r/renamed").json() is None
    assert http.post(f"{W}/update/u/admin/r/never", json={}).status_code == 404


def test_references_are_followed(http: httpx.Client) -> None:
    """A resource may hold variables, JSON variables and resources; other dollars stay, and deep lists."""
    variable = {"path": "u/admin/r/json", "value": '{"n": [1]}', "is_secret": True, "description": ""}
    http.post("/w/demo/variables/create", json=variable)
    create(http, "u/admin/r/inner", {"deep": {"n": "$jsonvar:u/admin/r/json"}, "list": ["$res:u/admin/r/none"]})
    create(http, "u/admin/r/outer", {"in": "$res:u/admin/r/inner", "ws": "$WM_WORKSPACE", "price": "$5"})
    assert http.get(f"{W}/get_value_interpolated/u/admin/r/outer").json() == {
        "in": {"deep": {"n": {"n": [1]}}, "list": ["$res:u/admin/r/none"]},
        "ws": "$WM_WORKSPACE",
        "price": "$5",
    }


def test_a_job_lends_its_variables(http: httpx.Client) -> None:
    """With the id of an unfinished job its contextual variables are put in."""
    create(http, "u/admin/r/job", {"ws": "$WM_WORKSPACE", "id": "$WM_JOB_ID"})
    preview = {"language": "bash", "content": "echo 1", "args": {}}
    job = http.post("/w/demo/jobs/run/preview", json=preview, params={"scheduled_in_secs": 600}).text
    answer = http.get(f"{W}/get_value_interpolated/u/admin/r/job", params={"job_id": job})
    assert answer.json() == {"ws": "demo", "id": job}
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


@pytest.mark.parametrize(
    ("value", "status", "text"),
    [
        pytest.param("$res:u/admin/r/circle", 500, "Maximum resource/variable interpolation depth", id="circle"),
        pytest.param("$res:nowhere", 500, "Invalid resource path: nowhere", id="no path"),
        pytest.param("$res:u/admin/r/absent", 404, "Resource not found at name u/admin/r/absent", id="resource"),
        pytest.param("$var:u/admin/r/absent", 404, "Not found: Variable u/admin/r/absent not found", id="variable"),
    ],
)
def test_references_that_lead_nowhere(http: httpx.Client, value: str, status: int, text: str) -> None:
    """A broken reference is named."""
    body = {"path": "u/admin/r/circle", "value": {"a": value}, "resource_type": "any"}
    http.post(f"{W}/create", params={"update_if_exists": "true"}, json=body)
    answer = http.get(f"{W}/get_value_interpolated/u/admin/r/circle")
    assert answer.status_code == status and text in answer.text


def test_deleting_takes_its_variables_along(http: httpx.Client) -> None:
    """Variables that its value names go with it, wherever they are; others stay."""
    for path in ("u/admin/r/db_password", "u/admin/shared/password", "u/admin/r/db_other"):
        body = {"path": path, "value": "x", "is_secret": True, "description": ""}
        http.post("/w/demo/variables/create", json=body)
    create(http, "u/admin/r/db", {"a": "$var:u/admin/r/db_password", "b": {"c": ["$var:u/admin/shared/password"]}})
    http.delete(f"{W}/delete/u/admin/r/db")
    assert http.get("/w/demo/variables/exists/u/admin/r/db_password").json() is False
    assert http.get("/w/demo/variables/exists/u/admin/shared/password").json() is False
    assert http.get("/w/demo/variables/exists/u/admin/r/db_other").json() is True


@pytest.fixture(scope="module")
def several(server: Any) -> None:
    """Resources that differ in what lists filter by."""
    with server.http() as http:
        create(http, "u/admin/many/a", {"name": "A", "port": 1}, "one", labels=["x"])
        create(http, "u/admin/many/b", {"port": 2, "tags": ["t"]}, "two", description="of Greeks")
        create(http, "u/admin/many/c", [1], "three")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param({}, "cba", id="all, downwards"),
        pytest.param({"per_page": 2, "page": 2}, "a", id="page"),
        pytest.param({"resource_type": "one,two"}, "ba", id="types"),
        pytest.param({"resource_type_exclude": "one,two"}, "c", id="other types"),
        pytest.param({"description": "greeks"}, "b", id="description"),
        pytest.param({"value": '{"tags": ["t"]}'}, "b", id="value"),
        pytest.param({"value": "no json"}, "", id="no value"),
        pytest.param({"broad_filter": "THREE"}, "c", id="broad"),
        pytest.param({"label": "x"}, "a", id="label"),
    ],
)
def test_lists_filter(http: httpx.Client, several: None, query: dict[str, Any], names: str) -> None:
    """Each filter gives its resources, without values."""
    found = http.get(f"{W}/list", params={"path_start": "u/admin/many/", **query}).json()
    assert "".join(item["path"][-1] for item in found) == names and not any(item["value"] for item in found)


def test_names_are_those_in_values(http: httpx.Client, several: None) -> None:
    """list_names gives the resources of a type whose value has a name."""
    assert http.get(f"{W}/list_names/one").json() == [{"name": "A", "path": "u/admin/many/a"}]
    assert http.get(f"{W}/list_names/two").json() == []


def test_types_of_admins_are_everybodys(http: httpx.Client) -> None:
    """A type of the workspace `admins` shows in every workspace; file types are mapped to their extension."""
    http.post("/w/admins/resources/type/create", json={"name": "everybodys", "format_extension": "txt"})
    assert http.get(f"{W}/type/get/everybodys").json()["workspace_id"] == "admins"
    assert "everybodys" in http.get(f"{W}/type/listnames").json()
    found = http.get(f"{W}/file_resource_type_to_file_ext_map").json()
    assert found["everybodys"] == {"format_extension": "txt", "is_fileset": False}
