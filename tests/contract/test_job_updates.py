"""Following jobs, their logs and results, and reading them back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.waiting import eventually

RUN = "/w/demo/jobs/run/preview"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def start(
    http: httpx.Client, content: str, language: str = "bash", query: dict[str, Any] | None = None, **more: Any
) -> str:
    """The identifier of a started preview."""
    answer = http.post(RUN, params=query, json={"language": language, "content": content, **more})
    assert answer.status_code == 201, answer.text
    return answer.text


def events(http: httpx.Client, job: str, **query: Any) -> Iterator[dict[str, Any]]:
    """The messages of a job's event stream."""
    with http.stream("GET", f"/w/demo/jobs_u/getupdate_sse/{job}", params={"fast": "true", **query}) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


def finished(http: httpx.Client, job: str) -> dict[str, Any]:
    """The last message about a job."""
    return list(events(http, job))[-1]


def test_events_carry_the_log_as_it_grows_and_end_with_the_job(http: httpx.Client) -> None:
    """Pieces of the log join to the whole; the last message has the job, without its code."""
    job = start(http, "echo first\nsleep 1.5\necho two")
    messages = list(events(http, job, running="false"))
    assert [message["type"] for message in messages] == ["update"] * len(messages)
    assert any(message.get("running") is True for message in messages)
    text = "".join(message.get("new_logs", "") for message in messages)
    assert text == http.get(f"/w/demo/jobs_u/get_logs/{job}", params={"remove_ansi_warnings": "true"}).text
    last = messages[-1]
    assert (last["completed"], last["running"], last["job"]["result"]) == (True, False, "two")
    assert "raw_code" not in last["job"]
    assert len([message for message in messages if "first" in message.get("new_logs", "")]) == 1


SOON = pytest.mark.differs("how soon a follower sees a log line, and a flow goes on after an approval")
LONG = pytest.mark.differs("long logs")


@SOON
def test_a_line_reaches_its_follower_at_once(http: httpx.Client) -> None:
    """Between the job's clock and the follower's lie milliseconds."""
    job = start(http, "sleep 0.3\ndate +%s%N\nsleep 0.3")
    for message in events(http, job):
        lines = message.get("new_logs", "").split()
        if lines and lines[-1].isdigit():
            assert time.time() - int(lines[-1]) / 1e9 < 0.2
            break


def test_a_follower_goes_on_from_its_position(http: httpx.Client) -> None:
    """Positions count characters from 1; what was seen does not come again."""
    job = start(http, "echo äöü🎉\necho two")
    finished(http, job)
    logs = http.get(f"/w/demo/jobs_u/get_logs/{job}", params={"remove_ansi_warnings": "true"}).text
    position = logs.index("two") + 1
    assert next(events(http, job, log_offset=position))["new_logs"] == "two"
    update = http.get(f"/w/demo/jobs_u/getupdate/{job}", params={"log_offset": position}).json()
    assert (update["new_logs"], update["log_offset"]) == ("two", len(logs) + 1)


@LONG
def test_a_flood_of_output_comes_in_few_messages(http: httpx.Client) -> None:
    """Megabytes of output reach the follower whole, batched."""
    job = start(http, "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -n 300000\necho the end")
    messages = list(events(http, job))
    text = "".join(message.get("new_logs", "") for message in messages)
    assert text.count("0123456789abcdefghijklmnopqrstuvwxyz") == 300_000
    assert text.endswith("the end")
    assert len(messages) < 1_000


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"only_result": "true"}, {"type", "completed", "only_result"}),
        ({"no_logs": "true"}, {"type", "completed", "running", "job", "mem_peak"}),
    ],
)
def test_a_follower_gets_only_what_it_wants(http: httpx.Client, query: dict[str, str], keys: set[str]) -> None:
    """Logs or everything but the result can be left out."""
    job = start(http, "echo 1")
    finished(http, job)
    assert list(events(http, job, **query))[-1].keys() == keys


@SOON
def test_progress_is_told_as_it_is_set(http: httpx.Client) -> None:
    """A job's progress reaches those who ask for it, and stays readable."""
    body = ["wmill.set_progress(40)", "time.sleep(0.2)", "return wmill.get_progress()"]
    job = start(http, "\n    ".join(["import wmill, time\ndef main():", *body]), "python3")
    messages = list(events(http, job, get_progress="true"))
    assert 40 in [message.get("progress") for message in messages]
    assert messages[-1]["job"]["result"] == 40


def test_an_unknown_job_is_told_and_nothing_is_waited_for(http: httpx.Client) -> None:
    """As events and by polling."""
    for route in ("getupdate_sse", "getupdate"):
        assert http.get(f"/w/demo/jobs_u/{route}/{UNKNOWN}").status_code == 404


def test_a_follower_of_a_waiting_job_sees_it_cancelled(http: httpx.Client) -> None:
    """The end comes by itself."""
    job = start(http, "echo never", query={"scheduled_in_secs": 600})
    with http.stream("GET", f"/w/demo/jobs_u/getupdate_sse/{job}") as answer:
        http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={"reason": "enough"})
        *_, last = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    assert last["job"]["canceled_reason"] == "enough"
    assert finished(http, job)["completed"] is True


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": [10, {"c": None}]}),
        ("a.b.0", 10),
        ("a.b.-1", {"c": None}),
        ("a.x", None),
        ("a.b.x", None),
        ("", None),
    ],
)
def test_a_part_of_a_result_can_be_asked_for(http: httpx.Client, path: str, expected: Any) -> None:
    """`json_path` names fields and positions."""
    job = start(http, "def main(): return {'a': {'b': [10, {'c': None}]}}", "python3")
    finished(http, job)
    found = http.get(f"/w/demo/jobs_u/completed/get_result/{job}", params={"json_path": path}).json()
    assert found == expected


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        ("def main(): return 'a' * 100_000", False),
        ("import random\ndef main(): return random.randbytes(60_000).hex()", True),
        ("def main(): return 'a' * 10_000_000", True),
    ],
    ids=["compressible", "random", "huge"],
)
def test_a_large_result_is_left_out_of_the_document(http: httpx.Client, content: str, cut: bool) -> None:
    """What PostgreSQL would need more than 90 kB for is to be asked for separately."""
    job = start(http, content, "python3")
    finished(http, job)
    shown = http.get(f"/w/demo/jobs_u/get/{job}").json()["result"]
    whole = http.get(f"/w/demo/jobs_u/completed/get_result/{job}").json()
    assert (shown == "WINDMILL_TOO_BIG") is cut
    assert len(whole) >= 90_000


def test_large_arguments_are_left_out_too(http: httpx.Client) -> None:
    """They have a mark of their own, and are whole where they are asked for."""
    text = "".join(str(uuid4()) for _ in range(6_000))
    job = start(http, "echo 1", args={"a": text})
    finished(http, job)
    assert http.get(f"/w/demo/jobs_u/get/{job}").json()["args"] == {"reason": "WINDMILL_TOO_BIG"}
    assert http.get(f"/w/demo/jobs_u/get_args/{job}").json() == {"a": text}


@LONG
def test_documents_show_the_logs_end_and_may_leave_things_out(http: httpx.Client) -> None:
    """20,000 characters of log; `no_logs` and `no_code` drop what they name."""
    job = start(http, "seq 1 20000")
    finished(http, job)
    whole = http.get(f"/w/demo/jobs_u/get/{job}").json()
    assert len(whole["logs"]) == 20_000
    assert whole["logs"].endswith("20000")
    less = http.get(f"/w/demo/jobs_u/get/{job}", params={"no_logs": "true", "no_code": "true"}).json()
    assert whole.keys() - less.keys() == {"logs", "raw_code"}
    assert "type" not in http.get(f"/w/demo/jobs_u/completed/get/{job}").json()
    assert http.get(f"/w/demo/jobs_u/get_completed_logs_tail/{job}").json() == whole["logs"]


def test_starts_are_read_in_the_order_asked_for(http: httpx.Client) -> None:
    """Unknown jobs, those that wait and those that have ended have none; more than a hundred are cut."""
    ended = start(http, "echo 1")
    finished(http, ended)
    waiting = start(http, "echo 1", query={"scheduled_in_secs": 600})
    job = start(http, "sleep 30")
    started = eventually(lambda: http.get(f"/w/demo/jobs_u/get/{job}").json().get("started_at"))
    route = "/w/demo/jobs_u/queue/get_started_at_by_ids"
    assert http.post(route, json=[waiting, job, UNKNOWN, ended]).json() == [None, started, None, None]
    assert http.post(route, json=["x"]).status_code == 422
    assert http.post(route, json=[job] * 101).json() == [started] * 100
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    due = http.get(f"/w/demo/jobs/queue/scheduled_for/{waiting}").json()
    assert abs(due / 1000 - time.time() - 600) < 60
    assert http.get(f"/w/demo/jobs/queue/position/{due + 1}").json()["position"] >= 2
    assert http.get(f"/w/demo/jobs/queue/scheduled_for/{ended}").status_code == 404
    http.post(f"/w/demo/jobs_u/queue/cancel/{waiting}", json={})


@pytest.mark.parametrize(
    "route",
    [
        "get/{}",
        "completed/get/{}",
        "completed/get_result/{}",
        "completed/get_result_maybe/{}",
        "get_logs/{}",
        "get_args/{}",
        "getupdate/{}",
        "getupdate_sse/{}",
    ],
)
@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_a_token_no_job_of_a_user_can_be_read(
    http: httpx.Client, server: Any, route: str, token: str | None
) -> None:
    """The routes of `jobs_u` let strangers see jobs of strangers alone."""
    job = start(http, "echo 1")
    finished(http, job)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"{server.url}/api/w/demo/jobs_u/{route.format(job)}", headers=headers)
    text = "Bad request: As a non logged in user, you can only see jobs ran by anonymous users"
    assert text in answer.text
    assert answer.status_code == 400 or route.startswith("getupdate_sse")


def test_without_a_token_no_job_can_be_cancelled(http: httpx.Client, server: Any) -> None:
    """A stranger's wish changes nothing."""
    job = start(http, "echo 1", query={"scheduled_in_secs": 600})
    assert httpx.post(f"{server.url}/api/w/demo/jobs_u/queue/cancel/{job}", json={}).status_code == 400
    assert http.get(f"/w/demo/jobs_u/get/{job}").json()["type"] == "QueuedJob"
    assert http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={}).text == job


def test_a_streamed_result_arrives_while_it_is_made(http: httpx.Client) -> None:
    """What a generator yields is told while it runs, and is the result at the end."""
    content = "import time\ndef main():\n    for part in ('a\\nb', 'c'):\n        yield part\n        time.sleep(0.2)"
    messages = list(events(http, start(http, content, "python3")))
    pieces = [message["new_result_stream"] for message in messages if "new_result_stream" in message]
    assert "".join(pieces) == messages[-1]["job"]["result"] == "a\nbc"


@SOON
def test_each_piece_of_a_streamed_result_comes_by_itself(http: httpx.Client) -> None:
    """When it is there."""
    content = "import time\ndef main():\n    for part in ('a', 'b'):\n        yield part\n        time.sleep(0.5)"
    messages = list(events(http, start(http, content, "python3")))
    assert [message["new_result_stream"] for message in messages if "new_result_stream" in message] == ["a", "b"]
