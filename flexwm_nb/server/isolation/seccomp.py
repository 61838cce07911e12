"""A filter of system calls: what no job needs and attacks begin with is refused. Standard library alone."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import Any

PR_SET_SECCOMP, FILTER_MODE = 22, 2
LOAD, EQUAL, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06  # of the filter's machine
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in what the filter sees
OTHER_NUMBERS = 0x40000000  # x86_64: calls of another kind, which would pass by the list
NEW_NAMESPACES = 0x7E020080  # flags of clone
FAMILIES = (2, 10, 16)  # of sockets where the network is closed: IPv4, IPv6, netlink; pairs are not concerned

# name -> number on x86_64, on aarch64; None where there is none
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
CLONE, CLONE3, SOCKET, TRUNCATE = (56, 220), (435, 435), (41, 198), (76, 45)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "arm64": (1, 0xC00000B7)}


def supported() -> bool:
    """Whether this machine's calls are known."""
    return os.name == "posix" and platform.machine() in ARCHITECTURES


def program(closed: bool, truncates: bool = True) -> bytes:
    """The filter; with `closed`, no sockets can be made that lead past a closed network.

    Without `truncates`, files are not cut by their name: an older Landlock does not hold that.
    """
    column, architecture = ARCHITECTURES[platform.machine()]
    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (ANSWER, 0, 0, REFUSE | errno.ENOSYS),
        (LOAD, 0, 0, NUMBER),
    ]
    if column == 0:
        lines += [(AT_LEAST, 0, 1, OTHER_NUMBERS), (ANSWER, 0, 0, REFUSE | errno.ENOSYS)]
    lines += [(EQUAL, 0, 1, CLONE3[column]), (ANSWER, 0, 0, REFUSE | errno.ENOSYS)]  # its flags cannot be seen
    for numbers in [*REFUSED.values(), *([] if truncates else [TRUNCATE])]:
        if numbers[column] is not None:
            lines += [(EQUAL, 0, 1, numbers[column]), (ANSWER, 0, 0, REFUSE | errno.EPERM)]  # type: ignore[list-item]
    if closed:
        families = [(EQUAL, len(FAMILIES) - place, 0, family) for place, family in enumerate(FAMILIES)]
        check = [(LOAD, 0, 0, FIRST_ARGUMENT), *families, (ANSWER, 0, 0, REFUSE | errno.EAFNOSUPPORT)]
        lines += [(EQUAL, 0, len(check) + 1, SOCKET[column]), *check, (ANSWER, 0, 0, ALLOW)]
    lines += [
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        (ANSWER, 0, 0, REFUSE | errno.EPERM),
        (ANSWER, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


class Program(ctypes.Structure):
    """The filter as the kernel takes it."""

    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]


def install(libc: Any, lines: bytes) -> None:
    """Hold this process, and all that it starts, to the filter."""
    given = Program(len(lines) // 8, lines)
    if libc.prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(given), 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "the filter of system calls is refused: %s" % os.strerror(error))
