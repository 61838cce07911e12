"""Approvals over HTTP: links, owners, tokens, conditions, and what a flow's steps keep for each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Server

ASK = {"id": "ask", "value": {"type": "rawscript", "language": "bash", "content": "echo asked"}}
ANSWER = {
    "id": "answer",
    "value": {
        "type": "rawscript",
        "language": "bash",
        "content": 'x="$1"\necho "got $x"',
        "input_transforms": {"x": {"type": "javascript", "expr": "resume.answer"}},
    },
}
NOBODY = str(uuid4())


def run(http: httpx.Client, **suspend: Any) -> str:
    """Start a flow that waits for approval; its job, once it waits."""
    asking = {**ASK, "suspend": {"required_events": 1, "timeout": 600, **suspend}}
    body = {"value": {"modules": [asking, ANSWER]}, "path": f"u/admin/approval_{uuid4().hex[:8]}"}
    job = http.post("/w/demo/jobs/run/preview_flow", json=body).text
    until(lambda: document(http, job).get("suspend"))
    return job


def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


def document(http: httpx.Client, job: str) -> dict[str, Any]:
    """The job's document."""
    found: dict[str, Any] = http.get(f"/w/demo/jobs_u/get/{job}").json()
    return found


def outcome(http: httpx.Client, job: str) -> dict[str, Any]:
    """Whether the job succeeded, and its result, once it has ended."""
    url = f"/w/demo/jobs_u/completed/get_result_maybe/{job}"
    until(lambda: http.get(url).json()["completed"])
    found: dict[str, Any] = http.get(url).json()
    return found


def step(http: httpx.Client, job: str) -> str:
    """The job of the step that asks."""
    found: str = document(http, job)["flow_status"]["modules"][0]["job"]
    return found


def links(http: httpx.Client, job: str, number: int = 7, **query: Any) -> dict[str, str]:
    """The links of the asking step."""
    found: dict[str, str] = http.get(f"/w/demo/jobs/resume_urls/{step(http, job)}/{number}", params=query).json()
    return found


def test_a_link_approves_without_an_account(http: httpx.Client) -> None:
    """What is posted is what the next step reads; the approver is remembered."""
    job = run(http)
    urls = links(http, job, approver="ada")
    answer = httpx.post(urls["resume"], json={"answer": "yes"})
    assert (answer.status_code, answer.text) == (201, "")
    assert outcome(http, job)["result"] == "got yes"
    asked = document(http, job)["flow_status"]["modules"][0]
    assert asked["approvers"] == [{"resume_id": 7, "approver": "ada"}]


def test_a_link_disapproves(http: httpx.Client) -> None:
    """The flow ends with who said no."""
    job = run(http)
    assert httpx.post(links(http, job, approver="bob")["cancel"], json={}).status_code == 201
    found = outcome(http, job)
    assert (found["success"], found["result"]["error"]["name"]) == (False, "SuspendedDisapproved")
    assert "bob" in found["result"]["error"]["message"]


def test_a_get_takes_a_payload(http: httpx.Client) -> None:
    """Base64 of JSON, as a link in a mail may carry it."""
    job = run(http)
    assert httpx.get(links(http, job)["resume"], params={"payload": "eyJhbnN3ZXIiOiA1fQ=="}).status_code == 201
    assert outcome(http, job)["result"] == "got 5"


def test_each_number_counts_once(http: httpx.Client) -> None:
    """Two events need two numbers; a repeated one is refused."""
    job = run(http, required_events=2)
    first = links(http, job, 1)["resume"]
    assert httpx.post(first, json={}).status_code == 201
    repeated = httpx.post(first, json={})
    assert (repeated.status_code, "Error: resume request already sent" in repeated.text) == (500, True)
    assert document(http, job)["type"] == "QueuedJob"
    httpx.post(links(http, job, 2)["resume"], json={"answer": 2})
    assert outcome(http, job)["result"] == "got 2"


SIGNATURES = [
    pytest.param("ab" * 32, "Error: Invalid signature", id="another one"),
    pytest.param("no hex", "HexErr: ", id="not hexadecimal"),
]


@pytest.mark.parametrize(("given", "text"), SIGNATURES)
def test_a_wrong_signature_is_refused(http: httpx.Client, given: str, text: str) -> None:
    """Also on the reading route."""
    job = run(http)
    for route in ("resume", "cancel", "get_flow"):
        method = "GET" if route == "get_flow" else "POST"
        body: dict[str, Any] | None = None if route == "get_flow" else {}
        answer = http.request(method, f"/w/demo/jobs_u/{route}/{step(http, job)}/7/{given}", json=body)
        assert (answer.status_code, answer.text[: len(text)]) == (500, text)
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


def test_the_signature_names_job_number_and_approver(http: httpx.Client) -> None:
    """Another number or approver has another one."""
    url = f"/w/demo/jobs/job_signature/{NOBODY}"
    first = http.get(f"{url}/1").text
    assert len(first) == 64
    assert first not in (http.get(f"{url}/2").text, http.get(f"{url}/1", params={"approver": "ada"}).text)
    assert http.get(f"{url}/x").status_code == 400


def test_who_follows_a_link_sees_the_flow(http: httpx.Client) -> None:
    """Its document, and who has approved so far."""
    job = run(http, required_events=2)
    httpx.post(links(http, job, 1, approver="ada")["resume"], json={})
    found = httpx.get(links(http, job, 3)["resume"].replace("/resume/", "/get_flow/")).json()
    assert found["job"]["id"] == job
    assert found["approvers"] == [{"resume_id": 1, "approver": "ada"}]
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


def test_an_owner_resumes(http: httpx.Client) -> None:
    """Once; then the flow does not wait any more."""
    job = run(http)
    assert http.post(f"/w/demo/jobs/flow/resume/{job}", json={"answer": 1}).status_code == 201
    outcome(http, job)
    late = http.post(f"/w/demo/jobs/flow/resume/{job}", json={})
    assert (late.status_code, "Error: parent flow job not found" in late.text) == (500, True)
    assert http.post(f"/w/demo/jobs/flow/resume/{NOBODY}", json={}).status_code == 500


@pytest.mark.parametrize("approved", [True, False])
def test_a_token_decides_without_an_account(http: httpx.Client, server: Server, approved: bool) -> None:
    """The page's token stands for the account; without either nobody may."""
    job = run(http)
    token = links(http, job)["approvalPage"].partition("token=")[2]
    url = f"{server.url}/api/w/demo/jobs_u/flow/resume_suspended/{job}"
    assert httpx.post(url, json={}).status_code == 401
    body: dict[str, Any] = {"payload": {"answer": 3}, "approval_token": token, "approved": approved}
    assert httpx.post(url, json=body).status_code == 201
    assert outcome(http, job)["success"] is approved


def test_what_an_approval_page_shows(http: httpx.Client, server: Server) -> None:
    """The form, whether the reader may approve, and who has."""
    form = {"schema": {"type": "object", "properties": {"answer": {"type": "string"}}}}
    job = run(http, resume_form=form, hide_cancel=True)
    found = http.get(f"/w/demo/jobs_u/flow/approval_info/{job}").json()
    assert found["form_schema"] == form
    assert (found["flow_id"], found["can_approve"], found["hide_cancel"], found["approvers"]) == (job, True, True, [])
    assert httpx.get(f"{server.url}/api/w/demo/jobs_u/flow/approval_info/{job}").status_code == 401
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


def test_steps_keep_values_for_each_other(http: httpx.Client) -> None:
    """By key; null where there is none."""
    job = run(http)
    url = f"/w/demo/jobs/flow/user_states/{job}"
    assert http.get(f"{url}/k").json() is None
    assert http.post(f"{url}/k", json={"n": 1}).text == "Flow job state updated"
    assert http.get(f"{url}/k").json() == {"n": 1}
    http.post(f"/w/demo/jobs/flow/resume/{job}", json={"answer": 1})
    outcome(http, job)
    assert document(http, job)["flow_status"]["user_states"] == {"k": {"n": 1}}


ASKS_ITSELF = """import wmill

def main():
    wmill.set_flow_user_state("seen", {"n": 1})
    return [wmill.get_flow_user_state("seen"), wmill.get_resume_urls("ada")]
"""


def test_a_step_asks_for_its_own_links(http: httpx.Client) -> None:
    """With the published client, as one does who sends them to somebody."""
    asking = {
        "id": "ask",
        "value": {"type": "rawscript", "language": "python3", "content": ASKS_ITSELF},
        "suspend": {"required_events": 1, "timeout": 600},
    }
    job = http.post("/w/demo/jobs/run/preview_flow", json={"value": {"modules": [asking, ANSWER]}}).text
    until(lambda: document(http, job).get("suspend"))
    seen, urls = http.get(f"/w/demo/jobs/result_by_id/{job}/ask").json()
    assert seen == {"n": 1}
    assert httpx.post(urls["resume"], json={"answer": "sent"}).status_code == 201
    assert outcome(http, job)["result"] == "got sent"


@pytest.mark.differs("the approval page")
def test_a_page_is_shown_where_the_link_leads(http: httpx.Client) -> None:
    """Also from another site's mail; what is asked for there needs the token."""
    job = run(http)
    page = links(http, job)["approvalPage"]
    answer = httpx.get(page, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


def test_a_step_may_want_an_account(http: httpx.Client, server: Server) -> None:
    """Then the page's token alone does not do; a signed link does."""
    job = run(http, user_auth_required=True)
    urls = links(http, job)
    body = {"payload": {"answer": 1}, "approval_token": urls["approvalPage"].partition("token=")[2]}
    answer = httpx.post(f"{server.url}/api/w/demo/jobs_u/flow/resume_suspended/{job}", json=body)
    assert (answer.status_code, "requires a logged-in user" in answer.text) == (401, True)
    info = http.get(f"/w/demo/jobs_u/flow/approval_info/{job}").json()
    assert (info["user_auth_required"], info["can_approve"]) == (True, True)
    assert httpx.post(urls["resume"], json={"answer": 1}).status_code == 201
    assert outcome(http, job)["success"] is True
