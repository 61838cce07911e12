"""Identifiers of jobs: UUIDs that increase with time, and reading those of others."""

from __future__ import annotations

import os
import re
import time
from uuid import UUID

from flexwm_nb.server.web.failures import invalid_url

SEQUENCE = 1 << 12  # identifiers of one millisecond
NIL = "00000000-0000-0000-0000-000000000000"
CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
GROUPS = (8, 4, 4, 4, 12)  # digits
SIMPLE = 32  # digits

_last = 0


def new_id() -> str:
    """A UUID (version 7) greater than every one made before by this process."""
    global _last
    _last = max(_last + 1, time.time_ns() // 1_000_000 * SEQUENCE)
    milliseconds, sequence = divmod(_last, SEQUENCE)
    tail = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1 | 1 << 63
    return str(UUID(int=milliseconds << 80 | 7 << 76 | sequence << 64 | tail))


def parse_id(text: str) -> str:
    """A UUID in its canonical form. Raises ValueError in the words of Windmill's parser."""
    if CANONICAL.fullmatch(text):
        return text
    bare = text.removeprefix("urn:uuid:")
    bare = bare[1:-1] if bare.startswith("{") and bare.endswith("}") else bare
    problem = _problem(bare, text.find(bare))
    if problem:
        raise ValueError(problem)
    return str(UUID(bare))


def _problem(text: str, start: int) -> str | None:
    """What is wrong with a UUID that begins at `start`."""
    for position, character in enumerate(text, start):
        if character not in "0123456789abcdefABCDEF-":
            return f"invalid character: found `{character}` at {position}"
    groups = text.split("-")
    if len(groups) == 1:
        wrong = len(text) != SIMPLE
        return f"invalid length: expected length 32 for simple format, found {len(text)}" if wrong else None
    if len(groups) != len(GROUPS):
        return f"invalid group count: expected 5, found {len(groups)}"
    for number, (group, length) in enumerate(zip(groups, GROUPS, strict=True)):
        if len(group) != length:
            return f"invalid group length in group {number}: expected {length}, found {len(group)}"
    return None


def id_in_url(text: str, name: str = "id") -> str:
    """A UUID of a URL's path. Raises Failure 400."""
    try:
        return parse_id(text)
    except ValueError as error:
        raise invalid_url(f"Cannot parse `{name}` with value `{text}`: UUID parsing failed: {error}") from None
