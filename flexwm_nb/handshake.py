"""What a client and the local engine that it starts agree on."""

from __future__ import annotations

VERSION = "0.1.0"
PROTOCOL = 1  # raised when clients and engines of two releases cannot talk
INTERPRETER_HEADER = "X-Flexwm-Interpreter"  # the Python whose packages a script sees
READY = b"1"  # what a server says to who started it when it listens; else it says why it does not
