"""Values as they stand in a result, ready for the encoder: text, numbers, lists, and JSON that is written already."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec

from flexwm_nb.server.runners.jsonb import normalize

Reader = Callable[[bytes], Any]
PLAIN_LEAST, PLAIN_MOST = 1e-4, 1e15  # floats between are written without an exponent
MICROSECONDS = 1_000_000


class Unreadable(ValueError):
    """A value that has no form in a result."""


def number(value: float) -> Any:
    """A float as jsonb keeps it; what is no number as text."""
    if PLAIN_LEAST <= value < PLAIN_MOST or -PLAIN_MOST < value <= -PLAIN_LEAST:
        return value
    if not value:
        return 0.0
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = format(Decimal(repr(value)), "f")
    return msgspec.Raw(text.encode())


def json_value(text: str) -> msgspec.Raw:
    """A JSON document as jsonb keeps it. Raises Unstorable."""
    return msgspec.Raw(normalize(text).encode())


def fraction(microseconds: int) -> str:
    """The digits after a second: none, three or six."""
    if not microseconds:
        return ""
    return f".{microseconds // 1_000:03d}" if microseconds % 1_000 == 0 else f".{microseconds:06d}"


def day(value: date) -> str:
    """A date."""
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def clock(value: time | datetime) -> str:
    """A time of the day."""
    return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{fraction(value.microsecond)}"
