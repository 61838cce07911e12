"""Corners of what scripts end with, found by running the same scripts on both engines."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.languages import W, preview, run

EMPTY = "Internal: Result of job is invalid json (empty)"
GO = "package inner\n\n{imports}func main({parameters}) (interface{{}}, error) {{\n\t{body}\n}}\n"


def go(parameters: str, body: str = "return a, nil", imports: str = "") -> str:
    """The source of a Go script."""
    return GO.format(parameters=parameters, body=body, imports=imports)


@pytest.mark.parametrize(
    ("content", "last"),
    [
        ("printf 'a\\n\\n'", ""),
        ("printf 'a\\n\\r\\n'", ""),
        ("printf 'a\\n  '", ""),
        ("echo a >&2; echo", ""),
        ("printf '\\ta \\n'", "a"),
        ("printf 'a\\rb'", "a\rb"),
    ],
)
def test_the_last_line_of_bash_may_be_empty(http: httpx.Client, content: str, last: str) -> None:
    """It is the result all the same, less the blanks around it."""
    assert run(http, preview(http, "bash", content)) == (True, last)


@pytest.mark.parametrize(("signal", "code"), [("KILL", 137), ("TERM", 143)])
def test_a_signal_is_an_exit_code_of_bash(http: httpx.Client, signal: str, code: int) -> None:
    """As a shell reports it."""
    success, result = run(http, preview(http, "bash", f"echo said; kill -{signal} $$"))
    assert (success, result["error"]["exit_code"]) == (False, code)
    assert result["error"]["message"].startswith(f'exit code for "bash run": {code}, last log lines:\n')


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("python3", "import os\ndef main(): os._exit(0)"),
        ("bun", "export function main() { process.exit(0) }"),
        ("deno", "export function main() { Deno.exit(0) }"),
        ("go", go("", "os.Exit(0)\n\treturn 1, nil", 'import "os"\n\n')),
    ],
    ids=["python3", "bun", "deno", "go"],
)
def test_who_leaves_without_a_result_has_failed(http: httpx.Client, language: str, content: str) -> None:
    """Whatever its exit code."""
    success, result = run(http, preview(http, language, content))
    assert (success, result["error"]["name"]) == (False, "InternalErr")
    assert result["error"]["message"].startswith(EMPTY)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("def main(): return float('nan')", "invalid input syntax for type json"),
        ("def main(): return 'a\\x00b'", "unsupported Unicode escape sequence"),
    ],
)
def test_a_result_that_cannot_be_stored_is_told(http: httpx.Client, content: str, why: str) -> None:
    """In the words of PostgreSQL."""
    success, result = run(http, preview(http, "python3", f"#skip_result_postprocessing\n{content}"))
    assert (success, result["error"]["name"]) == (False, "InternalErr")
    assert (
        result["error"]["message"].startswith("Internal: Could not add completed job ")
        and why in result["error"]["message"]
    )


def test_half_a_character_cannot_be_stored(http: httpx.Client) -> None:
    """It is no text."""
    success, result = run(http, preview(http, "python3", "def main(): return '\\ud800'"))
    assert (success, "invalid input syntax for type json" in result["error"]["message"]) == (False, True)


def test_an_errors_fields_are_in_the_order_of_jsonb(http: httpx.Client) -> None:
    """With what the exception carries, its notes too."""
    job = preview(
        http, "python3", "def main():\n    e = ValueError('m')\n    e.add_note('n')\n    e.code = 5\n    raise e"
    )
    success, result = run(http, job)
    assert (success, list(result["error"])) == (False, ["name", "extra", "stack", "message"])
    assert result["error"]["extra"] == {"code": 5, "__notes__": ["n"]}
    text = http.get(f"{W}/jobs_u/completed/get_result/{job}").text
    assert text.startswith('{"error": {"name": "ValueError", "extra": {"code": 5, "__notes__": ["n"]}, "stack": ')


@pytest.mark.parametrize(
    ("parameters", "given", "why"),
    [
        (
            "a *string",
            {"a": "x"},
            "cannot use req.A (variable of type interface{}) as *string value in argument to main",
        ),
        ("a, b string", {"a": "x"}, "not enough arguments in call to main"),
        ("a map[string]int", {"a": {}}, "(variable of type map[string]interface{}) as map[string]int value"),
        ("a struct{ X int }", {"a": {"X": 5}}, 'variable of type struct{X int "json:'),
        ("a ...string", {"a": ["x"]}, "cannot use req.A (variable of type interface{}) as string value"),
    ],
)
def test_parameters_of_go_have_the_types_that_the_parser_knows(
    http: httpx.Client, parameters: str, given: dict[str, Any], why: str
) -> None:
    """So that a script which is accepted here is accepted there; registering it warns."""
    success, result = run(http, preview(http, "go", go(parameters), given))
    assert (success, why in result["error"]["message"]) == (False, True), result


@pytest.mark.parametrize(
    ("parameters", "given", "expected"),
    [
        ('a struct{ X int `json:"x"` }', {"a": {"x": 5}}, {"x": 5}),
        ("a []string, b map[string]interface{}", {"a": ["x"], "b": {}}, ["x"]),
        ("a int8", {"a": 5}, 5),
        ("a interface{}", {}, None),
    ],
)
def test_parameters_of_go_that_are_known(
    http: httpx.Client, parameters: str, given: dict[str, Any], expected: Any
) -> None:
    """As the JSON says."""
    assert run(http, preview(http, "go", go(parameters), given)) == (True, expected)
