"""Running over HTTP: arguments, options, answers."""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.languages import wait_for_lock

RUN = "/w/demo/jobs/run/preview"
WAIT = "/w/demo/jobs/run_wait_result/preview"
ECHO = "def main(**given):\n    return given"


def made(http: httpx.Client, content: str, language: str = "python3", **fields: Any) -> str:
    """The path of a new script."""
    path = f"u/admin/run_{uuid4().hex}"
    body = {
        "path": path,
        "summary": "",
        "description": "",
        "content": content,
        "language": language,
        "lock": "",
        **fields,
    }
    answer = http.post("/w/demo/scripts/create", json=body)
    assert answer.status_code == 201, answer.text
    wait_for_lock(http, answer.text)
    return path


def result(http: httpx.Client, job: str) -> Any:
    """A job's result, waited for by its events."""
    with http.stream("GET", f"/w/demo/jobs_u/getupdate_sse/{job}", params={"only_result": "true"}) as answer:
        messages = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    return messages[-1]["only_result"]


@pytest.fixture(scope="module")
def echo(server: Any) -> str:
    """A script that returns its arguments."""
    with server.http() as http:
        return made(http, ECHO)


@pytest.mark.parametrize(
    ("headers", "body", "given"),
    [
        pytest.param({}, b"", {}, id="nothing"),
        pytest.param({"content-type": "application/json"}, b"null", {"body": None}, id="null"),
        pytest.param({"content-type": "application/json"}, b'{"bb": 1, "a": 2}', {"a": 2, "bb": 1}, id="object"),
        pytest.param({"content-type": "application/json"}, b"[1, 2]", {"body": [1, 2]}, id="array"),
        pytest.param({"content-type": "application/json"}, b'"x"', {"body": "x"}, id="text in json"),
        pytest.param(
            {"content-type": "application/x-www-form-urlencoded"}, b"a=1&b=x+y", {"a": "1", "b": "x y"}, id="form"
        ),
        pytest.param({"content-type": "text/plain"}, b"hello", {"raw_string": "hello"}, id="text"),
    ],
)
def test_a_body_becomes_arguments(
    http: httpx.Client, echo: str, headers: dict[str, str], body: bytes, given: Any
) -> None:
    """Objects are the arguments, other JSON is `body`, forms are fields, texts are `raw_string`."""
    answer = http.post(f"/w/demo/jobs/run_wait_result/p/{echo}", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, given)


def test_arguments_are_kept_in_the_order_of_jsonb(http: httpx.Client, echo: str) -> None:
    """Keys come back by length, then by bytes; numbers as they were written."""
    answer = http.post(
        f"/w/demo/jobs/run/p/{echo}",
        content=b'{"bb": 1.50, "a": {"zz": 1, "y": -0.0}, "c": 1e3}',
        headers={"content-type": "application/json"},
    )
    kept = http.get(f"/w/demo/jobs_u/get_args/{answer.text}")
    assert kept.text == '{"a": {"y": 0.0, "zz": 1}, "c": 1000, "bb": 1.50}'


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b'{"a": ', 400, "Bad request: invalid json: EOF while parsing"),
        (b"", 400, "Bad request: invalid json: EOF while parsing a value at line 1 column 0"),
        (b'{"a": "\\u0000"}', 400, "SqlErr: error returned from database: unsupported Unicode escape sequence"),
        (b'{"a": "\\ud800"}', 400, "SqlErr: error returned from database: invalid input syntax for type json"),
    ],
)
def test_arguments_that_cannot_be_kept_are_refused(
    http: httpx.Client, echo: str, body: bytes, status: int, text: str
) -> None:
    """What is not JSON, or what jsonb refuses, is a 400."""
    answer = http.post(f"/w/demo/jobs/run/p/{echo}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.text.startswith(text)


def test_headers_and_query_fields_become_arguments_where_asked(http: httpx.Client, echo: str) -> None:
    """`include_header`, `include_query` and `raw` add arguments."""
    answer = http.post(
        f"/w/demo/jobs/run_wait_result/p/{echo}",
        params={"include_header": "X-My-Header", "include_query": "q", "q": "1", "raw": "true"},
        headers={"x-my-header": "h"},
        json={"a": 1},
    )
    assert answer.json() == {"a": 1, "q": "1", "raw_string": '{"a":1}', "x_my_header": "h"}


def test_a_get_takes_its_arguments_from_the_payload(http: httpx.Client, echo: str) -> None:
    """`payload` is base64 of a JSON object; anything else is told."""
    payload = base64.urlsafe_b64encode(b'{"a": "\xc3\xa9?"}').decode()
    assert http.get(f"/w/demo/jobs/run_wait_result/p/{echo}", params={"payload": payload}).json() == {"a": "é?"}
    refused = http.get(f"/w/demo/jobs/run_wait_result/p/{echo}", params={"payload": "e30x"})
    assert refused.status_code == 500
    assert refused.text.startswith("Internal: Impossible to decode query payload")


def test_a_job_may_have_an_identifier_of_the_callers_choice_once(http: httpx.Client) -> None:
    """The second job of an identifier is refused, the first stays."""
    chosen = str(uuid4())
    body = {"language": "bash", "content": "echo 1"}
    assert http.post(RUN, params={"job_id": chosen}, json=body).text == chosen
    again = http.post(RUN, params={"job_id": chosen}, json=body)
    assert (again.status_code, again.text) == (400, f"Bad request: Job with id {chosen} already exists")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"job_id": "x"}, "job_id: UUID parsing failed: invalid character: found `x` at 0"),
        ({"scheduled_in_secs": "x"}, "scheduled_in_secs: invalid digit found in string"),
        ({"scheduled_for": "tomorrow"}, "scheduled_for: input contains invalid characters"),
        ({"invisible_to_owner": "1"}, "invisible_to_owner: provided string was not `true` or `false`"),
    ],
)
def test_a_wrong_option_is_named(http: httpx.Client, query: dict[str, str], text: str) -> None:
    """The refusal names the field."""
    answer = http.post(RUN, params=query, json={"language": "bash", "content": "echo 1"})
    assert (answer.status_code, answer.text) == (400, f"Failed to deserialize query string: {text}")


def test_options_are_noted_on_the_job(http: httpx.Client) -> None:
    """Tag, parent and time are what was asked for, the timeout is the script's."""
    parent, path = str(uuid4()), made(http, "echo 1", "bash", timeout=7)
    query = {"tag": "mine-$workspace-$args[a.b]", "parent_job": parent, "scheduled_in_secs": 3600}
    started = http.post(f"/w/demo/jobs/run/p/{path}", params=query, json={"a": {"b": "x"}}).text
    job = http.get(f"/w/demo/jobs_u/get/{started}").json()
    found = {name: job.get(name) for name in ("tag", "parent_job", "timeout", "script_path", "running")}
    assert found == {
        "tag": "mine-demo-x",
        "parent_job": parent,
        "timeout": 7,
        "script_path": path,
        "running": False,
    }
    http.post(f"/w/demo/jobs_u/queue/cancel/{job['id']}", json={})


def test_a_timeout_ends_the_job(http: httpx.Client) -> None:
    """The query's `timeout` is in seconds."""
    answer = http.post(
        WAIT, params={"timeout": 1}, json={"language": "python3", "content": "import time\ndef main(): time.sleep(60)"}
    )
    assert answer.status_code == 422
    assert "job process terminated due to timeout" in answer.json()["error"]["message"]


def test_another_function_may_be_the_entrypoint(http: httpx.Client) -> None:
    """`_ENTRYPOINT_OVERRIDE` picks it."""
    content = "def main(): return 1\ndef other(a: int): return a"
    body = {"language": "python3", "content": content, "args": {"_ENTRYPOINT_OVERRIDE": "other", "a": 5}}
    assert http.post(WAIT, json=body).json() == 5


@pytest.mark.parametrize(("kind", "expected"), [("identity", {"x": 1}), ("noop", {})])
def test_kinds_without_a_process_answer_at_once(http: httpx.Client, kind: str, expected: Any) -> None:
    """An identity gives its previous result, a noop an empty object."""
    answer = http.post(WAIT, json={"kind": kind, "args": {"previous_result": {"x": 1}}})
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.differs("`cache_ttl` of a preview")
def test_a_kept_result_stands_for_a_run(http: httpx.Client) -> None:
    """With `cache_ttl` the same source and arguments are not run again."""
    body = {"language": "python3", "content": "import time\ndef main(a): time.sleep(0.01); return time.time_ns()"}
    values = [
        http.post(WAIT, params={"cache_ttl": 60}, json={**body, "args": {"a": argument}}).json()
        for argument in (1, 1, 2)
    ]
    assert values[0] == values[1] != values[2]


@pytest.mark.differs("which Python runs a script")
def test_an_interpreter_of_the_clients_choice_must_exist(http: httpx.Client) -> None:
    """The header names an executable, which then runs the script."""
    body = {"language": "python3", "content": "import sys\ndef main(): return sys.executable"}
    own = Path(sys.executable)
    assert http.post(WAIT, json=body, headers={"X-Flexwm-Interpreter": str(own)}).json() == str(own)
    refused = http.post(WAIT, json=body, headers={"X-Flexwm-Interpreter": "/no/python"})
    assert (refused.status_code, refused.text.split(":")[0]) == (400, "Bad request")


@pytest.mark.parametrize(
    ("result", "success", "expected"),
    [
        ({"windmill_status_code": 70_000, "result": 1}, True, (200, '{"result": 1, "windmill_status_code": 70000}')),
        ({"windmill_status_code": 42, "result": 1}, True, (500, "Invalid status code")),
        ({"windmill_headers": {"x-a": "é"}, "result": [1]}, True, (200, "[1]")),
        (
            {"windmill_headers": {"x-a": "b\nc"}, "result": 1},
            True,
            (500, "Internal: Invalid header value b\nc: failed to parse header value"),
        ),
        ({"windmill_headers": {"x-a": "b"}, "result": [1]}, True, (200, "[1]")),
    ],
)
def test_a_result_shapes_its_answer(http: httpx.Client, result: Any, success: bool, expected: tuple[int, str]) -> None:
    """Statuses and headers that HTTP does not know are told, wrong types leave the result as it is."""
    answer = http.post(WAIT, json={"language": "python3", "content": f"def main(): return {result!r}"})
    assert (answer.status_code, answer.text.split(" @")[0]) == expected


def test_a_client_that_goes_has_its_job_cancelled(http: httpx.Client, server: Any) -> None:
    """Who waits for a result and closes the connection wants it no more."""
    chosen = str(uuid4())
    with server.http() as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post(WAIT, params={"job_id": chosen}, json={"language": "bash", "content": "sleep 60"}, timeout=0.5)
    assert "cancelled by admin (reason: http connection broke)" in result(http, chosen)["error"]["message"]


def test_a_run_may_be_streamed(http: httpx.Client, echo: str) -> None:
    """`run_and_stream` starts the job and sends its updates, of which the last has the result alone."""
    with http.stream("POST", f"/w/demo/jobs/run_and_stream/p/{echo}", json={"a": 1}) as answer:
        messages = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    assert messages[-1] == {"type": "update", "completed": True, "only_result": {"a": 1}}


@pytest.mark.differs("a run in a workspace that does not exist, by an administrator of the instance")
def test_a_workspace_that_does_not_exist_runs_nothing(http: httpx.Client) -> None:
    """It is told, rather than a job stored nobody would find."""
    answer = http.post("/w/none/jobs/run/preview", json={"language": "bash", "content": "echo 1"})
    assert (answer.status_code, answer.text.split(" (")[0]) == (404, "Not found: Workspace not found at name none")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"language": "cobol"}, "language: unknown variant `cobol`, expected one of `nativets`, `deno`"),
        ({"args": [1]}, "args: invalid type: sequence, expected a map"),
        ({"kind": "dance"}, "kind: unknown variant `dance`"),
    ],
)
def test_a_wrong_preview_is_refused(http: httpx.Client, body: dict[str, Any], text: str) -> None:
    """The refusal names the field."""
    answer = http.post(RUN, json=body)
    assert answer.status_code == 422
    assert text in answer.text


def test_jobs_of_a_script_know_it(http: httpx.Client) -> None:
    """A run by path is of the version that stood there."""
    path = made(http, "echo one", "bash", tag="own", timeout=9)
    job = http.get(f"/w/demo/jobs_u/get/{http.post(f'/w/demo/jobs/run/p/{path}', json={}).text}").json()
    assert (job["script_path"], job["tag"], job["job_kind"]) == (path, "own", "script")
    assert "raw_code" not in job


def test_many_jobs_at_once_all_end(http: httpx.Client) -> None:
    """More jobs than slots wait their turn, none is lost."""
    ids = [http.post(RUN, json={"language": "bash", "content": f"echo {number}"}).text for number in range(40)]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        left = http.get("/w/demo/jobs/queue/list", params={"job_kinds": "preview"}).json()
        if not {job["id"] for job in left} & set(ids):
            break
        time.sleep(0.05)
    assert [http.get(f"/w/demo/jobs_u/completed/get_result/{job}").json() for job in ids] == [str(n) for n in range(40)]
