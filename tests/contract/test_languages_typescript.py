"""bun, deno and native scripts as Windmill runs them: arguments, results, errors, logs, packages and imports."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.languages import deployed, log_of, preview, run

W = "/w/demo"
NATIVE = pytest.mark.differs("native scripts (`nativets`, `//native`)")


def native(*values: Any) -> Any:
    """A case of a native script."""
    return pytest.param(*values, marks=NATIVE)


@pytest.mark.parametrize("language", ["bun", "deno", native("nativets"), native("bunnative")])
def test_keys_and_numbers_are_as_postgresql_keeps_them(http: httpx.Client, language: str) -> None:
    """Keys by length, then by bytes; numbers without exponent."""
    content = "export function main() { return {bb: 1e21, a: -0, '10': 1e-7, é: 1.5, nested: {z: 1, y: [null, 'x']}} }"
    text = '{"a": 0, "10": 0.0000001, "bb": 1000000000000000000000, "é": 1.5, "nested": {"y": [null, "x"], "z": 1}}'
    job = preview(http, language, content)
    assert run(http, job) == (True, {"a": 0, "10": 1e-7, "bb": 10**21, "é": 1.5, "nested": {"y": [None, "x"], "z": 1}})
    assert http.get(f"{W}/jobs_u/completed/get_result/{job}").text == text


@pytest.mark.parametrize(
    ("language", "content", "args", "result"),
    [
        ("bun", "export const main = (a: number) => [a === undefined]", {"a": 1}, [True]),
        ("bun", "export function main({ a }: { a: number }) { return a }", {"anon1": {"a": 5}}, 5),
        ("bun", "export function main() { console.log('WM_STREAM: a\\\\nb'); return { x: 1 } }", {},
         {"x": 1, "wm_stream": "a\nb"}),
        ("bun", "export function main() { return [typeof process.env.WM_TOKEN, process.env.FORCE_COLOR] }", {},
         ["string", "1"]),
        ("bun", "export async function main() { return await Bun.file('main.ts').exists() }", {}, True),
        ("bun", "//nodejs\nenum Kind { A = 'x' }\nexport function main(a = 2) { return [typeof Bun, Kind.A, a] }", {},
         ["undefined", "x", 2]),
        ("deno", "export function main(a = 7, d?: Date) { return [a, d, [1n, undefined, NaN]] }", {},
         [7, None, ["1", None, None]]),
        ("deno", "export async function* main() { yield 'a'; yield 'b\\n' }", {}, "ab\n"),
        ("deno", "export function main() { return Deno.stdin.readSync(new Uint8Array(9)) }", {}, None),
        ("deno", "enum Kind { A = 'x' }\nexport function main() { return Kind.A }", {}, "x"),
        native("nativets", "export function main(a = 3, d: Date) { return [a, typeof d, { u: undefined }] }",
               {"d": "2024-01-02T00:00:00Z"}, [None, "string", {}]),
        native("bunnative", "export function main() { return [typeof Bun, typeof require, Object.keys(process)] }", {},
               ["undefined", "undefined", ["env"]]),
        native("bunnative", "export function main() { return typeof process.env.WM_JOB_ID + typeof fetch }", {},
               "stringfunction"),
    ],
)  # fmt: skip
def test_arguments_and_results(http: httpx.Client, language: str, content: str, args: Any, result: Any) -> None:
    """What reaches the function, and what of its value is the job's result."""
    assert run(http, preview(http, language, content, args)) == (True, result)


@pytest.mark.parametrize(
    ("language", "content", "error"),
    [
        ("bun", "export function main() { process.exit(3) }", {"exit_code": 3}),
        ("bun", "throw new Error('at import')\nexport function main() {}", {"exit_code": 1}),
        ("bun", "export function main() { throw { message: 'm', code: 3 } }", {"message": "m", "extra": {"code": 3}}),
        ("deno", "export function other() {}", {"exit_code": 1}),
        ("deno", "export function main() { const e: any = new Error('m'); e.code = 3; throw e }", {"message": "m"}),
        native("nativets", "export function other() {}", {"name": "TypeError", "message": "main is not a function"}),
        native("nativets", "export function main() { return 1n }", {"name": "TypeError"}),
    ],
)
def test_errors(http: httpx.Client, language: str, content: str, error: dict[str, Any]) -> None:
    """The error's fields, and no others where they are listed."""
    success, result = run(http, preview(http, language, content))
    assert not success
    assert result["error"].items() >= error.items()
    assert "extra" not in result["error"] or "extra" in error


@pytest.mark.parametrize(
    ("language", "content", "part"),
    [
        ("bun", "export function main( { return 1 }", 'exit code for "bun build": 1, last log lines:\njob='),
        ("bun", "const x = 1\nconst x = 2\nexport function main() {}", 'exit code for "bun build": 1'),
        ("bun", "throw new Error('at import')\nexport function main() {}", "error: at import"),
        ("deno", "export function other() {}", "does not provide an export named 'main'"),
        ("deno", "export function main( { return 1 }", "it is invalid TypeScript"),
        native("nativets", "import fs from 'node:fs'\nexport function main() {}", '"node:fs" cannot be imported'),
        pytest.param(
            "bun",
            "import { x } from '/f/nowhere/x'\nexport function main() {}",
            "Script f/nowhere/x",
            marks=pytest.mark.differs("an import of a script that is not there"),
        ),
    ],
)
def test_messages(http: httpx.Client, language: str, content: str, part: str) -> None:
    """What went wrong is said."""
    success, result = run(http, preview(http, language, content))
    assert (success, part in result["error"]["message"]) == (False, True)


@pytest.mark.parametrize(
    ("language", "banner"),
    [
        ("bun", "\n\n--- BUN INSTALL ---\n\nempty dependencies, skipping install\n\n--- BUN CODE EXECUTION ---\n"),
        ("deno", "\n\n--- DENO CODE EXECUTION ---\n"),
        native("nativets", "\n\n--- FETCH TS EXECUTION ---\n"),
        native("bunnative", "\n\n--- NATIVE CODE EXECUTION ---\n"),
    ],
)
def test_the_log_has_the_banners_of_windmill(http: httpx.Client, language: str, banner: str) -> None:
    """Job line, banner, an empty line, the output."""
    job = preview(http, language, "export function main() { console.log('said') }")
    run(http, job)
    assert log_of(http, job) == f"{banner}\nsaid"


def test_errors_are_printed_among_the_output(http: httpx.Client) -> None:
    """In the order of their printing."""
    content = "export async function main() { console.log('said'); await Bun.sleep(700); console.error('told') }"
    job = preview(http, "bun", content)
    run(http, job)
    assert log_of(http, job).endswith("said\ntold")


@pytest.mark.differs("stacks of TypeScript")
def test_a_stack_shows_the_scripts_own_lines(http: httpx.Client) -> None:
    """Nothing of the program that calls it; a native one is headed by its source's line."""
    content = "function inner() {\n  throw new RangeError('deep')\n}\nexport function main() {\n  inner()\n}"
    for language in ("bun", "deno", "bunnative"):
        job = preview(http, language, content)
        stack = run(http, job)[1]["error"]["stack"]
        assert "script.mjs" not in log_of(http, job)
        assert ("RangeError: deep" in log_of(http, job)) is (language == "bun")
        assert "main.ts:2" in stack and "main.ts:5" in stack
        assert "script.mjs" not in stack
        assert stack.startswith("  throw new RangeError('deep')\n") is (language == "bunnative")


@NATIVE
def test_a_comment_makes_a_bun_script_native(http: httpx.Client) -> None:
    """Its tag is that of native scripts."""
    deployed(http, "f/languages/native", "bun", "//native\nexport function main() { return typeof Bun }")
    assert http.post(f"{W}/jobs/run_wait_result/p/f/languages/native", json={}).json() == "undefined"
    assert http.get(f"{W}/scripts/get/p/f/languages/native").json()["language"] == "bunnative"


@pytest.mark.parametrize("language", ["bun", "deno", native("bunnative")])
def test_scripts_import_scripts_of_the_workspace(http: httpx.Client, language: str) -> None:
    """By relative and by absolute paths; the newest version counts."""
    folder, ending = f"f/languages_{language}", ".ts" if language == "deno" else ""
    deployed(http, f"{folder}/lib/deep", language, "import { one } from '../one.ts'\nexport const deep = () => one + 1")
    deployed(http, f"{folder}/one", language, "export const one: number = 40")
    deployed(
        http,
        f"{folder}/main",
        language,
        f"import {{ deep }} from './lib/deep{ending}'\nimport {{ one }} from '/{folder}/one{ending}'\n"
        "export function main() { return deep() + one }",
    )
    assert http.post(f"{W}/jobs/run_wait_result/p/{folder}/main", json={}).json() == 81
    deployed(http, f"{folder}/one", language, "export const one: number = 0")
    assert http.post(f"{W}/jobs/run_wait_result/p/{folder}/main", json={}).json() == 1


@pytest.mark.differs("dedicated workers", run=False)
@pytest.mark.parametrize("language", ["bun", "bunnative"])
def test_a_dedicated_script_keeps_what_it_has_loaded(http: httpx.Client, language: str) -> None:
    """One process takes job after job, each with its own log and environment; a fresh one follows a death."""
    content = (
        "let calls = 0\nexport async function main(die = false) {\n  if (die) process.exit(4)\n"
        "  console.log('call', ++calls)\n  return [calls, process.env.WM_JOB_ID]\n}"
    ).replace("process.exit(4)", "process.exit(4)" if language == "bun" else "while (true);")
    path = f"f/languages/dedicated_{language}"
    deployed(http, path, language, content, dedicated_worker=True)
    for calls in (1, 2, 3):
        job = http.post(f"{W}/jobs/run/p/{path}", json={}).text
        assert run(http, job) == (True, [calls, job])
        assert log_of(http, job).endswith(f"EXECUTION ---\n\ncall {calls}")
    job = http.post(f"{W}/jobs/run/p/{path}", json={"die": True}, params={"timeout": 1}).text
    assert run(http, job)[0] is False
    assert http.post(f"{W}/jobs/run_wait_result/p/{path}", json={}).json()[0] == 1
