"""What a language's parser offers."""

from __future__ import annotations

from typing import Any


class Language:
    """One language."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature. Raises InvalidSource."""
        raise NotImplementedError

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
