"""What a language's parser offers."""

from __future__ import annotations

import re
from typing import Any


class Language:
    """One language."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature. Raises InvalidSource."""
        raise NotImplementedError

    def connection(self, content: str) -> tuple[str, str] | None:
        """The argument that the runner takes before the script's own, and its resource type (SQL, GraphQL)."""
        return None

    def check(self, content: str) -> None:
        """Raise InvalidSource when the language itself refuses the source."""

    def surprises(self, content: str) -> list[str]:
        """Where Windmill differs from what the source says."""
        return []


def signature(args: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A signature's document."""
    found: dict[str, Any] = {"star_args": False, "star_kwargs": False, "args": args}
    return {**found, "auto_kind": None, "has_preprocessor": None, **more}


def argument(
    name: str, kind: Any, default: Any = None, has_default: bool = False, otyp: str | None = None
) -> dict[str, Any]:
    """A parameter's entry."""
    return {
        "name": name,
        "otyp": otyp,
        "typ": kind,
        "default": default,
        "has_default": has_default,
        "oidx": None,
    }


def heading(content: str, starts: tuple[str, ...]) -> tuple[int, str, str] | None:
    """How many lines stand before the first line that starts so, that line, and all that follows it."""
    lines = content.split("\n")
    number = next((number for number, line in enumerate(lines) if line.startswith(starts)), None)
    return None if number is None else (number, lines[number], "\n".join(lines[number + 1 :]))


def up_to_closing(head: str) -> str:
    """The text up to the parenthesis that closes the first one, wherever parentheses stand."""
    depth = 0
    for position, character in enumerate(head):
        depth += (character == "(") - (character == ")")
        if character == ")" and depth == 0:
            return head[: position + 1]
    return head


def snake_case(name: str) -> str:
    """`S3Object` as `s3_object`: words start at a capital after a small letter or digit, and at its last in a row."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).split("_")
    return "_".join(part.lower() for part in parts if part)
