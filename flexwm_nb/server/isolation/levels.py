"""The levels of isolation, best first, and which of them this machine has."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from flexwm_nb.server.isolation import landlock, seccomp
from flexwm_nb.server.isolation.cage import SYSTEM
from flexwm_nb.server.isolation.policy import Wish

CAGE = Path(__file__).with_name("cage.py")
PATIENCE = 10.0  # seconds
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "NET_BIND_SERVICE")
GRAPHICS = ("nvidia", "dri", "kfd")  # devices that a strict cage shows besides the usual ones
EVERY_JOB = "a process of its own with limits"


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a level is not to be had here, and what to do."""

    level: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level}: {self.why}"


class Level:
    """One level."""

    name: ClassVar[str]
    gives: ClassVar[str]  # for people

    def lack(self, *, closed: bool) -> Lack | None:
        """Why it cannot be had on this machine, the network `closed` where that is asked; None when it can."""
        raise NotImplementedError

    def command(self, policy: dict[str, Any], command: Sequence[str]) -> list[str]:
        """The command that starts a zygote, held as far as that is done from outside."""
        return list(command)


class Plain(Level):
    """A process of the user's."""

    name = "plain"
    gives = EVERY_JOB

    def lack(self, *, closed: bool) -> Lack | None:
        """It is everywhere, but closes no network."""
        if closed:
            remedy = "Set FLEXWM_ISOLATION=auto, or FLEXWM_NETWORK=full"
            return Lack(self.name, "it cannot be kept from the network", remedy)
        return None


class Landlock(Level):
    """Files, signals and system calls, by the kernel alone."""

    name = "landlock"
    gives = f"{EVERY_JOB}, kept from the engine's files, other jobs and your secrets by the kernel"

    def lack(self, *, closed: bool) -> Lack | None:
        """It takes Linux 5.13, with Landlock switched on."""
        if (lack := no_linux(self.name)) is not None:
            return lack
        if not landlock.abi():
            why = f"this kernel ({os.uname().release}) does not have it, or not switched on"
            return Lack(self.name, why, "Use Linux 5.13 or newer, with landlock in its lsm= list")
        if closed and (why := rehearsal([sys.executable], self.name, closed=True)):
            return Lack(self.name, f"no network of its own can be made: {why}", "Allow unprivileged user namespaces")
        return None


class Bubblewrap(Level):
    """A view of the files and of processes of the job's own."""

    name = "bubblewrap"
    gives = f"{EVERY_JOB}, in a sandbox with its own view of files and processes"

    def lack(self, *, closed: bool) -> Lack | None:
        """It takes the program, and a system that lets it make namespaces."""
        if (lack := no_linux(self.name)) is not None:
            return lack
        if shutil.which("bwrap") is None:
            return Lack(self.name, "bwrap is not on PATH", "Install it: apt install bubblewrap")
        if why := rehearsal(
            [*self.entry(closed=closed), "--dev-bind", "/", "/", "--proc", "/proc", sys.executable],
            self.name,
            closed=closed,
        ):
            return Lack(self.name, f"bwrap does not work here: {why}", "Allow unprivileged user namespaces")
        return None

    @staticmethod
    def entry(*, closed: bool) -> list[str]:
        """Bwrap with the namespaces; a job's process gives the right to change its view up before the job begins."""
        root = os.geteuid() == 0
        kept = ["SYS_ADMIN", *(CAPABILITIES if root else ())]
        return [
            shutil.which("bwrap") or "bwrap",
            *("--unshare-pid", "--unshare-ipc", "--die-with-parent"),
            *(() if root else ("--unshare-user",)),
            *(("--unshare-net",) if closed else ()),
            *(word for name in kept for word in ("--cap-add", f"CAP_{name}")),
        ]

    def command(self, policy: dict[str, Any], command: Sequence[str]) -> list[str]:
        """The zygote in a sandbox without the store, or in a strict one with nothing but what is needed."""
        view = self._narrow(policy) if policy["strict"] else self._wide(policy)
        own = [word for name in ("jobs", "shared") for word in ("--bind", policy[name], policy[name])]
        opened = [word for path in policy["writable"] for word in ("--bind-try", path, path)]
        if policy["doors"]:
            opened += ["--bind", policy["doors"], policy["doors"]]
        covered = [word for path in policy["hidden"] if covers(view, path) for word in ("--remount-ro", path)]
        return [*self.entry(closed=policy["closed"]), *view, *own, *opened, *covered, *command]

    @staticmethod
    def _wide(policy: dict[str, Any]) -> list[str]:
        """Everything but what is hidden."""
        words = ["--dev-bind", "/", "/", "--proc", "/proc"]
        for path in policy["hidden"]:
            words += masked(path)
        for path in policy["readable"]:
            words += ["--ro-bind-try", path, path]
        return words + [word for path in disks() for word in ("--dev-bind", os.devnull, path)]

    @staticmethod
    def _narrow(policy: dict[str, Any]) -> list[str]:
        """The system, and what is named."""
        words = [word for path in SYSTEM if path != "/proc" for word in ("--ro-bind-try", path, path)]
        words += ["--dev", "/dev", "--proc", "/proc"]
        for entry in sorted(Path("/dev").iterdir()):
            if entry.name.startswith(GRAPHICS):
                words += ["--dev-bind", str(entry), str(entry)]
        words += [word for path in policy["private"] if path != "/dev/shm" for word in ("--tmpfs", path)]
        for path in policy["readable"]:
            words += ["--ro-bind", path, path]
        for path in policy["hidden"]:
            if path.startswith((*SYSTEM, *policy["readable"])):
                words += masked(path)
        return words


LEVELS: tuple[Level, ...] = (Bubblewrap(), Landlock(), Plain())


@dataclass(frozen=True, slots=True)
class Found:
    """The level that jobs run at; None when they cannot run as they were to. `lacks`: the better ones, and why not."""

    level: Level | None
    lacks: tuple[Lack, ...]

    @property
    def refusal(self) -> str | None:
        """Why no job runs."""
        if self.level is not None:
            return None
        reasons = "; ".join(str(lack) for lack in self.lacks)
        return (
            f"jobs cannot be isolated here as the engine was told to, so none runs ({reasons}). {self.lacks[0].remedy}"
        )


def find(wish: Wish) -> Found:
    """The best level that does what was asked for."""
    wanted = {"auto": LEVELS, "required": LEVELS[:2]}.get(wish.isolation)
    lacks: list[Lack] = []
    for level in wanted or [level for level in LEVELS if level.name == wish.isolation]:
        lack = level.lack(closed=wish.closed)
        if lack is None:
            return Found(level, tuple(lacks))
        lacks.append(lack)
    return Found(None, tuple(lacks))


def no_linux(name: str) -> Lack | None:
    """Both real levels are of Linux, on processors whose system calls are known."""
    if not sys.platform.startswith("linux"):
        return Lack(name, "it is for Linux", "Run jobs of others on a Linux machine")
    if not seccomp.supported():
        return Lack(name, f"it does not know {os.uname().machine}", "Use x86_64 or aarch64")
    return None


def rehearsal(before: Sequence[str], name: str, *, closed: bool) -> str:
    """Build a cage once, around nothing: what went wrong, empty when all is well."""
    with tempfile.TemporaryDirectory() as folder:
        words = [name, "closed" if closed else "open", "root" if os.geteuid() == 0 else "user", folder]
        command = [*before, "-I", "-S", str(CAGE), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip().rpartition("\n")[2] or f"status {done.returncode}")


def masked(path: str) -> list[str]:
    """Bwrap's words that hide a path, which may not be there."""
    if Path(path).is_dir():
        return ["--tmpfs", path]
    return ["--ro-bind", os.devnull, path] if Path(path).exists() else []


def covers(view: Sequence[str], path: str) -> bool:
    """Whether bwrap's words put an empty folder over a path."""
    return any(pair == ("--tmpfs", path) for pair in itertools.pairwise(view))


def disks() -> list[str]:
    """The devices through which root reads every file."""
    if os.geteuid() != 0:
        return []
    return [str(entry) for entry in Path("/dev").iterdir() if stat.S_ISBLK(entry.lstat().st_mode)]
