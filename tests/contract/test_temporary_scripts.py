"""Previews and locks of what imports scripts that are not registered: their sources are sent before, and named."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.languages import W, deployed, preview, run

STORE, DIFF = f"{W}/scripts/raw_temp/store", f"{W}/scripts/raw_temp/diff"
ONE = "from f.temporary.deep.other import END\ndef clean(text):\n    return text.strip() + END\n"
MAIN = "from f.temporary.one import clean\ndef main(a):\n    return [clean(' x '), a]\n"
TYPESCRIPT = 'import { clean } from "./one_ts"\nexport function main(a: number) {\n  return [clean(" x "), a]\n}\n'
ONE_TYPESCRIPT = "export function clean(text: string) {\n  return text.trim()\n}\n"


def kept(http: httpx.Client, content: str) -> str:
    """The hash under which the engine keeps a source."""
    answer = http.post(STORE, json=content)
    assert answer.status_code == 200, answer.text
    return str(answer.json())


def anew(http: httpx.Client, path: str, content: str) -> None:
    """Register a script that can be run at once, even where the same was registered before."""
    deployed(http, path, "python3", content, lock="# py: 3.11", summary=uuid4().hex)


@pytest.fixture
def python(http: httpx.Client) -> dict[str, str]:
    """Two modules of Python, one of which imports the other."""
    return {"f/temporary/one": kept(http, ONE), "f/temporary/deep/other": kept(http, "END = '!'\n")}


@pytest.fixture
def typescript(http: httpx.Client) -> dict[str, str]:
    """A module of TypeScript."""
    return {"f/temporary/one_ts": kept(http, ONE_TYPESCRIPT)}


def test_a_source_is_known_by_its_hash(http: httpx.Client) -> None:
    """Of workspace and content; loaders get it at any path, and without it what stands there."""
    hashed = kept(http, ONE)
    assert (hashed, kept(http, ONE)) == (sha256(f"demo{ONE}".encode()).hexdigest(),) * 2
    for kind in ("raw", "raw_unpinned"):
        assert http.get(f"{W}/scripts/{kind}/p/f/temporary/one.py", params={"temp_script_hash": hashed}).text == ONE
        assert (
            http.get(f"{W}/scripts/{kind}/p/f/temporary/none.py", params={"temp_script_hash": "0"}).status_code == 404
        )


REFUSED = [
    pytest.param(STORE, {"a": 1}, 422, "invalid type: map, expected a string", id="no text"),
    pytest.param(STORE, "a\0b", 400, "invalid byte sequence", id="a NUL"),
    pytest.param("/w/nothing_here/scripts/raw_temp/store", "x", 400, "violates foreign key", id="no workspace"),
    pytest.param(DIFF, {}, 422, "missing field `scripts`", id="nothing to compare"),
    pytest.param(DIFF, {"scripts": {"a": 1}}, 422, "scripts.a: invalid type: integer `1`", id="no hash"),
]


@pytest.mark.parametrize(("path", "body", "status", "text"), REFUSED)
def test_bad_bodies_are_refused(http: httpx.Client, path: str, body: Any, status: int, text: str) -> None:
    """In Windmill's words."""
    answer = http.post(path, json=body)
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


def test_paths_whose_source_differs_are_told(http: httpx.Client) -> None:
    """Those that are not registered, too, and all dependencies of the workspace that are not there."""
    anew(http, "f/temporary/same", MAIN)
    same = sha256(MAIN.encode()).hexdigest()
    scripts = {"f/temporary/same": same, "f/temporary/never": same}
    dependencies = [{"path": "dependencies/package.json", "language": "bun", "hash": same}]
    found = http.post(DIFF, json={"scripts": scripts, "workspace_deps": dependencies}).json()
    assert found == ["f/temporary/never", "dependencies/package.json"]
    anew(http, "f/temporary/same", MAIN + "\n")
    assert http.post(DIFF, json={"scripts": {"f/temporary/same": same}}).json() == ["f/temporary/same"]


def test_a_python_preview_imports_them(http: httpx.Client, python: dict[str, str]) -> None:
    """And what they import; the job's arguments say so, the script does not see it."""
    job = preview(http, "python3", MAIN, {"a": 1}, temp_script_refs=python)
    assert run(http, job) == (True, ["x!", 1])
    assert http.get(f"{W}/jobs_u/get/{job}").json()["args"] == {"a": 1, "_TEMP_SCRIPT_REFS": python}
    seen = preview(http, "python3", "def main(**all):\n    return all\n", {"a": 1}, temp_script_refs=python)
    assert run(http, seen) == (True, {"a": 1})


def test_a_typescript_preview_imports_them(http: httpx.Client, typescript: dict[str, str]) -> None:
    """By a path beside its own."""
    job = preview(http, "bun", TYPESCRIPT, {"a": 1}, path="f/temporary/main", temp_script_refs=typescript)
    assert run(http, job) == (True, ["x", 1])


def test_they_go_before_what_is_registered(http: httpx.Client) -> None:
    """In the preview alone; a hash that is not known stands for the registered script."""
    anew(http, "f/temporary/both", "def f():\n    return 'registered'\n")
    code = "from f.temporary.both import f\ndef main():\n    return f()\n"
    for hashed, result in ((kept(http, "def f():\n    return 'sent'\n"), "sent"), ("0" * 64, "registered")):
        assert run(http, preview(http, "python3", code, temp_script_refs={"f/temporary/both": hashed})) == (
            True,
            result,
        )
    anew(http, "f/temporary/caller", code)
    arguments = {"_TEMP_SCRIPT_REFS": {"f/temporary/both": kept(http, "def f():\n    return 'sent'\n")}}
    assert http.post(f"{W}/jobs/run_wait_result/p/f/temporary/caller", json=arguments).json() == "registered"


def test_a_flow_hands_them_to_its_steps(http: httpx.Client, python: dict[str, str]) -> None:
    """Those inside of loops, too."""
    step = {"type": "rawscript", "language": "python3", "content": MAIN}
    step["input_transforms"] = {"a": {"type": "javascript", "expr": "flow_input.iter.value"}}
    loop = {"type": "forloopflow", "iterator": {"type": "static", "value": [1, 2]}, "skip_failures": False}
    value = {"modules": [{"id": "a", "value": {**loop, "modules": [{"id": "b", "value": step}]}}]}
    body = {"value": value, "args": {}, "temp_script_refs": python}
    job = http.post(f"{W}/jobs/run/preview_flow", json=body).text
    assert run(http, job) == (True, [["x!", 1], ["x!", 2]])


@pytest.mark.parametrize("refs", [[1], {"a": 1}], ids=["a list", "a number"])
def test_other_shapes_are_refused(http: httpx.Client, refs: Any) -> None:
    """Before anything runs."""
    body = {"language": "python3", "content": MAIN, "args": {}, "temp_script_refs": refs}
    answer = http.post(f"{W}/jobs/run/preview", json=body)
    assert (answer.status_code, "target type: temp_script_refs" in answer.text) == (422, True)


def test_locks_are_found_through_them(http: httpx.Client) -> None:
    """What they import counts."""
    refs = {"f/temporary/needs": kept(http, "#requirements:\n#wmill_missing_of_tests==1.0\n\nEND = 1\n")}
    script = {"script_path": "f/temporary/main", "language": "python3"}
    script["raw_code"] = "from f.temporary.needs import END\ndef main():\n    return END\n"
    body = {"raw_scripts": [script], "entrypoint": "f/temporary/main", "temp_script_refs": refs}
    assert "wmill_missing_of_tests" in http.post(f"{W}/jobs/run/dependencies", json=body).text.replace("-", "_")


PINNED = """// a comment with import x from "b@2"
import a from "left-pad@1.3.0"
import b from '@scope/x@1/y';
import * as c from "npm:zod@3.1"
import d from "https://esm.sh/a@1.2.3"
export { e } from "other@^2"
const f = require("lodash@4")
import type { T } from "types@1"
import { g } from "./beside.ts"
export async function main() { return 1 }
"""


def test_loaders_may_ask_for_a_source_without_versions(http: httpx.Client) -> None:
    """Those of the script that imports it hold; what no statement imports stays as it is."""
    path = "f/temporary/pinned"
    deployed(http, path, "bun", PINNED, summary=uuid4().hex)
    wanted = PINNED.replace("left-pad@1.3.0", "left-pad").replace("@scope/x@1/y", "@scope/x/y")
    wanted = wanted.replace("zod@3.1", "zod").replace("other@^2", "other").replace("types@1", "types")
    assert http.get(f"{W}/scripts/raw/p/{path}.ts").text == PINNED
    assert http.get(f"{W}/scripts/raw_unpinned/p/{path}.ts").text == wanted
