"""A process that evaluates JavaScript, one expression at a time, each in a context of its own.

A program of its own, started by exec with nothing of the server in it: neither its environment nor its files. It
knows the standard library and the JavaScript engine alone. What it evaluates can ask the server for variables,
resources and results by name, and reach nothing else. It ends when the server does; one that computes without end is
killed by the server, and by the kernel when the server is gone.

Usage: program.py CONTROL_FD DIRECTORY_OF_THE_ENGINE MEMORY_LIMIT_BYTES TIME_LIMIT_SECONDS
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import sys
import time
from typing import Any

sys.path.append(sys.argv[2])

from quickjs import Context, JSException

HEAD = struct.Struct("!I")
HERE = os.path.dirname(os.path.abspath(__file__))
ADDRESS_SPACE = 1024 * 1024 * 1024  # bytes of this process; the engine's own limit is far below
OPEN_FILES = 16
SPARE_SECONDS = 2  # of processor time beyond the limit, before the kernel ends a process whose server is gone


class Control:
    """Messages to and from the server: a length, then as many bytes."""

    def __init__(self, descriptor: int) -> None:
        """Talk over this socket."""
        self._socket = socket.socket(fileno=descriptor)
        self._stream = self._socket.makefile("rb", buffering=65536)

    def receive(self) -> bytes | None:
        """The next message, None at the end."""
        head = self._stream.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        size = HEAD.unpack(head)[0]
        message = self._stream.read(size)
        return message if len(message) == size else None

    def send(self, kind: bytes, text: str) -> None:
        """Send one."""
        data = kind + text.encode()
        self._socket.sendall(HEAD.pack(len(data)) + data)

    def ask(self, kind: str, name: str) -> str:
        """Put a question to the server and wait for its answer, in JSON."""
        self.send(b"a", json.dumps([kind, name]))
        answer = self.receive()
        if answer is None:
            os._exit(0)
        return answer.decode()


class Evaluation:
    """A fresh context, ready for one expression."""

    def __init__(self, control: Control, prelude: str, memory_limit: int) -> None:
        """Make it."""
        self.context = Context()
        self.context.set_memory_limit(memory_limit)
        self.context.add_callable("ask", control.ask)
        enter = self.context.eval(prelude)
        self.door = enter(self.context.get("ask"))
        self.context.eval("delete globalThis.ask")

    def run(self, message: bytes) -> tuple[bytes, str]:
        """What became of the expression: how it ended, and its value or error in JSON."""
        try:
            self.fill(message)
            self.door("watch", self.context.eval(self.program))
            while self.door("state") == "pending" and self.context.execute_pending_job():
                pass
            return self.door("state")[0].encode(), self.door("text")
        except JSException as error:
            return refused(str(error))

    def fill(self, message: bytes) -> None:
        """Take the message apart: a heading of JSON, then the JSON of each value it lists."""
        start = HEAD.size + HEAD.unpack_from(message)[0]
        heading: dict[str, Any] = json.loads(message[HEAD.size : start])
        self.program = heading["program"]
        if heading["results"]:
            self.door("results")
        for operation, name, size in heading["values"]:
            box = self.context.parse_json("[" + message[start : start + size].decode() + "]")
            self.door(operation, name, box)
            start += size


def refused(text: str) -> tuple[bytes, str]:
    """What the engine says when it does not even begin: it cannot read the program, or has no room."""
    name, _, rest = text.partition(": ")
    if text.startswith(("null", "InternalError: out of memory")):
        return b"m", '""'
    return b"e", json.dumps(f"Error: {rest}" if rest and name.isidentifier() else f"Error: {text}")


def restrict() -> None:
    """Lower what this process may use, where the system can."""
    for limit, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(limit, (most, most))
        except (OSError, ValueError):
            continue


def allow(seconds: float) -> None:
    """Have the kernel end this process when it computes that much longer."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    most = int(time.process_time() + seconds) + SPARE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main(control: Control, memory_limit: int, time_limit: float) -> None:
    """Evaluate until the server hangs up. The next context is made while nobody waits for it."""
    with open(os.path.join(HERE, "prelude.js")) as file:
        prelude = file.read()
    restrict()
    while True:
        evaluation = Evaluation(control, prelude, memory_limit)
        message = control.receive()
        if message is None:
            return
        allow(time_limit)
        control.send(*evaluation.run(message))


if __name__ == "__main__":
    main(Control(int(sys.argv[1])), int(sys.argv[3]), float(sys.argv[4]))
