"""Go scripts as Windmill runs them: built once, arguments by their types, errors by exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.languages import log_of, preview, run

KINDS = """package inner

type Point struct {
	X float64 `json:"x"`
}

func main(name string, n int, p Point, more []string, any map[string]interface{}) (interface{}, error) {
	return map[string]interface{}{"name": name, "n": n, "x": p.X, "more": more, "any": any, "html": "<a>"}, nil
}
"""
MODULE = 'package mine\n\nfunc Name() string { return "mine" }\n'
USES = 'package inner\n\nimport "example.com/mine"\n\nfunc main() (interface{}, error) { return mine.Name(), nil }\n'


def source(body: str) -> str:
    """A script with this body."""
    return f"package inner\n\nfunc main(n int) (interface{{}}, error) {{\n\t{body}\n}}\n"


@pytest.mark.parametrize(
    ("args", "result"),
    [
        ({"name": "a", "n": 3, "p": {"x": 0.5}, "more": ["b"], "any": {"c": 1}},
         {"n": 3, "x": 0.5, "any": {"c": 1}, "html": "<a>", "more": ["b"], "name": "a"}),
        ({}, {"n": 0, "x": 0, "any": None, "html": "<a>", "more": None, "name": ""}),
    ],
    ids=["given", "missing"],
)  # fmt: skip
def test_arguments_have_the_types_of_main(http: httpx.Client, args: Any, result: Any) -> None:
    """Types of the script among them; what is missing is the type's zero."""
    assert run(http, preview(http, "go", KINDS, args)) == (True, result)


@pytest.mark.parametrize(
    ("body", "args", "program", "code", "part"),
    [
        ("return n, nil", {"n": "x"}, "go run", 1, "cannot unmarshal string into Go struct field Req.n of type int"),
        ('panic("oh")', {}, "go run", 2, "panic: oh"),
        ("return x, nil", {}, "go build", 1, "inner/inner_main.go:4:9: undefined: x"),
    ],
    ids=["wrong type", "panic", "does not compile"],
)
def test_errors_have_exit_codes(http: httpx.Client, body: str, args: Any, program: str, code: int, part: str) -> None:
    """What ended so, and the end of its output, stand in the message."""
    success, result = run(http, preview(http, "go", source(body), args))
    assert (success, result["error"]["exit_code"]) == (False, code)
    assert f'"{program}": {code}' in result["error"]["message"]
    assert part in result["error"]["message"]


def test_a_program_is_built_once(http: httpx.Client) -> None:
    """The second run has no banner of a build."""
    content = source("return n + 1, nil")
    first, second = (preview(http, "go", content, {"n": 1}) for _ in range(2))
    assert [run(http, job) for job in (first, second)] == [(True, 2)] * 2
    third = preview(http, "go", content, {"n": 2})
    assert run(http, third) == (True, 3)
    assert log_of(http, first).startswith("\n\n--- GO DEPENDENCIES SETUP ---\n")
    assert log_of(http, third).endswith("\n\n--- GO CODE EXECUTION ---\n") and "SETUP" not in log_of(http, third)


def test_a_lock_says_where_modules_are(http: httpx.Client, tmp_path: Path) -> None:
    """It holds go.mod and go.sum."""
    (tmp_path / "go.mod").write_text("module example.com/mine\n")
    (tmp_path / "mine.go").write_text(MODULE)
    described = (
        f"module mymod\n\ngo 1.22\n\nrequire example.com/mine v0.0.0\n\nreplace example.com/mine => {tmp_path}\n"
    )
    assert run(http, preview(http, "go", USES, lock=f"{described}//go.sum\n")) == (True, "mine")


@pytest.mark.differs("a lock of Go without go.sum")
def test_a_lock_without_sums_is_refused(http: httpx.Client) -> None:
    """It says what is missing."""
    success, result = run(http, preview(http, "go", USES, lock="module mymod\n\ngo 1.22\n"))
    assert (success, "expected go.mod and //go.sum" in result["error"]["message"]) == (False, True)
