"""Scripts whose preprocessor makes their arguments of the request that runs them."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flexwm_nb.engine import Engine
from tests.contract.languages import PATIENCE, W, deployed, run

PYTHON = """
def preprocessor(event, more=2):
    query = {name: text for name, text in event["query"].items() if name == "q"}
    return {"a": [event["kind"], event["body"], query, "content-type" in event["headers"], more]}

def main(a):
    return a
"""
TYPESCRIPT = """
export async function preprocessor(event: any, more = 2) {
  const query = Object.fromEntries(Object.entries(event.query).filter(([name]) => name === "q"))
  return { a: [event.kind, event.body, query, "content-type" in event.headers, more ?? 2] }
}
export async function main(a: any) {
  return a
}
"""
FAILS = {"python3": "def preprocessor(event):\n    raise KeyError('a')\ndef main(a): return a", "bun": (
    "export function preprocessor(event: any) { throw new RangeError('a') }\nexport function main(a: any) { return a }"
)}  # fmt: skip


MAIN = "\n\ndef main(a):\n    return a\n"
OLDER = [
    pytest.param(
        "python3", "def preprocessor(wm_trigger, n):\n    return {'a': [n, wm_trigger]}" + MAIN,
        [4, {"kind": "webhook"}], id="python3, wm_trigger",
    ),
    pytest.param(
        "python3", "def preprocessor(n, q, more=7, none=None):\n    return {'a': [n, q, more, none]}" + MAIN,
        [4, "z", 7, None], id="python3, names",
    ),
    pytest.param(
        "python3", "def preprocessor(n, **x):\n    return {'a': [n, x['q'], x['x-thing'], x['wm_trigger']]}" + MAIN,
        [4, "z", "t", {"kind": "webhook"}], id="python3, everything",
    ),
    pytest.param(
        "python3", "def preprocessor(wm_trigger, event=None):\n    return {'a': [event, wm_trigger]}" + MAIN,
        [None, {"kind": "webhook"}], id="python3, both",
    ),
    pytest.param(
        "python3", "def preprocessor(event, n=3):\n    return {'a': [event['body'], n]}" + MAIN,
        [{"n": 4}, 3], id="python3, event",
    ),
    pytest.param("python3", "def preprocessor():\n    return {'a': 1}" + MAIN, 1, id="python3, nothing"),
    pytest.param(
        "bun", "export function preprocessor(wm_trigger: any, n: number) { return { a: [n, wm_trigger] } }\n"
        "export function main(a: any) { return a }\n",
        [4, {"kind": "webhook"}], id="bun, wm_trigger",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "content", "result"), OLDER)
def test_an_older_preprocessor_takes_its_arguments_by_name(
    http: httpx.Client, language: str, content: str, result: object
) -> None:
    """Body, query, headers and `wm_trigger`, where it asks for that, or for anything but `event`."""
    path = f"f/preprocessors/older_{uuid4().hex[:8]}"
    deployed(http, path, language, content, lock="# py: 3.11" if language == "python3" else "")
    end = time.monotonic() + PATIENCE
    while not http.get(f"{W}/scripts/exists/p/{path}").json() and time.monotonic() < end:
        time.sleep(0.1)
    headers = {"X-Thing": "t"}
    job = http.post(f"{W}/jobs/run/p/{path}", json={"n": 4}, params={"q": "z"}, headers=headers).text
    assert run(http, job) == (True, result)


BODIES = [
    pytest.param({"json": [1]}, {}, [[1], None], id="no object"),
    pytest.param({"json": {"n": 1}}, {"wrap_body": "true"}, [{"n": 1}, None], id="wrapped for main alone"),
    pytest.param({"json": [1]}, {"raw": "true"}, [[1], "[1]"], id="also as it stands"),
    pytest.param({"content": "t", "headers": {"Content-Type": "text/plain"}}, {}, [{}, "t"], id="a text"),
    pytest.param({"data": {"a": "1"}}, {}, [{"a": "1"}, None], id="a form"),
    pytest.param({"json": {"raw_string": 1}}, {"include_query": "q", "q": "1"}, [{"raw_string": 1}, None], id="names"),
]


@pytest.mark.parametrize(("sent", "query", "result"), BODIES)
def test_a_preprocessor_sees_the_body_as_it_was_sent(
    http: httpx.Client, sent: dict[str, Any], query: dict[str, str], result: object
) -> None:
    """Whatever the query says of main's arguments."""
    content = "def preprocessor(event):\n    return {'a': [event['body'], event['raw_string']]}" + MAIN
    path = "f/preprocessors/bodies"
    if not http.get(f"{W}/scripts/exists/p/{path}").json():
        deployed(http, path, "python3", content, lock="# py: 3.11")
    assert run(http, http.post(f"{W}/jobs/run/p/{path}", params=query, **sent).text) == (True, result)


@pytest.mark.parametrize(
    ("language", "content"),
    [("python3", PYTHON), ("bun", TYPESCRIPT), ("bunnative", TYPESCRIPT), ("deno", TYPESCRIPT)],
    ids=lambda value: value if "\n" not in value else "",
)
def test_a_preprocessor_makes_the_arguments(http: httpx.Client, engine: Engine, language: str, content: str) -> None:
    """Of body, query and headers; who skips it gives the arguments of main."""
    path = f"f/preprocessors/{language}"
    deployed(http, path, language, content)
    made = ["webhook", {"x": 1}, {"q": "z"}, True, 2]
    job = http.post(f"{W}/jobs/run/p/{path}", json={"x": 1}, params={"q": "z"}).text
    assert run(http, job) == (True, made)
    found = http.get(f"{W}/jobs_u/get/{job}").json()
    assert (found["args"], found["preprocessed"]) == ({"a": made}, True)
    skipped = http.post(f"{W}/jobs/run_wait_result/p/{path}", json={"a": 5}, params={"skip_preprocessor": "true"})
    assert skipped.json() == 5
    assert engine.executions.submit(path, {"a": 6}).result() == 6


@pytest.mark.parametrize(("language", "name"), [("python3", "KeyError"), ("bun", "RangeError")])
def test_a_preprocessor_that_fails_is_the_jobs_failure(http: httpx.Client, language: str, name: str) -> None:
    """With its own error; main is not called."""
    path = f"f/preprocessors/fails_{language}"
    deployed(http, path, language, FAILS[language])
    success, result = run(http, http.post(f"{W}/jobs/run/p/{path}", json={"a": 1}).text)
    assert (success, result["error"]["name"]) == (False, name)


@pytest.mark.differs("the headers that a preprocessor is given")
def test_a_preprocessor_is_not_given_what_lets_the_sender_in(http: httpx.Client) -> None:
    """A token is no argument of a job, which everybody in the workspace may read."""
    path = "f/preprocessors/headers"
    content = "def preprocessor(event):\n    return {'a': sorted(event['headers'])}\n\ndef main(a):\n    return a"
    deployed(http, path, "python3", content)
    names = http.post(f"{W}/jobs/run_wait_result/p/{path}", json={}, headers={"Cookie": "a=b"}).json()
    assert "content-type" in names and not {"authorization", "cookie"} & set(names)
