"""Waiting for what comes true in its time, which on a real engine is seconds and on ours milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 60.0  # seconds

Found = TypeVar("Found")


def eventually(wanted: Callable[[], Found]) -> Found:
    """What it gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := wanted()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found
