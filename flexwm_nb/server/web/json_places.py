"""Where in a JSON text a value stands, as serde counts: the refusals of a body name it."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]

STEPS = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
BLANK = " \t\n\r"

_decoder = json.JSONDecoder()


def position(raw: bytes, place: str) -> str:
    """`line L column C` of the value at a place (`a.b[0]`): its end, or its beginning where it has values inside.

    The document's end where the place cannot be followed.
    """
    text = raw.decode("utf-8", "replace")
    try:
        start = _find(text, place)
        _, end = _decoder.raw_decode(text, start)
    except (ValueError, IndexError):
        start = end = len(text)
    read = text[: start if text[start : start + 1] in ("{", "[") else end]
    return f"line {read.count(chr(10)) + 1} column {len(read.rpartition(chr(10))[2].encode())}"


def _find(text: str, place: str) -> int:
    """Where the value begins. Raises ValueError or IndexError where there is none."""
    start = _blank(text, 0)
    for name, index in STEPS.findall(place):
        start = _member(text, start, name) if name else _item(text, start, int(index))
    return start


def _member(text: str, start: int, name: str) -> int:
    if text[start] != "{":
        raise ValueError(name)
    place = _blank(text, start + 1)
    while text[place] == '"':
        key, place = scanstring(text, place + 1, True)
        place = _blank(text, _blank(text, place) + 1)  # over the colon
        if key == name:
            return place
        place = _next(text, place)
    raise ValueError(name)


def _item(text: str, start: int, index: int) -> int:
    if text[start] != "[":
        raise ValueError(index)
    place = _blank(text, start + 1)
    for _ in range(index):
        place = _next(text, place)
    return place


def _next(text: str, place: int) -> int:
    """Where the value after the one that begins here begins."""
    _, end = _decoder.raw_decode(text, place)
    return _blank(text, _blank(text, end) + 1)  # over the comma


def _blank(text: str, place: int) -> int:
    while text[place] in BLANK:
        place += 1
    return place
