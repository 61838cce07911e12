"""Schedules over HTTP: their documents and refusals, the ticks that they start, and what becomes of these."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.waiting import eventually

SECONDLY = "* * * * * *"
NEVER_SOON = "0 0 0 1 1 *"


@pytest.fixture
def script(http: httpx.Client) -> Iterator[str]:
    """The path of a script that exists; what is scheduled beside it ends with the test."""
    path = f"u/admin/scheduled_{uuid4().hex[:8]}"
    make_script(http, path)
    yield path
    for found in http.get("/w/demo/schedules/list", params={"per_page": 1000}).json():
        if found["path"].startswith(path):
            http.delete(f"/w/demo/schedules/delete/{found['path']}")


def make_script(http: httpx.Client, path: str, content: str = "echo tick") -> None:
    """Create a bash script."""
    body = {"path": path, "summary": "", "description": "", "content": content, "language": "bash"}
    assert http.post("/w/demo/scripts/create", json=body).status_code == 201


def schedule(script: str, **fields: Any) -> dict[str, Any]:
    """The body of a schedule of a script."""
    path = f"{script}_schedule"
    return {
        "path": path, "schedule": NEVER_SOON, "timezone": "UTC", "script_path": script, "is_flow": False, **fields,
    }  # fmt: skip


def make(http: httpx.Client, script: str, **fields: Any) -> str:
    """Create an enabled schedule; its path."""
    answer = http.post("/w/demo/schedules/create", json=schedule(script, enabled=True, **fields))
    assert answer.status_code == 200, answer.text
    return answer.text


def jobs_of(http: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """The schedule's jobs, the waiting one first."""
    found: list[dict[str, Any]] = http.get("/w/demo/jobs/list", params={"schedule_path": path, **query}).json()
    return found


REFUSED = [
    pytest.param(
        {"schedule": "* * * * *"},
        400,
        "prepend a seconds field, e.g. '0 * * * * *'",
        id="five fields",
        marks=pytest.mark.differs("a cron expression of five fields"),
    ),
    pytest.param({"schedule": "0 0 99 * * *"}, 400, "Bad request: cron: ", id="an hour that is none"),
    pytest.param({"schedule": "0 0 0 31 2 *"}, 400, "Bad request: cron: ", id="a day that never comes"),
    pytest.param({"timezone": "Mars/Olympus"}, 400, "failed to parse timezone", id="an unknown zone"),
    pytest.param({"path": "a/b/c"}, 500, "Internal: inserting schedule in demo: ", id="an improper path"),
    pytest.param(
        {"script_path": "u/admin/none_here", "enabled": True}, 404, "Not found: script not found", id="target"
    ),
    pytest.param({"on_success": "script/u/admin/x"}, 400, "only available in enterprise version", id="enterprise"),
    pytest.param({"is_flow": None}, 422, "is_flow: invalid type: null, expected a boolean", id="not a boolean"),
]


@pytest.mark.parametrize(("change", "status", "text"), REFUSED)
def test_a_schedule_that_cannot_be_is_refused(
    http: httpx.Client, script: str, change: dict[str, Any], status: int, text: str
) -> None:
    """Nothing is stored of it, and the answer says what is wrong."""
    body = schedule(script) | change
    answer = http.post("/w/demo/schedules/create", json=body)
    assert (answer.status_code, text in answer.text) == (status, True), answer.text
    assert http.get(f"/w/demo/schedules/exists/{body['path']}").json() is False


def noted(http: httpx.Client, path: str) -> dict[str, Any] | None:
    """A schedule, once it tells of an error."""
    found: dict[str, Any] = http.get(f"/w/demo/schedules/get/{path}").json()
    return found if found.get("error") else None


def ended_child(http: httpx.Client, parent: str) -> dict[str, Any] | None:
    """The one job that another started, once it has ended."""
    found = http.get("/w/demo/jobs/list", params={"parent_job": parent, "include_args": True}).json()
    return found[0] if found and found[0]["type"] == "CompletedJob" else None


def test_an_enabled_schedule_has_one_waiting_job(http: httpx.Client, script: str) -> None:
    """Its next tick stands in the queue, with the schedule's arguments, and goes with the schedule."""
    path = make(http, script, args={"n": 1})
    (job,) = jobs_of(http, path, include_args=True)
    assert (job["args"], job["schedule_path"], job["script_path"]) == ({"n": 1}, path, script)
    assert job["created_by"] == "schedule-" + path.replace("/", "-")
    http.delete(f"/w/demo/schedules/delete/{path}")
    assert jobs_of(http, path) == []


def test_the_future_tick_cannot_be_cancelled(http: httpx.Client, script: str) -> None:
    """Who wants no tick switches the schedule off."""
    path = make(http, script)
    (job,) = jobs_of(http, path)
    answer = http.post(f"/w/demo/jobs_u/queue/cancel/{job['id']}", json={})
    assert answer.status_code == 400
    assert "Cannot cancel a future tick of a schedule" in answer.text


def test_switching_off_takes_the_tick_and_on_brings_one(http: httpx.Client, script: str) -> None:
    """However often it is switched, one job waits at most."""
    path = make(http, script)
    url = f"/w/demo/schedules/setenabled/{path}"
    assert http.post(url, json={"enabled": False}).text.endswith(f"at path {path} to status false")
    assert jobs_of(http, path) == []
    for _ in range(3):
        http.post(url, json={"enabled": True})
    assert len(jobs_of(http, path)) == 1
    assert http.post("/w/demo/schedules/setenabled/u/admin/none", json={"enabled": True}).status_code == 404


def test_an_update_moves_the_tick(http: httpx.Client, script: str) -> None:
    """The waiting job is that of the new expression."""
    path = make(http, script)
    body = {"schedule": "30 15 10 1 7 *", "timezone": "Asia/Tokyo"}
    assert http.post(f"/w/demo/schedules/update/{path}", json=body).text == path
    (job,) = jobs_of(http, path)
    assert "-07-01T01:15:30Z" in job["scheduled_for"]


def test_a_new_version_of_the_script_is_what_the_tick_runs(http: httpx.Client, script: str) -> None:
    """The waiting job follows the script's versions."""
    path = make(http, script)
    (old,) = jobs_of(http, path)
    head = http.get(f"/w/demo/scripts/get/p/{script}").json()
    body = {"path": script, "summary": "", "content": "echo new", "language": "bash", "parent_hash": head["hash"]}
    made = http.post("/w/demo/scripts/create", json=body)
    (new,) = jobs_of(http, path)
    assert (new["script_hash"], new["script_hash"] != old["script_hash"]) == (made.text, True)


def test_ticks_run_once_each(http: httpx.Client, script: str) -> None:
    """Every second has its one job, at that second."""
    path = make(http, script, schedule=SECONDLY)
    time.sleep(3.2)
    http.post(f"/w/demo/schedules/setenabled/{path}", json={"enabled": False})
    time.sleep(0.3)  # for the one that may have just begun
    ended = jobs_of(http, path, success=True)
    seconds = [job["started_at"][:19] for job in ended]
    assert len(seconds) in (3, 4)
    assert len(set(seconds)) == len(seconds)
    (listed,) = [found for found in http.get("/w/demo/schedules/list_with_jobs").json() if found["path"] == path]
    assert [job["success"] for job in listed["jobs"]] == [True] * len(ended)


def test_a_paused_schedule_waits(http: httpx.Client, script: str) -> None:
    """No tick comes before the end of the pause."""
    path = make(http, script, schedule=SECONDLY, paused_until="2199-01-01T00:00:00Z")
    assert jobs_of(http, path)[0]["scheduled_for"] == "2199-01-01T00:00:01Z"


def test_a_target_that_is_gone_switches_the_schedule_off(http: httpx.Client, script: str) -> None:
    """After the tick that still could run, the schedule says why it stopped."""
    path = make(http, script, schedule=SECONDLY)
    http.post(f"/w/demo/scripts/archive/p/{script}")
    time.sleep(1.5)
    found = http.get(f"/w/demo/schedules/get/{path}").json()
    assert (found["enabled"], found["error"][:36]) == (False, "Not found: script not found at name ")


UNKNOWN = [
    ("v1", "0 0 12 L * *"), ("v1", "0 0 12 * * 5L"), ("v1", "0 0 12 * * FRI#2"), ("v1", "0 0 12 15W * *"),
    ("v2", "0 0 12 LW * *"), ("v2", "0 0 0 * * Monday"), ("v2", "0 0 0 * January *"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "expression"), UNKNOWN)
def test_each_version_has_its_own_words(http: httpx.Client, version: str, expression: str) -> None:
    """Last and numbered days are of version 2, long names of version 1."""
    body = {"schedule": expression, "timezone": "UTC", "cron_version": version}
    answer = http.post("/schedules/preview", json=body)
    assert (answer.status_code, answer.text[:19]) == (400, "Bad request: cron: ")


PREVIEWS = [
    pytest.param({"schedule": "0 0 12 * * 1", "cron_version": "v2"}, 0, id="version 2 begins at Sunday 0"),
    pytest.param({"schedule": "0 0 12 * * 2"}, 0, id="version 1 begins at Sunday 1"),
    pytest.param({"schedule": "0 0 12 * * SUN"}, 6, id="a name"),
]


@pytest.mark.parametrize(("wanted", "weekday"), PREVIEWS)
def test_a_preview_has_the_next_five_ticks(http: httpx.Client, wanted: dict[str, Any], weekday: int) -> None:
    """Weekdays are numbered as the version of the expression says."""
    ticks = http.post("/schedules/preview", json={"timezone": "UTC", **wanted}).json()
    days = {time.strptime(tick, "%Y-%m-%dT%H:%M:%SZ").tm_wday for tick in ticks}
    assert (len(ticks), days) == (5, {weekday})


def test_lists_are_filtered(http: httpx.Client, script: str) -> None:
    """By what is run, by arguments, by text and by label."""
    path = make(http, script, args={"deep": {"n": 7}}, summary="Nightly LOAD", labels=["red"])
    filters: list[dict[str, Any]] = [
        {"path": script}, {"args": '{"deep": {"n": 7}}'}, {"summary": "nightly load"}, {"schedule_path": path},
        {"broad_filter": "LOAD", "label": "red"},
    ]  # fmt: skip
    for wanted in filters:
        assert path in [found["path"] for found in http.get("/w/demo/schedules/list", params=wanted).json()], wanted
    assert http.get("/w/demo/schedules/list", params={"path": script, "is_flow": True}).json() == []


HANDLER = pytest.mark.differs("`on_failure` of a schedule", run=False)


@HANDLER
def test_a_failure_has_its_handler_run(http: httpx.Client, script: str) -> None:
    """With what failed, why, and the extra arguments."""
    failing, handler = f"{script}_fails", f"{script}_handler"
    make_script(http, failing, "exit 3")
    make_script(http, handler, 'extra="$1"\necho "$extra"')
    path = make(
        http, failing, schedule=SECONDLY, on_failure=f"script/{handler}", on_failure_extra_args={"extra": "told"}
    )
    time.sleep(1.7)
    http.post(f"/w/demo/schedules/setenabled/{path}", json={"enabled": False})
    *_, failed = jobs_of(http, path)
    handled = eventually(lambda: ended_child(http, failed["id"]))
    given = handled["args"]
    assert (handled["script_path"], given["schedule_path"], given["extra"]) == (handler, path, "told")
    assert (given["job_id"], given["error"]["exit_code"]) == (failed["id"], 3)
    assert http.get(f"/w/demo/jobs_u/completed/get_result/{handled['id']}").json() == "told"


@HANDLER
def test_a_missing_handler_is_told_and_the_schedule_goes_on(http: httpx.Client, script: str) -> None:
    """The schedule's error says which."""
    failing = f"{script}_fails"
    make_script(http, failing, "exit 3")
    path = make(http, failing, schedule=SECONDLY, on_failure="flow/u/admin/none_here")
    found = eventually(lambda: noted(http, path))
    assert (found["enabled"], found["error"][:40]) == (True, "on_failure: Not found: flow not found at")
    assert sum(job["type"] == "QueuedJob" for job in jobs_of(http, path)) == 1
