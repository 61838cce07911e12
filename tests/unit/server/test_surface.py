"""What the engine says to requests that it has no route for."""

from __future__ import annotations

import httpx
import pytest

from tests import surface

ANSWERS = [
    pytest.param("GET", "/w/demo/apps/list", 501, "W/{workspace}/apps/list", id="an area that is not there"),
    pytest.param("POST", "/w/demo/jobs/run/dynamic_select", 501, "does not have POST", id="beside what is there"),
    pytest.param("GET", "/w/demo/apps/get/p/f/a/b", 501, "%windmill_connect managed", id="with a path in it"),
    pytest.param("DELETE", "/w/demo/scripts/list", 405, "", id="another method"),
    pytest.param("GET", "/w/demo/nothing/list", 404, "", id="unknown to Windmill"),
    pytest.param("GET", "/nothing", 404, "", id="outside of workspaces"),
]


@pytest.mark.parametrize(("method", "path", "status", "text"), ANSWERS)
def test_what_is_elsewhere_is_told_from_what_is_nowhere(
    http: httpx.Client, method: str, path: str, status: int, text: str
) -> None:
    """With what to do."""
    answer = http.request(method, path)
    assert answer.status_code == status
    assert text.lower() in answer.text.lower()


def test_dependencies_of_a_workspace_are_not_passed_over(http: httpx.Client) -> None:
    """A lock that was found without them would be another one."""
    files = {"raw_workspace_dependencies": {"dependencies/requirements.in": "attrs"}}
    script = {"script_path": "f/a/b", "language": "python3", "raw_code": "def main():\n    return 1\n"}
    asked = {"dependencies": {"raw_scripts": [script], "entrypoint": "f/a/b"}, "flow_dependencies": {"path": "f/a/b"}}
    for kind, body in asked.items():
        for form in (kind, f"{kind}_async"):
            answer = http.post(f"/w/demo/jobs/run/{form}", json={**body, "flow_value": {"modules": []}, **files})
            assert (answer.status_code, "dependencies/requirements.in" in answer.text) == (501, True)


def test_strangers_are_not_told(http: httpx.Client) -> None:
    """Who has no token is asked for one first."""
    assert http.get("/w/demo/apps/list", headers={"Authorization": "Bearer none"}).status_code == 401


def test_the_list_of_routes_is_up_to_date() -> None:
    """Or `python -m tests.surface` writes it anew."""
    assert surface.FILE.read_text("utf-8") == surface.document()
