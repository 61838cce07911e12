"""The keeper's child processes: they end with it, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flexwm_nb.backends.process import open_log, read_tail

LINUX = sys.platform == "linux"
LIBRARY = ctypes.CDLL(None)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of Linux's prctl
PATIENCE = 10.0  # seconds that a program may take to end when it is asked to
ANSI = re.compile(r"\x1b\[[0-9;]*m")
TELLING = re.compile(r"\b(error|fatal|panic|denied|failed|cannot)", re.IGNORECASE)


@dataclass(slots=True)
class Child:
    """One program that runs."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    begin: int  # bytes that its log had before
    gentle: signal.Signals

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        gentle: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start one in a session of its own, as another user where one is named. Raises OSError."""
        output = open_log(log)
        begin = os.fstat(output).st_size
        as_user: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": ()} if user else {}
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/" if user else log.parent,
                env=environment,
                start_new_session=True,
                preexec_fn=partial(_prctl, PR_SET_PDEATHSIG, gentle) if LINUX else None,  # the system ends it with us
                **as_user,
            )
        finally:
            os.close(output)
        return cls(name, process, log, begin, gentle)

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    @property
    def status(self) -> int | None:
        """How it ended."""
        return self.process.returncode

    async def ended(self) -> None:
        """Wait for its end."""
        await self.process.wait()

    async def stop(self) -> None:
        """Ask it to end; kill it with all that it started where it takes too long."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.gentle)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.process.wait()

    def log_tail(self) -> str:
        """The end of what it has said."""
        return read_tail(self.log, self.begin)


def tail(log: Path) -> str:
    """The end of a log."""
    return read_tail(log, 0) if log.exists() else ""


def telling(log: str) -> str:
    """The line of a log that says most about an end: the last one about an error, else the last."""
    lines = [line.strip() for line in ANSI.sub("", log).splitlines() if line.strip()]
    bad = [line for line in lines if TELLING.search(line)]
    return (bad or lines or ["it said nothing"])[-1]


def adopt_orphans() -> None:
    """Become the parent of what a child leaves behind, so that it can be ended too."""
    if LINUX:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)


def kill_orphans(spared: set[int]) -> None:
    """End every child but the spared ones."""
    while found := [pid for pid in _children() if pid not in spared]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    """The processes whose parent this is."""
    if not LINUX:
        return []
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def _prctl(option: int, value: int) -> None:
    LIBRARY.prctl(option, value, 0, 0, 0)
