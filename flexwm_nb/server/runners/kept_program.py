"""What a kept program in Python says to the engine. Standard library alone, so that any interpreter runs it.

It goes through `orders()`, and for each calls `answer` with the RESULT, or with the ERROR object, and then `done`.
"""

from __future__ import annotations

import json
import resource
import socket
import struct
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

HEAD = struct.Struct("!I")
FRAME = struct.Struct("!cI")
RESULT, ERROR, END, ACCEPTED = b"R", b"E", b"Z", b"A"
DESCRIPTOR = 3


@lru_cache(maxsize=1)
def control() -> socket.socket:
    """The socket to the engine."""
    return socket.socket(fileno=DESCRIPTOR)


def orders() -> Iterator[Any]:
    """The orders, job by job; the end when the engine wants no more."""
    while (head := exactly(HEAD.size)) and (data := exactly(HEAD.unpack(head)[0])):
        answer(ACCEPTED, "")
        yield json.loads(data)


def exactly(size: int) -> bytes:
    """That many bytes, or none."""
    data = bytearray()
    while len(data) < size:
        part = control().recv(min(size - len(data), 1 << 20))
        if not part:
            return b""
        data += part
    return bytes(data)


def answer(kind: bytes, text: str) -> None:
    """Send one frame: a RESULT in JSON, or an ERROR object."""
    data = text.encode("utf-8", "replace")
    control().sendall(FRAME.pack(kind, len(data)) + data)


def done() -> None:
    """The job has ended; what it printed is on its way before this."""
    sys.stdout.flush()
    sys.stderr.flush()
    answer(END, f"0 {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
