"""A warm process that forks a child for each job. A program of its own, of the standard library alone.

It keeps spare children that are forked before their job arrives, each with its own session, directory, control socket
and output pipe; the server talks to a spare directly, so a job costs one message. It is single-threaded, so forking is
safe, and it was started by exec, so nothing of the server is in it.

Whole trees end with their job: every job process adopts its orphans while it lives, and when it has ended they come to
this process. So any child here that is neither a spare nor a running job belongs to a job that has ended, and is
killed, with all below it. When the server is gone, everything here ends too.

A spare is in its cage before its job comes (see isolation/cage.py). Trees of running jobs are looked at now and then:
one that uses more memory or processes than its job may is ended, and the server told.

Usage: zygote.py CONTROL_FD DIRECTORY SPARES POLICY, the last a JSON object
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import time
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = struct.Struct("!I")
ISOLATION = os.path.join(os.path.dirname(HERE), "isolation")
PAUSE = 0.005  # seconds
LOOK = 0.5  # seconds between looks at what jobs use
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def load(name: str, folder: str = HERE) -> Any:
    """A file of this package as a module, without its folder on the path."""
    spec = importlib.util.spec_from_file_location("flexwm_" + name, os.path.join(folder, name + ".py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def process_control() -> Any:
    """The system's prctl, or None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    return ctypes.CDLL(None).prctl


class Zygote:
    """The process that forks."""

    def __init__(self, control: socket.socket, directory: str, spares: int, policy: dict[str, Any]) -> None:
        self.control = control
        self.directory = directory
        self.wanted = spares
        self.spares: set[int] = set()
        self.running: dict[int, tuple[int, int]] = {}  # job -> bytes of memory and processes that its tree may use
        self.limits = (policy["memory_bytes"], policy["processes"])
        self.helpers: set[int] = set()
        self.doors: dict[str, str] = {}
        self.looked = 0.0
        self.prctl = process_control()
        self.child = load("child")
        self.tree = load("tree")
        self.cage = load("cage", ISOLATION).build(policy)
        self.buffer = b""

    def serve(self) -> None:
        """Fork, reap and kill until the server is gone."""
        if self.prctl is not None:
            self.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.cage.enter()
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        gc.collect()
        gc.freeze()
        self.inner = (read, write)
        while True:
            watched: list[Any] = [self.control, read]
            ready = select.select(watched, [], [], self.patience())[0]
            if read in ready:
                os.read(read, 4096)
            ended = self.reap()
            self.watch()
            if self.control in ready and not self.receive():
                return self.end()
            if len(self.spares) < self.wanted and (ended or not ready or not self.spares):
                self.fork()

    def patience(self) -> float | None:
        """How long to wait for news, in seconds.

        A spare is made when none is left, when a job has ended, or when nothing happens for a moment: never while a
        job has just begun, which would compete with it for the processor.
        """
        if len(self.spares) >= self.wanted:
            return LOOK if self.running else None
        return PAUSE if self.spares else 0

    def watch(self) -> None:
        """End the trees that use more than they may."""
        moment = time.monotonic()
        if not self.running or moment - self.looked < LOOK:
            return
        self.looked = moment
        for pid, (memory, processes) in self.running.items():
            found = self.tree.excess(pid, memory, processes)
            if found is not None:
                self.report({"over": pid, "limit": found[0], "used": found[1]})
                self.tree.destroy(pid)

    def fork(self) -> None:
        """Make a spare and hand its socket and pipe to the server."""
        ours, its = socket.socketpair()
        output, its_output = os.pipe()
        folder = tempfile.mkdtemp(prefix="job-", dir=self.directory)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            os.close(output)
            self.become_spare(parent, its, its_output, folder)
        its.close()
        os.close(its_output)
        self.spares.add(pid)
        message = json.dumps({"spare": pid, "directory": folder}).encode()
        try:
            socket.send_fds(self.control, [HEAD.pack(len(message)) + message], [ours.fileno(), output])
        except OSError:
            self.end()
        ours.close()
        os.close(output)

    def become_spare(self, parent: int, control: socket.socket, output: int, folder: str) -> None:
        """In the child: leave everything of the zygote behind, wait for a job, run it."""
        try:
            os.setsid()
            if self.prctl is not None:
                self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                self.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for descriptor in self.inner:
                os.close(descriptor)
            self.control.close()
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            os.chdir(folder)
            if os.getppid() == parent:
                self.child.wait_and_run(control, folder, self.cage)
        finally:
            os._exit(70)

    def receive(self) -> bool:
        """Carry out what the server asks; False when it is gone."""
        try:
            data = self.control.recv(65536)
        except ConnectionError:
            return False
        self.buffer += data
        while len(self.buffer) >= HEAD.size:
            size = HEAD.unpack_from(self.buffer)[0]
            if len(self.buffer) < HEAD.size + size:
                break
            message = json.loads(self.buffer[HEAD.size : HEAD.size + size])
            self.buffer = self.buffer[HEAD.size + size :]
            self.obey(message)
        return bool(data)

    def obey(self, message: dict[str, Any]) -> None:
        """`take` a spare for a job, `hold` it to limits of its own, `kill` it with a signal, or open `doors`."""
        pid = message.get("take")
        if pid in self.spares:
            self.spares.discard(pid)
            self.running[pid] = self.limits
        if "doors" in message:
            self.doors = message["doors"]
            self.open_doors()
        pid = message.get("hold")
        if pid in self.running:
            self.running[pid] = (message["memory"], message["processes"])
        pid = message.get("kill")
        if pid in self.running and message["signal"] == signal.SIGKILL:
            self.tree.destroy(pid)
        elif pid in self.running:
            self.tree.tell(pid, message["signal"])

    def open_doors(self) -> None:
        """Start the helper through which jobs in a closed network reach the engine."""
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.helpers.add(pid)
            return
        try:
            os.setsid()
            if self.prctl is not None:
                self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            signal.set_wakeup_fd(-1)
            self.control.close()
            if os.getppid() == parent:
                load("bridge", ISOLATION).serve(self.doors)
        finally:
            os._exit(70)

    def reap(self) -> bool:
        """Report those that ended, and kill what they left running; whether any job had ended."""
        ended = reaped = False
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return ended
            if pid == 0:
                if reaped:  # once for all of them, of which a job may have left thousands
                    self.kill_strangers()
                return ended
            reaped = True
            known = pid in self.running or pid in self.spares
            ended = ended or known
            self.running.pop(pid, None)
            self.spares.discard(pid)
            if pid in self.helpers:
                self.helpers.discard(pid)
                self.open_doors()
            if known:
                self.tree.strike_group(pid, signal.SIGKILL)
                self.report({"exit": pid, "status": status, "memory": usage.ru_maxrss})

    def kill_strangers(self) -> None:
        """Kill every child that no job here has: their job has ended."""
        for pid in self.tree.children(os.getpid()):
            if pid not in self.spares and pid not in self.running and pid not in self.helpers:
                self.tree.destroy(pid)

    def report(self, message: dict[str, Any]) -> None:
        """Tell the server."""
        data = json.dumps(message).encode()
        try:
            self.control.sendall(HEAD.pack(len(data)) + data)
        except OSError:
            self.end()

    def end(self) -> None:
        """The server is gone: nothing may stay."""
        for pid in [*self.spares, *self.running]:
            self.tree.destroy(pid)
        self.helpers.clear()
        self.spares.clear()
        self.running.clear()
        while True:
            self.kill_strangers()
            try:
                os.wait()
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                os._exit(0)


def main() -> None:
    """Serve the server at the other end of the given descriptor."""
    descriptor, directory, spares, policy = sys.argv[1:5]
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]
    sys.dont_write_bytecode = True
    control = socket.socket(fileno=int(descriptor))
    control.setblocking(True)
    os.set_inheritable(control.fileno(), False)
    Zygote(control, directory, int(spares), json.loads(policy)).serve()


if __name__ == "__main__":
    main()
