"""The errors of other languages name lines of the source."""

from __future__ import annotations

import pytest

from flexwm_nb.display.places import lines_of

SOURCE = "\n".join(f"line {number}" for number in range(1, 11))
STACK = """    at inner (/work/job/main.ts:7:11)
    at main (/work/job/main.ts:3:5)
    at run (/work/job/wrapper.mjs:9:1)
    at x (/work/node_modules/lib/domain.ts:4:1)"""
BUILD = """exit code for "go build": 1, last log lines:
inner/inner_main.go:4:2: undefined: x
inner/inner_main.go:6:9: missing return"""
PANIC = """panic: no
goroutine 1 [running]:
main/inner.helper(...)
\t/work/job/go/inner/inner_main.go:8 +0x1d
main/inner.main()
\t/work/job/go/inner/inner_main.go:5 +0x1d"""

THROWN = """/work/job/main.php(3)
#0 /work/job/main.php(7): f()
#1 /work/job/wrapper.php(9): main()"""


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("bash", "main.sh: line 3: nope: command not found", [2]),
        ("bun", STACK, [3, 7]),
        ("deno", "at main (file:///work/main.ts:2:9)", [2]),
        ("nativets", "TypeError: x\n at main.ts:4:1", [4]),
        ("bun", "at main (/work/main.ts:99:1)", []),
        ("go", BUILD, [4, 6]),
        ("go", PANIC, [5, 8]),
        ("php", THROWN, [7, 3]),
        ("php", "Warning: x in /work/job/main.php on line 4", [4]),
        ("rust", "main.rs:3", []),
    ],
)
def test_lines_are_found(language: str, text: str, expected: list[int]) -> None:
    """The outermost first, without those of other files and those that the source has not."""
    assert lines_of(language, text, SOURCE) == expected


def test_a_database_quotes_its_line() -> None:
    """It numbers the lines of one statement; the text tells which of the source it is."""
    source = "-- $n (int)\nselect 1;\n\nselect 2,\n  nope\nfrom t"
    assert lines_of("duckdb", "Binder Error: no nope\n\nLINE 2:   nope\n          ^", source) == [5]
    assert lines_of("postgresql", "ERROR: syntax error\nLINE 1: ...elect 2,...", source) == [4]
    assert lines_of("postgresql", "ERROR: relation does not exist", source) == []
