"""What commands have in common: what every run takes, and how languages, paths and sources are read; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flexwm_nb.errors import FlexwmError, InvalidInput, InvalidPath
from flexwm_nb.magics.arguments import Parsed, read_pair

PATH = re.compile(r"[ufg](/[\w-]+){2,}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to do."""

    magic: str  # its name


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(Command):
    """What every run takes."""

    arguments: tuple[tuple[str, str], ...] = ()  # names and values as written
    arguments_from: str | None = None  # kernel variable
    output: str | None = None  # kernel variable
    detach: bool = False
    resume: bool = False
    timeout: float | None = None  # seconds
    tag: str | None = None
    quiet: bool = False
    form: bool = False


def running(parsed: Parsed) -> dict[str, Any]:
    """What every run takes, as written. Raises InvalidInput for an argument that is given twice."""
    pairs = [read_pair(word, "an argument") for word in parsed.get("k=v", [])] + parsed.get("arg", [])
    doubled = next((name for number, (name, _) in enumerate(pairs) if name in dict(pairs[:number])), None)
    if doubled is not None:
        raise InvalidInput(f"the argument {doubled!r} is given twice", remedy="Keep one of them")
    options = {name: parsed.get(name) for name in ("timeout", "tag")}
    switches = {name: parsed.get(name, False) for name in ("detach", "resume", "quiet", "form")}
    return {
        "arguments": tuple(pairs),
        "arguments_from": parsed.get("args"),
        "output": parsed.get("out"),
        **options,
        **switches,
    }


def path(text: str) -> str:
    """A path that keeps Windmill's rule. Raises InvalidPath."""
    if PATH.fullmatch(text):
        return text
    raise invalid_path(text)


def invalid_path(text: str) -> FlexwmError:
    """The error for a path, with the one that was probably meant."""
    cleaned = re.sub(
        r"[^\w/-]+", "_", text.rstrip(";,.").removesuffix(".py").removesuffix(".sh").strip("/"), flags=re.ASCII
    )
    candidates = (cleaned, f"f/{cleaned}", f"f/demo/{cleaned}")
    meant = next((candidate for candidate in candidates if PATH.fullmatch(candidate)), None)
    return InvalidPath(f"{text!r} is not a path", remedy=f"Did you mean {meant}?" if meant else None)


def reference(text: str) -> str:
    """A path, perhaps with a version. Raises InvalidPath."""
    bare, at, version = text.partition("@")
    path(bare)
    if at and not version:
        raise InvalidInput(f"{text!r} names no version", remedy=f"Write {bare} or {bare}@v1")
    return text


def content(cell: str, what: str = "the script") -> str:
    """A cell's source. Raises InvalidInput when there is none."""
    if not cell.strip():
        raise InvalidInput("the cell is empty", remedy=f"Write {what} below the magic's line")
    return cell if cell.endswith("\n") else f"{cell}\n"


def needing(source: str, language: str, wanted: Sequence[str]) -> str:
    """The source with the packages that `--requirements` asks for. Raises InvalidInput."""
    if not wanted:
        return source
    if language != "python3":
        raise InvalidInput("--requirements is for python3", remedy="Leave --requirements out")
    from flexwm_nb.signatures.python3_requirements import with_requirements

    return with_requirements(source, [package for text in wanted for package in text.split()])
