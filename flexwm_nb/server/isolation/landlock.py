"""Landlock: the kernel lets a process give up files, and never get them back. Standard library alone.

A ruleset lists what stays; whatever is below none of its paths is gone for the process and all that it starts. It also
keeps the process from signalling, tracing and looking into others outside of its own tree.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import time
from typing import Any

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, the same on every architecture
VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK = (
    1 << bit for bit in range(10)
)
MAKE_FIFO, MAKE_BLOCK, MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(10, 16))
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
ABSTRACT_SOCKETS, SIGNALS = 1, 2
O_PATH = getattr(os, "O_PATH", 0)
FRESH = 50000000  # nanoseconds within which a folder may change without a new time


def abi() -> int:
    """The kernel's version of Landlock, 0 where there is none."""
    try:
        found = ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)
    except (OSError, AttributeError):
        return 0
    return max(int(found), 0)


def handled_rights(version: int) -> int:
    """The rights to files that this version knows."""
    bits = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << bits) - 1


class Ruleset:
    """What a process keeps. `hidden` is taken out of what is granted; what is granted by itself inside of it stays."""

    def __init__(self, libc: Any, hidden: list[str]) -> None:
        self.libc = libc
        self.hidden = frozenset(hidden)
        self.above = frozenset(parent for path in hidden for parent in parents(path))
        version = abi()
        self.handled = handled_rights(version)
        scoped = ABSTRACT_SOCKETS | SIGNALS if version >= 6 else 0
        attributes = struct.pack("QQQ", self.handled, 0, scoped)[: 24 if version >= 6 else 8]
        self.descriptor = self.call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
        self.seen: dict[str, tuple[int, set[str], int]] = {}  # folder above hidden ones -> time, names, rights

    def call(self, number: int, *arguments: Any) -> int:
        """A system call. Raises OSError."""
        found = self.libc.syscall(number, *arguments)
        if found < 0:
            error = ctypes.get_errno()
            raise OSError(error, "Landlock refuses: %s" % os.strerror(error))
        return int(found)

    def grant(self, path: str, rights: int) -> None:
        """Keep these rights to a path and what is below it, less what is hidden."""
        if path in self.above:
            self.look(path, rights)
        else:
            self.rule(path, rights)

    def look(self, folder: str, rights: int) -> None:
        """Grant what is in a folder above hidden ones and was not there when it was looked at before."""
        known = self.seen.get(folder, (0, set(), 0))[1]
        moment = os.stat(folder).st_mtime_ns
        fresh = time.time_ns() - moment < FRESH
        try:
            entries = [entry for entry in os.scandir(folder) if entry.name not in known]
        except OSError:
            return
        for entry in entries:
            if entry.path not in self.hidden and not entry.is_symlink():
                self.grant(entry.path, rights)
        self.seen[folder] = (0 if fresh else moment, known.union(entry.name for entry in entries), rights)

    def refresh(self) -> None:
        """Grant what has come into folders above hidden ones."""
        for folder, (moment, _, rights) in list(self.seen.items()):
            try:
                if os.stat(folder).st_mtime_ns != moment:
                    self.look(folder, rights)
            except OSError:
                pass

    def rule(self, path: str, rights: int) -> None:
        """Keep rights to one path and all below it; one that is not there is none."""
        try:
            file = os.open(path, O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        try:
            kept = rights & self.handled
            if not stat.S_ISDIR(os.fstat(file).st_mode):
                kept &= OF_FILES
            if kept:
                self.call(ADD_RULE, self.descriptor, PATH_BENEATH, struct.pack("=Qi", kept, file), 0)
        finally:
            os.close(file)

    def restrict(self) -> None:
        """Give up everything else, for good."""
        self.call(RESTRICT_SELF, self.descriptor, 0)
        os.close(self.descriptor)


def scope_only(libc: Any) -> None:
    """Keep every file, and give up signalling, tracing and looking into processes outside of this one's tree."""
    version = abi()
    if not version:
        return
    attributes = struct.pack("QQQ", MAKE_BLOCK, 0, ABSTRACT_SOCKETS | SIGNALS)[: 24 if version >= 6 else 8]
    descriptor = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if descriptor < 0 or libc.syscall(RESTRICT_SELF, descriptor, 0) < 0:
        error = ctypes.get_errno()
        raise OSError(error, "Landlock refuses: %s" % os.strerror(error))
    os.close(descriptor)


def parents(path: str) -> list[str]:
    """The folders that a path is in."""
    found = []
    while path != "/":
        path = os.path.dirname(path)
        found.append(path)
    return found
