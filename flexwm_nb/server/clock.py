"""Times and identifiers as Windmill writes them."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone

from flexwm_nb.server.web.failures import bad_request

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NAIVE_EPOCH = datetime(1970, 1, 1)  # quicker to write
FRACTION = re.compile(r"\.(\d+)")
HASH = re.compile(r"[0-9a-fA-F]{16}")


def now() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1_000


def render_time(microseconds: int | None) -> str | None:
    """RFC 3339 in UTC with microseconds and Z; an exact second has no fraction."""
    if microseconds is None:
        return None
    return (NAIVE_EPOCH + timedelta(microseconds=microseconds)).isoformat() + "Z"


def parse_time(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 time. Raises ValueError."""
    text = FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text.strip().replace(" ", "+"))
    moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return (moment - EPOCH) // timedelta(microseconds=1)


def render_hash(value: int | None) -> str | None:
    """A script's hash as 16 lower-case hexadecimal digits."""
    return None if value is None else f"{value & (1 << 64) - 1:016x}"


def parse_hash(text: str) -> int:
    """The signed 64-bit number of a 16-digit hash. Raises Failure 400."""
    if not HASH.fullmatch(text):
        raise bad_request(f"Invalid script hash {text!r}: 16 hexadecimal digits are expected")
    value = int(text, 16)
    return value - (1 << 64) if value >> 63 else value
