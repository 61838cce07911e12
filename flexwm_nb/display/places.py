"""Where in its source a job that is not python3 failed, as far as its error tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

MOST = 6  # frames shown
BASH = re.compile(r"main\.sh: line (\d+): ")
MODULE = re.compile(r"(?<![\w.])main\.(?:ts|js):(\d+)(?::\d+)?")
GO = re.compile(r"\binner_main\.go:(\d+)(?::\d+)?")
PHP = re.compile(r"\bmain\.php(?:\(|:| on line )(\d+)")
SQL = re.compile(r"LINE (\d+): ([^\n]*)")


def of_bash(text: str, source: str) -> list[int]:
    """The last line named; the file that runs has one line more than the script."""
    return [int(line) - 1 for line in BASH.findall(text)][-1:]


def of_modules(text: str, source: str) -> list[int]:
    """The frames of a JavaScript stack, the outermost first."""
    return _once(MODULE.findall(text))[::-1]


def of_go(text: str, source: str) -> list[int]:
    """What the compiler complains of, in order, or the frames of a panic, the outermost first."""
    found = _once(GO.findall(text))
    return found[::-1] if "goroutine " in text else found


def of_php(text: str, source: str) -> list[int]:
    """Where something was thrown and what called it, the outermost first."""
    return _once(PHP.findall(text))[::-1]


def of_sql(text: str, source: str) -> list[int]:
    """The line that a database quotes: it numbers the lines of one statement, so the quoted text is looked for."""
    match = SQL.search(text)
    if match is None:
        return []
    quoted = match[2].strip().removeprefix("...").removesuffix("...").strip()
    lines = source.split("\n")
    found = [number for number, line in enumerate(lines, 1) if quoted and quoted in line]
    return found[:1] or [int(match[1])]


def _once(found: list[str]) -> list[int]:
    """Numbers without repetitions, in order."""
    return list(dict.fromkeys(map(int, found)))[:MOST]


# language -> reads the lines of the source that an error's text names
READERS: Mapping[str, Callable[[str, str], list[int]]] = {
    "bash": of_bash,
    "bun": of_modules,
    "bunnative": of_modules,
    "deno": of_modules,
    "nativets": of_modules,
    "go": of_go,
    "php": of_php,
    "postgresql": of_sql,
    "duckdb": of_sql,
}


def lines_of(language: str, text: str, source: str) -> list[int]:
    """The lines of a source that an error's text names, outermost first; lines that the source has not are left out."""
    reader = READERS.get(language)
    last = source.count("\n") + 1
    return [] if reader is None else [line for line in reader(text, source) if 1 <= line <= last]
