"""Windmill's rules about paths and names."""

from __future__ import annotations

import re

import msgspec

from flexwm_nb.server.web.failures import improper_path, sql_error

PROPER = re.compile(r"[ufg](?:/[\w-]+){2,}")
NAME = re.compile(r"[\w-]+")
LONGEST = 255  # characters, as in Windmill's columns


class Several(msgspec.Struct):
    """A body that names paths."""

    paths: list[str]


def check(path: str, relation: str) -> None:
    """Raise Failure 400 when a path breaks the rule, naming the table as PostgreSQL does."""
    if not PROPER.fullmatch(path):
        raise improper_path(relation)
    check_length(path)


def check_name(name: str, relation: str) -> None:
    """Raise Failure 400 when the name of a group or type breaks the rule, naming the table as PostgreSQL does."""
    if not NAME.fullmatch(name):
        raise improper_path(relation, "proper_name")
    check_length(name)


def check_length(text: str, longest: int = LONGEST) -> None:
    """Raise Failure 400 when a path or name is too long."""
    if len(text) > longest:
        raise sql_error(f"error returned from database: value too long for type character varying({longest})")


def check_text(*texts: str | None) -> None:
    """Raise Failure 400 for what PostgreSQL cannot store in a text."""
    if any(text is not None and "\0" in text for text in texts):
        raise sql_error('error returned from database: invalid byte sequence for encoding "UTF8": 0x00')
