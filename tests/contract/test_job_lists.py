"""Lists and counts of jobs, and ending many at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from tests.waiting import eventually

WAIT = "/w/demo/jobs/run_wait_result/preview"
RUN = "/w/demo/jobs/run/preview"
FOLDER = "f/lists_of_jobs"


@pytest.fixture(scope="module")
def jobs(server: Any) -> dict[str, str]:
    """Jobs of every kind below FOLDER, by name."""
    found: dict[str, str] = {}

    def run(
        name: str, content: str, *, language: str = "bash", query: dict[str, Any] | None = None, args: Any = None
    ) -> None:
        identifier = str(uuid4())
        body = {"language": language, "content": content, "path": f"{FOLDER}/{name}", "args": args or {}}
        later = bool(query and "scheduled_in_secs" in query)
        http.post(RUN if later else WAIT, params={"job_id": identifier, **(query or {})}, json=body)
        found[name] = identifier

    with server.http() as http:
        run("good", "echo fine", args={"a": {"b": [1, 2]}, "c": "x"})
        run("bad", "exit 3")
        run("labelled", "def main(): return {'wm_labels': ['red', 'dark blue']}", language="python3")
        run("tagged", "echo 1", query={"tag": "ansible"})
        script = {"path": f"{FOLDER}/child", "content": "echo 1", "language": "bash", "summary": "", "description": ""}
        http.post("/w/demo/scripts/create", json=script)
        found["child"] = str(uuid4())
        family = {"job_id": found["child"], "parent_job": found["good"]}
        http.post(f"/w/demo/jobs/run_wait_result/p/{FOLDER}/child", params=family, json={})
        run("canceled", "echo never", query={"scheduled_in_secs": 600})
        http.post(f"/w/demo/jobs_u/queue/cancel/{found['canceled']}", json={})
        run("waiting", "echo later", query={"scheduled_in_secs": 600}, args={"w": 1})
    return found


def names(http: httpx.Client, jobs: dict[str, str], route: str = "list", **query: Any) -> list[str]:
    """The names of the listed jobs of this module, in the list's order."""
    start = {} if "script_path_exact" in query else {"script_path_start": f"{FOLDER}/"}
    answer = http.get(f"/w/demo/jobs/{route}", params={**start, **query})
    assert answer.status_code == 200, answer.text
    by_id = {identifier: name for name, identifier in jobs.items()}
    return [by_id[job["id"]] for job in answer.json()]


ENDED = ["canceled", "child", "tagged", "labelled", "bad", "good"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["waiting", *ENDED]),
        ({"per_page": 2}, ["waiting", "canceled", "child"]),
        ({"order_desc": "false"}, ["waiting", *ENDED]),
        ({"running": "false"}, ["waiting"]),
        ({"running": "true"}, []),
        ({"success": "true"}, ["child", "tagged", "labelled", "good"]),
        ({"success": "false"}, ["canceled", "bad"]),
        ({"status": "failure"}, ["bad"]),
        ({"status": "canceled"}, ["canceled"]),
        ({"status": "success"}, ["child", "tagged", "labelled", "good"]),
        ({"status": "skipped"}, []),
        ({"is_skipped": "true"}, []),
        ({"is_skipped": "false"}, ["waiting", *ENDED]),
        ({"script_path_exact": f"{FOLDER}/good"}, ["good"]),
        ({"script_path_exact": f"{FOLDER}/good,{FOLDER}/bad"}, ["bad", "good"]),
        ({"script_path_exact": f"{FOLDER}/waiting"}, ["waiting"]),
        ({"tag": "ansible"}, ["tagged"]),
        ({"tag": "ansi*"}, []),
        ({"tag": "ansi*", "allow_wildcards": "true"}, ["tagged"]),
        ({"tag": "!bash,!python3"}, ["tagged"]),
        ({"label": "red"}, ["labelled"]),
        ({"label": "dark*", "allow_wildcards": "true"}, ["labelled"]),
        ({"label": "green"}, []),
        ({"created_by": "nobody"}, []),
        ({"created_by": "!nobody"}, ["waiting", *ENDED]),
        ({"job_kinds": "flow"}, []),
        ({"job_kinds": "preview,script"}, ["waiting", *ENDED]),
        ({"job_kinds": "!preview"}, ["child"]),
        ({"has_null_parent": "true", "success": "true"}, ["tagged", "labelled", "good"]),
        ({"is_flow_step": "true"}, []),
        ({"is_not_schedule": "true", "status": "failure"}, ["bad"]),
        ({"args": '{"a": {"b": [2]}}'}, ["good"]),
        ({"args": '{"a": {"b": [3]}}'}, []),
        ({"args": "not json"}, []),
        ({"result": '"fine"'}, ["good"]),
        ({"result": '{"wm_labels": ["red"]}'}, ["labelled"]),
        ({"broad_filter": "ANSIBLE"}, ["tagged"]),
        ({"scheduled_for_before_now": "true"}, ENDED),
        ({"trigger_kind": "webhook"}, []),
        ({"created_after": "2999-01-01T00:00:00Z"}, []),
        ({"created_before": "2000-01-01T00:00:00Z"}, []),
        ({"completed_after": "2000-01-01T00:00:00Z", "per_page": 1}, ["waiting", "canceled"]),
        ({"worker": "wk-*", "allow_wildcards": "true"}, ["child", "tagged", "labelled", "bad", "good"]),
    ],
    ids=lambda value: urlencode(value) if isinstance(value, dict) else "",
)
def test_filters_choose_the_jobs(
    http: httpx.Client, jobs: dict[str, str], query: dict[str, Any], expected: list[str]
) -> None:
    """Those that wait or run come first, each part with the newest first."""
    assert names(http, jobs, **query) == expected


def test_the_lists_of_one_kind_may_begin_with_the_oldest(http: httpx.Client, jobs: dict[str, str]) -> None:
    """The list of both does not."""
    assert names(http, jobs, "completed/list", order_desc="false") == ENDED[::-1]


def test_a_jobs_children_are_found(http: httpx.Client, jobs: dict[str, str]) -> None:
    """By their parent's identifier."""
    assert names(http, jobs, parent_job=jobs["good"]) == ["child"]


def test_bounds_are_inclusive_so_that_pages_join(http: httpx.Client, jobs: dict[str, str]) -> None:
    """The next page begins with the last job of the one before."""
    moment = http.get(f"/w/demo/jobs_u/get/{jobs['tagged']}").json()["created_at"]
    assert names(http, jobs, created_before=moment, per_page=2) == ["tagged", "labelled"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"running": "true", "success": "true"}, "Bad request: cannot specify success/status with running"),
        ({"per_page": "x"}, "Failed to deserialize query string: per_page: invalid digit found in string"),
        ({"running": "1"}, "Failed to deserialize query string: running: provided string was not `true` or `false`"),
        ({"status": "odd"}, "Failed to deserialize query string: status: unknown variant `odd`"),
        ({"parent_job": "x"}, 'SqlErr: error returned from database: invalid input syntax for type uuid: "x"'),
        ({"created_before": "x"}, "Failed to deserialize query string: created_before: "),
    ],
)
def test_a_wrong_filter_is_named(http: httpx.Client, query: dict[str, str], text: str) -> None:
    """Nothing is listed by a filter that cannot be read."""
    answer = http.get("/w/demo/jobs/list", params=query)
    assert answer.status_code == 400
    assert answer.text.startswith(text)


def test_pages_of_ended_jobs_follow_each_other(http: httpx.Client, jobs: dict[str, str]) -> None:
    """`completed/list` pages, and a page beyond the end is empty."""
    pages = [names(http, jobs, "completed/list", per_page=4, page=page) for page in (0, 1, 2, 3)]
    assert pages == [ENDED[:4], ENDED[:4], ENDED[4:], []]


def test_the_lists_items_have_windmills_keys(http: httpx.Client, jobs: dict[str, str]) -> None:
    """The queue's items keep nulls, those of ended jobs leave them out; arguments come where they are asked for."""
    query = {"script_path_exact": f"{FOLDER}/waiting"}
    queued = http.get("/w/demo/jobs/queue/list", params=query).json()[0]
    assert {"id", "running", "created_by", "script_hash", "suspend", "priority"} <= queued.keys()
    assert (queued["args"], queued["script_hash"], "type" in queued) == (None, None, False)
    given = http.get("/w/demo/jobs/queue/list", params={**query, "include_args": "true"}).json()[0]
    assert given["args"] == {"w": 1}
    query = {"script_path_exact": f"{FOLDER}/good"}
    assert "args" not in http.get("/w/demo/jobs/completed/list", params=query).json()[0]
    given = http.get("/w/demo/jobs/completed/list", params={**query, "include_args": "true"}).json()[0]
    assert given["args"] == {"a": {"b": [1, 2]}, "c": "x"}
    merged = http.get("/w/demo/jobs/list", params=query).json()[0]
    assert (merged["type"], merged["args"], {"result", "logs", "raw_code"} & merged.keys()) == (
        "CompletedJob",
        None,
        set(),
    )


def test_lists_do_not_say_how_a_flows_steps_stand(http: httpx.Client) -> None:
    """It is large for a long loop; the run's own document says it."""
    path = f"{FOLDER}_flows/one"
    body = {"value": {"modules": [{"id": "a", "value": {"type": "identity"}}]}, "path": path, "args": {}}
    job = http.post("/w/demo/jobs/run/preview_flow", json=body).text
    eventually(lambda: http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json()["completed"])
    (listed,) = http.get("/w/demo/jobs/list", params={"script_path_exact": path, "job_kinds": "flowpreview"}).json()[:1]
    assert "flow_status" not in listed and "flow_status" in http.get(f"/w/demo/jobs_u/get/{job}").json()


def test_jobs_are_counted(http: httpx.Client, jobs: dict[str, str]) -> None:
    """Ended ones by success and tag, waiting ones when they are due."""
    count = http.get("/w/demo/jobs/completed/count_jobs", params={"tags": "ansible", "success": "true"}).json()
    assert count == 1
    assert http.get("/w/demo/jobs/completed/count_jobs", params={"completed_after_s_ago": 0, "tags": "x"}).json() == 0
    assert http.get("/w/demo/jobs/completed/count").json()["database_length"] >= len(ENDED)
    assert http.get("/w/demo/jobs/queue/count").json().keys() == {"database_length", "suspended"}
    tags = http.get("/jobs/completed/count_by_tag", params={"workspace_id": "demo"}).json()
    assert {"tag": "ansible", "count": 1} in tags


def test_identifiers_alone_can_be_listed(http: httpx.Client, jobs: dict[str, str]) -> None:
    """With the filters of the lists."""
    query = {"script_path_start": f"{FOLDER}/"}
    whole = http.get("/w/demo/jobs/list_filtered_uuids", params=query).json()
    assert sorted(whole) == sorted(jobs[name] for name in ["waiting", *ENDED])
    assert len(http.get("/w/demo/jobs/list_filtered_uuids", params={**query, "per_page": 1}).json()) == len(whole)
    assert http.get("/w/demo/jobs/queue/list_filtered_uuids", params=query).json() == [jobs["waiting"]]


def test_a_selection_ends_together(http: httpx.Client) -> None:
    """Those that there are are named, whether they had ended or not; the reason is Windmill's."""
    ids = [
        http.post(RUN, params={"scheduled_in_secs": 600}, json={"language": "bash", "content": "echo 1"}).text
        for _ in range(2)
    ]
    route = "/w/demo/jobs/queue/cancel_selection"
    assert sorted(http.post(route, json=[*ids, str(uuid4())]).json()) == sorted(ids)
    assert sorted(http.post(route, json=ids).json()) == sorted(ids)
    assert http.get(f"/w/demo/jobs_u/get/{ids[0]}").json()["canceled_reason"] == "cancel all"


def test_a_job_that_cannot_be_asked_is_completed_by_force(http: httpx.Client) -> None:
    """Its row ends, whatever its process does."""
    content = "trap '' TERM\nwhile true; do sleep 1; done"
    job = http.post(RUN, json={"language": "bash", "content": content}).text
    while not http.get(f"/w/demo/jobs_u/get/{job}").json().get("running"):
        pass
    assert http.post(f"/w/demo/jobs_u/queue/force_cancel/{job}", json={"reason": "now"}).text == job

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = http.get(f"/w/demo/jobs_u/get/{job}").json()
        return found if found["type"] == "CompletedJob" else None

    found = eventually(ended)
    assert found is not None and (found["canceled"], found["canceled_reason"]) == (True, "now")


def test_all_jobs_of_a_path_end_together(http: httpx.Client) -> None:
    """`cancel_persistent` ends what waits or runs of a script."""
    path = f"{FOLDER}/persistent/x"
    body = {"language": "bash", "content": "echo 1", "path": path}
    ids = [http.post(RUN, params={"scheduled_in_secs": 600}, json=body).text for _ in range(2)]
    assert http.post(f"/w/demo/jobs_u/queue/cancel_persistent/{path}", json={"reason": "over"}).status_code == 200
    states = [http.get(f"/w/demo/jobs_u/get/{job}").json()["canceled_reason"] for job in ids]
    assert states == ["over", "over"]


def test_a_deleted_job_keeps_its_record_alone(http: httpx.Client) -> None:
    """Arguments, result and log are gone."""
    identifier = str(uuid4())
    body = {"language": "bash", "content": "echo secret", "args": {"a": 1}}
    http.post(WAIT, params={"job_id": identifier}, json=body)
    deleted = http.post(f"/w/demo/jobs/completed/delete/{identifier}").json()
    assert (deleted["deleted"], deleted.get("result"), deleted["args"]) == (True, None, None)
    found = http.get(f"/w/demo/jobs_u/get/{identifier}").json()
    assert not found.get("result") and not found.get("logs")
    assert http.get(f"/w/demo/jobs_u/get_logs/{identifier}", params={"remove_ansi_warnings": "true"}).text == ""
    assert http.post(f"/w/demo/jobs/completed/delete/{uuid4()}").status_code == 404


@pytest.mark.differs("the code of a preview that is deleted")
def test_a_deleted_preview_keeps_no_code(http: httpx.Client) -> None:
    """It may hold what is not to be kept."""
    identifier = str(uuid4())
    http.post(WAIT, params={"job_id": identifier}, json={"language": "bash", "content": "echo secret"})
    http.post(f"/w/demo/jobs/completed/delete/{identifier}")
    assert "secret" not in http.get(f"/w/demo/jobs_u/get/{identifier}").text
