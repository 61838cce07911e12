"""A SQL script as Windmill reads it: its statements, its placeholders and what its comments ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flexwm_nb.server.runners.base import RunnerError

QUOTED = r"""'(?:[^']+|'')*(?:'|\Z)|"(?:[^"]+|"")*(?:"|\Z)|--[^\n]*|/(?=\*).*?(?:\*/|\Z)"""
DOLLAR_QUOTED = r"(?P<tag>\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$).*?(?:(?P=tag)|\Z)"
SPLIT = re.compile(f"{QUOTED}|(?P<end>;)", re.DOTALL)
SPLIT_DOLLARS = re.compile(f"{QUOTED}|{DOLLAR_QUOTED}|(?P<end>;)", re.DOTALL)
NUMBERED = re.compile(rf"{QUOTED}|{DOLLAR_QUOTED}|\$(?P<number>[0-9]+)", re.DOTALL)
NAMED = re.compile(rf"{QUOTED}|:(?P<name>\w+)", re.DOTALL)
POSITIONAL = re.compile(rf"{QUOTED}|`[^`]*(?:`|\Z)|(?P<mark>\?)", re.DOTALL)
COMMENT = re.compile(r"\s*(?:--[^\n]*(?:\n|\Z)|/(?=\*).*?(?:\*/|\Z))*\s*", re.DOTALL)
NOT_EMPTY = re.compile(r"^\s*[^\s](?:[^-]|$)", re.MULTILINE)
DATABASE = re.compile(r"^-- database (\S+) *(?:\r|\n|\Z)", re.MULTILINE)
STORED = re.compile(r"^-- s3( (.+))? *(?:\r|\n|\Z)", re.MULTILINE)
FORMATS = ("json", "csv", "parquet")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and the line of the script, from 1, that it begins in."""

    text: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Export:
    """Where the result is to be stored."""

    prefix: str | None = None
    storage: str | None = None
    format: str = "json"


def split(script: str, *, dollars: bool = True) -> list[Statement]:
    """The statements, each with the semicolon that ends it; `dollars` where dollar quotes are of the dialect."""
    found, start, line = [], 0, 1
    for match in (SPLIT_DOLLARS if dollars else SPLIT).finditer(script):
        if match["end"]:
            found.append(Statement(script[start : match.end()], line))
            line += found[-1].text.count("\n")
            start = match.end()
    if NOT_EMPTY.search(script[start:]):
        found.append(Statement(script[start:], line))
    return found


def numbers(statement: str) -> list[tuple[int, int, int]]:
    """Every `$N` outside of quotes and comments: N, and where its digits begin and end."""
    return [
        (int(match["number"]), match.start("number"), match.end("number"))
        for match in NUMBERED.finditer(statement)
        if match["number"]
    ]


def renumbered(statement: str) -> tuple[str, list[int]]:
    """The statement with its placeholders numbered from 1 without a gap, and the numbers that they had, in order."""
    found = numbers(statement)
    order = sorted({number for number, _, _ in found})
    place = {number: index for index, number in enumerate(order, start=1)}
    for number, start, end in reversed(found):
        statement = f"{statement[:start]}{place[number]}{statement[end:]}"
    return statement, order


def named(statement: str) -> tuple[str, list[str]]:
    """The statement with `?` for each `:name` outside of quotes and comments, and the names in order."""
    names: list[str] = []

    def mark(match: re.Match[str]) -> str:
        if not match["name"] or statement[max(match.start() - 1, 0)] == ":":
            return match[0]
        names.append(match["name"])
        return "?"

    return NAMED.sub(mark, statement), names


def marks(statement: str) -> int:
    """How many `?` stand outside of quotes and comments."""
    return sum(1 for match in POSITIONAL.finditer(statement) if match["mark"])


def bare(statement: str) -> str:
    """The statement without the comments before it and the blanks around it."""
    found = COMMENT.match(statement)
    return statement[found.end() if found else 0 :].strip()


def database(script: str) -> str | None:
    """The resource that the line `-- database PATH` names."""
    found = DATABASE.search(script)
    return found[1] if found else None


def settings(script: str) -> dict[str, str]:
    """The settings in the comments that the script begins with: `-- name` and `-- name=value`."""
    found = {}
    for line in _leading(script):
        name, _, value = line.removeprefix("--").strip().partition("=")
        found[name] = value
    return found


def _leading(script: str) -> Iterator[str]:
    for line in script.splitlines():
        if not line.strip():
            continue
        if not line.startswith("--"):
            return
        yield line


def export(script: str) -> Export | None:
    """What the line `-- s3 [prefix=…] [storage=…] [format=json|csv|parquet]` asks for. Raises RunnerError."""
    found = STORED.search(script)
    if found is None:
        return None
    wanted: dict[str, str] = {}
    for item in (found[2] or "").split():
        name, equals, value = item.partition("=")
        if not equals or name not in ("prefix", "storage", "format"):
            raise RunnerError(f"Error: Invalid S3 mode argument: {item}")
        if name == "format" and value not in FORMATS:
            raise RunnerError(f"Error: Invalid S3 mode format: {value}. It may be {', '.join(FORMATS)}")
        wanted[name] = value
    return Export(**wanted)
