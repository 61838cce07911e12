"""What one job may use at most."""

from __future__ import annotations

import os
from dataclasses import dataclass

MEGABYTE = 1024 * 1024


def half_of_memory() -> int:
    """Half of this machine's memory, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a job. The address space, processes, files and file sizes are held by the kernel (setrlimit)."""

    memory_bytes: int = 0  # of address space; 0 = half of the machine's memory
    processes: int = 4096  # of this user at once; the kernel does not hold root to it
    open_files: int = 4096
    file_bytes: int = 10_000 * MEGABYTE  # of one file
    output_bytes: int = 100 * MEGABYTE  # of output kept in the log before the job is ended
    result_bytes: int = 100 * MEGABYTE

    def as_dict(self) -> dict[str, int]:
        """The limits by name, the memory resolved."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "memory_bytes": self.memory_bytes or half_of_memory()}
