"""Ids that sort by the time they were made."""

from __future__ import annotations

import os
import time
from uuid import UUID

VERSION_7 = 0x7 << 76
VARIANT = 0b10 << 62
RANDOM_A = (1 << 12) - 1
RANDOM_B = (1 << 62) - 1


def new_id() -> str:
    """A UUID of version 7: 48 bits of milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    number = milliseconds << 80 | VERSION_7 | (random >> 62 & RANDOM_A) << 64 | VARIANT | random & RANDOM_B
    return str(UUID(int=number))


def is_id(text: str) -> bool:
    """Whether a text is a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
