"""People, their tokens and logins, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flexwm_nb.server.people.passwords import ATTEMPTS
from tests.conftest import WORKSPACE, Server


def token(http: httpx.Client, **fields: Any) -> str:
    """A new token."""
    answer = http.post("/users/tokens/create", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.text


def asking(text: str) -> dict[str, str]:
    """The headers of another token."""
    return {"Authorization": f"Bearer {text}"}


def test_a_token_acts_as_its_maker(http: httpx.Client) -> None:
    """A new token is listed by its prefix alone, works, and ends when it is deleted."""
    made = token(http, label="mine")
    listed = next(item for item in http.get("/users/tokens/list").json() if item["label"] == "mine")
    assert listed["token_prefix"] == made[:10] and made not in http.get("/users/tokens/list").text
    assert http.get("/users/email", headers=asking(made)).text == "admin@windmill.dev"
    assert http.delete(f"/users/tokens/delete/{made[:10]}").status_code == 200
    assert made[:10] not in http.get("/users/tokens/list").text


@pytest.mark.parametrize(
    "used", [False, pytest.param(True, marks=pytest.mark.differs("a token that was used and is deleted"))]
)
def test_a_deleted_token_opens_nothing(http: httpx.Client, used: bool) -> None:
    """Whether it was used or not."""
    made = token(http)
    if used:
        assert http.get("/users/email", headers=asking(made)).status_code == 200
    http.delete(f"/users/tokens/delete/{made[:10]}")
    assert http.get("/users/email", headers=asking(made)).status_code == 401


@pytest.mark.parametrize(
    ("fields", "method", "path", "status"),
    [
        pytest.param({"read_only": True}, "GET", "/w/demo/scripts/list", 200, id="may read"),
        pytest.param({"read_only": True}, "POST", "/w/demo/folders/create", 403, id="may only read"),
        pytest.param({"workspace_id": "demo"}, "GET", "/w/demo/scripts/list", 200, id="its workspace"),
        pytest.param({"workspace_id": "demo"}, "GET", "/w/other/scripts/list", 401, id="another workspace"),
        pytest.param({"workspace_id": "demo"}, "GET", "/users/email", 401, id="outside of workspaces"),
        pytest.param({"expiration": "2020-01-01T00:00:00Z"}, "GET", "/users/email", 401, id="over"),
        pytest.param({"expiration": "2999-01-01T00:00:00Z"}, "GET", "/users/email", 200, id="not over yet"),
    ],
)
def test_tokens_are_bound(http: httpx.Client, fields: dict[str, Any], method: str, path: str, status: int) -> None:
    """A token can be for reading, for one workspace and for a time."""
    assert http.request(method, path, headers=asking(token(http, **fields))).status_code == status


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        pytest.param(
            {"scopes": ["jobs:run"]}, 400, "does not restrict tokens by scopes", id="scopes",
            marks=pytest.mark.differs("scopes of tokens"),
        ),
        pytest.param({"expiration": "soon"}, 422, "expiration: input contains invalid characters", id="expiration"),
    ],
)  # fmt: skip
def test_tokens_that_cannot_be_kept_are_refused(
    http: httpx.Client, fields: dict[str, Any], status: int, text: str
) -> None:
    """A token that would not be what was asked for is not made."""
    answer = http.post("/users/tokens/create", json=fields)
    assert (answer.status_code, text in answer.text) == (status, True)


def test_a_bound_token_makes_no_tokens(http: httpx.Client) -> None:
    """What is for one workspace cannot make a token that is for more."""
    bound = asking(token(http, workspace_id="demo"))
    for wanted in ({}, {"workspace_id": "demo"}, {"workspace_id": "other"}):
        assert http.post("/users/tokens/create", json=wanted, headers=bound).status_code == 401


@pytest.mark.differs("passwords")
def test_a_password_opens_a_session(http: httpx.Client) -> None:
    """After setpassword a login gives a token and a cookie; logout ends both."""
    assert http.post("/users/setpassword", json={"password": "correct horse"}).status_code == 200
    answer = http.post("/auth/login", json={"email": "Admin@Windmill.dev", "password": "correct horse"})
    assert answer.status_code == 200 and answer.cookies["token"] == answer.text
    http.cookies.clear()
    session = asking(answer.text)
    assert http.get("/users/email", headers=session).text == "admin@windmill.dev"
    http.post("/auth/logout", headers=session)
    assert http.get("/users/email", headers=session).status_code == 401


@pytest.mark.differs("many logins that fail")
def test_logins_are_limited(http: httpx.Client) -> None:
    """Too many attempts for one e-mail are refused for a while."""
    body = {"email": "guess@example.com", "password": "x"}
    statuses = [http.post("/auth/login", json=body).status_code for _ in range(ATTEMPTS + 1)]
    assert statuses == [400] * ATTEMPTS + [429]


@pytest.mark.parametrize(
    "target",
    [
        "//elsewhere.example",
        "https://elsewhere.example",
        pytest.param("/\\elsewhere.example", marks=pytest.mark.differs("where a logout leads")),
    ],
)
def test_logout_leads_nowhere_else(http: httpx.Client, target: str) -> None:
    """`rd` cannot send a person to another site."""
    session = asking(http.post("/users/tokens/create", json={}).text)  # Windmill ends whatever token asks for it
    assert http.get("/auth/logout", params={"rd": target}, headers=session).status_code == 200


def test_members_are_known(http: httpx.Client) -> None:
    """The workspace's members can be listed and looked up."""
    assert http.get("/w/demo/users/list_usernames").json() == ["admin"]
    assert http.get("/w/demo/users/list").json()[0]["email"] == "admin@windmill.dev"
    assert "all" in http.get("/w/demo/users/whois/admin").json()["groups"]
    assert http.post("/w/demo/users/exists", json={"username": "nobody"}).json() is False
    assert http.get("/w/demo/users/is_owner/u/other/x").json() is True


def test_a_token_of_one_workspace_opens_nothing_outside_of_it(http: httpx.Client, server: Server) -> None:
    """Neither another workspace nor what only a super administrator may do everywhere."""
    made = http.post("/users/tokens/create", json={"label": "bound", "workspace_id": WORKSPACE})
    with httpx.Client(
        base_url=f"{server.url}/api", headers={"Authorization": f"Bearer {made.text}"}, trust_env=False
    ) as bound:
        assert bound.get(f"/w/{WORKSPACE}/users/whoami").json()["is_admin"] is True
        assert bound.get("/w/another/users/whoami").status_code == 401
        assert bound.post("/workspaces/create", json={"id": "mine", "name": "mine"}).status_code == 401
        assert bound.get("/workers/queue_counts").status_code == 401
