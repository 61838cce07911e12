"""What holds a job's process, applied by the process itself before anything of the job runs. Standard library alone.

It runs in other environments' Pythons, next to the zygote. What costs time is prepared before the job is known; what
names the job, or cannot be taken back, is done when it has come. A cage that cannot be built raises OSError: the job
does not run then.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import socket
import struct
import sys
from typing import Any

PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, CLEAR_ALL = 38, 47, 4
NEW_MOUNTS, NEW_USER, NEW_NETWORK = 0x00020000, 0x10000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
CAPSET = {"x86_64": 126, "aarch64": 91, "arm64": 91}
CAPABILITIES_VERSION = 0x20080522
KEPT = (0, 1, 3, 4, 5, 6, 7, 10)  # of root's capabilities: those about files, users, signals and low ports
SYSTEM = ("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sbin", "/sys", "/usr")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "dri", "kfd", "infiniband", "fuse")
O_PATH = getattr(os, "O_PATH", 0)
HOLDS_TRUNCATE = 3  # version of Landlock
HERE = "127.0.0.1,localhost"
SHOW_INTERFACE, SET_INTERFACE, UP = 0x8913, 0x8914, 1


def neighbour(name: str) -> Any:
    """A neighbouring file as a module, without this folder on the path."""
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("flexwm_" + name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Cage:
    """The level `plain`: a process of the user's, with limits."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.policy = policy

    def enter(self) -> None:
        """In the zygote, before anything is forked."""

    def prepare(self, folder: str) -> None:
        """In a spare, before its job is known."""

    def close(self, shared: str | None) -> None:
        """In the spare, when its job is known: from here on it is held."""

    def variables(self, folder: str) -> dict[str, str]:
        """What the job's environment must say."""
        return {}


class Held(Cage):
    """What both real levels share: no privileges, a filter of system calls, the network closed where that is asked."""

    def __init__(self, policy: dict[str, Any]) -> None:
        super().__init__(policy)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.landlock = neighbour("landlock")
        self.seccomp = neighbour("seccomp")
        truncates = policy["level"] != "landlock" or self.landlock.abi() >= HOLDS_TRUNCATE
        self.filter = self.seccomp.program(policy["closed"], truncates)

    def call(self, name: str, *arguments: Any) -> None:
        """A function of the C library that answers 0. Raises OSError."""
        if getattr(self.libc, name)(*arguments) != 0:
            error = ctypes.get_errno()
            raise OSError(error, "%s is refused: %s" % (name, os.strerror(error)))

    def drop(self, kept: int) -> None:
        """Keep no capability but these, and let no program give any back."""
        self.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        self.libc.prctl(PR_CAP_AMBIENT, CLEAR_ALL, 0, 0, 0)
        number = CAPSET[os.uname().machine]
        held = struct.pack("6I", kept, kept, 0, 0, 0, 0)
        if self.libc.syscall(number, struct.pack("Ii", CAPABILITIES_VERSION, 0), held) != 0:
            raise OSError(ctypes.get_errno(), "capabilities cannot be given up")

    def variables(self, folder: str) -> dict[str, str]:
        """The way out of a closed network."""
        proxy = self.policy["proxy"]
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY") if proxy else ()
        found = dict.fromkeys(names, proxy)
        return {**found, "no_proxy": HERE, "NO_PROXY": HERE} if proxy else found

    def kept(self) -> int:
        """Root in a container works with the files of others; it keeps what that takes."""
        return sum(1 << number for number in KEPT) if self.policy["root"] else 0


class LandlockCage(Held):
    """The level `landlock`."""

    def enter(self) -> None:
        """Leave the network, where it is to be closed."""
        if self.policy["closed"]:
            leave_network(self)

    def prepare(self, folder: str) -> None:
        """Everything but what is hidden; of other devices, of the system and of processes only what all may see."""
        policy, rules = self.policy, self.landlock
        self.ruleset = made = rules.Ruleset(self.libc, policy["hidden"])
        every = made.handled & ~(rules.MAKE_CHAR | rules.MAKE_BLOCK)
        for path in (*SYSTEM, *policy["readable"]):
            made.grant(path, rules.READ)
        for name in (*DEVICES, *(name for name in os.listdir("/dev") if name.startswith("nvidia"))):
            made.rule("/dev/" + name, every)
        if not policy["strict"]:
            made.rule("/", rules.READ_DIR)
            for entry in os.scandir("/"):
                if entry.path not in SYSTEM and entry.name != "dev" and not entry.is_symlink():
                    made.grant(entry.path, every)
        for path in (*policy["writable"], folder):
            made.rule(path, every)
        self.every = every

    def close(self, shared: str | None) -> None:
        """Give everything else up."""
        self.ruleset.refresh()
        if shared is not None:
            self.ruleset.rule(shared, self.every)
        self.drop(self.kept())
        self.ruleset.restrict()
        self.seccomp.install(self.libc, self.filter)

    def variables(self, folder: str) -> dict[str, str]:
        """A place for temporary files where the system's is out of reach."""
        reachable = not self.policy["strict"] and "/tmp" not in self.ruleset.above
        found = super().variables(folder)
        return found if reachable else {**found, "TMPDIR": folder}


class BubblewrapCage(Held):
    """The level `bubblewrap`: the zygote is in a sandbox already, each job gets a view of the files of its own."""

    def prepare(self, folder: str) -> None:
        """Cover the folders of other jobs, and in a strict cage what programs share otherwise."""
        policy = self.policy
        self.call("unshare", NEW_MOUNTS)
        self.call("mount", b"none", b"/", None, RECURSIVE | PRIVATE, None)
        own = os.open(folder, O_PATH | os.O_CLOEXEC)
        self.shared = os.open(policy["shared"], O_PATH | os.O_CLOEXEC)
        exposed = [(os.open(path, O_PATH | os.O_CLOEXEC), path) for path in policy["exposed"]]
        for place in policy["private"]:
            os.makedirs(place, exist_ok=True)
            self.cover(place)
        for descriptor, path in exposed:
            os.makedirs(path, exist_ok=True)
            self.bind(descriptor, path)
        for place in (policy["shared"], policy["jobs"]):
            os.makedirs(place, exist_ok=True)
            self.cover(place)
        os.mkdir(folder, 0o700)
        self.bind(own, folder)
        os.chdir(folder)
        self.freeze(policy["jobs"])

    def cover(self, place: str) -> None:
        """Put an empty folder, in memory, over one."""
        size = b"mode=0700,size=%d" % self.policy["private_bytes"]
        self.call("mount", b"tmpfs", os.fsencode(place), b"tmpfs", NO_SUID | NO_DEVICES, size)

    def freeze(self, place: str) -> None:
        """Let nothing be put into a folder that covers another."""
        flags = REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEVICES
        self.call("mount", b"none", os.fsencode(place), None, flags, None)

    def bind(self, descriptor: int, place: str) -> None:
        """Show an open folder at a place."""
        source = b"/proc/self/fd/%d" % descriptor
        self.call("mount", source, os.fsencode(place), None, BIND, None)
        os.close(descriptor)

    def close(self, shared: str | None) -> None:
        """Show the shared folder, hide what has come, and give the right to change the view up."""
        if shared is not None:
            os.mkdir(shared, 0o700)
            self.bind(os.open(os.path.basename(shared), O_PATH | os.O_CLOEXEC, dir_fd=self.shared), shared)
        os.close(self.shared)
        for path in self.policy["awaited"]:
            if os.path.isdir(path):
                self.cover(path)
                self.freeze(path)
            elif os.path.exists(path):
                self.call("mount", b"/dev/null", os.fsencode(path), None, BIND, None)
        self.drop(self.kept())
        self.landlock.scope_only(self.libc)
        self.seccomp.install(self.libc, self.filter)


CAGES: dict[str, Any] = {"plain": Cage, "landlock": LandlockCage, "bubblewrap": BubblewrapCage}


def build(policy: dict[str, Any]) -> Cage:
    """The cage that a policy asks for."""
    made: Cage = CAGES[policy["level"]](policy)
    return made


def leave_network(cage: Any) -> None:
    """Move this process to a network of its own, where nothing is but itself. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    cage.call("unshare", NEW_NETWORK if user == 0 else NEW_USER | NEW_NETWORK)
    if user != 0:
        maps = {"setgroups": "deny", "uid_map": "%d %d 1" % (user, user), "gid_map": "%d %d 1" % (group, group)}
        for name, text in maps.items():
            with open("/proc/self/" + name, "w") as file:
                file.write(text)
    raise_loopback()


def raise_loopback() -> None:
    """Switch the loopback interface on."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, SHOW_INTERFACE, struct.pack("16sh14x", b"lo", 0)))[1]
        fcntl.ioctl(probe, SET_INTERFACE, struct.pack("16sh14x", b"lo", flags | UP))


def rehearse(level: str, closed: bool, root: bool, folder: str) -> None:
    """Build a cage around this process, to see whether that works here. Raises OSError."""
    for name in ("jobs", "shared"):
        os.makedirs(os.path.join(folder, name, "own"), exist_ok=True)
    policy = {
        "level": level,
        "closed": closed,
        "root": root,
        "strict": False,
        "hidden": [],
        "awaited": [],
        "readable": [],
        "writable": [],
        "private": [],
        "exposed": [],
        "private_bytes": 1 << 20,
        **{name: os.path.join(folder, name) for name in ("jobs", "shared")},
    }
    cage = build(policy)
    cage.enter()
    cage.prepare(os.path.join(folder, "jobs", "own"))
    cage.close(None)


if __name__ == "__main__":
    rehearse(sys.argv[1], sys.argv[2] == "closed", sys.argv[3] == "root", sys.argv[4])
