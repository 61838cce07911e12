"""Scripts whose preprocessor makes their arguments of the request that runs them."""

from __future__ import annotations

import httpx
import pytest

from flexwm_nb.engine import Engine
from tests.contract.languages import W, deployed, run

PYTHON = """
def preprocessor(event, more=2):
    query = {name: text for name, text in event["query"].items() if name == "q"}
    return {"a": [event["kind"], event["body"], query, "authorization" in event["headers"], more]}

def main(a):
    return a
"""
TYPESCRIPT = """
export async function preprocessor(event: any, more = 2) {
  const query = Object.fromEntries(Object.entries(event.query).filter(([name]) => name === "q"))
  return { a: [event.kind, event.body, query, "authorization" in event.headers, more ?? 2] }
}
export async function main(a: any) {
  return a
}
"""
FAILS = {"python3": "def preprocessor(event):\n    raise KeyError('a')\ndef main(a): return a", "bun": (
    "export function preprocessor(event: any) { throw new RangeError('a') }\nexport function main(a: any) { return a }"
)}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "content"),
    [("python3", PYTHON), ("bun", TYPESCRIPT), ("bunnative", TYPESCRIPT), ("deno", TYPESCRIPT)],
    ids=lambda value: value if "\n" not in value else "",
)
def test_a_preprocessor_makes_the_arguments(http: httpx.Client, engine: Engine, language: str, content: str) -> None:
    """Of body, query and headers, less what lets the sender in; who skips it gives the arguments of main."""
    path = f"f/preprocessors/{language}"
    deployed(http, path, language, content)
    made = ["webhook", {"x": 1}, {"q": "z"}, False, 2]
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
