"""Trees of processes: what is in one, what it uses, and its end. Standard library alone, for the zygote.

Where the system does not list a process's children (no /proc), a tree is the group that its first process leads.
"""

from __future__ import annotations

import os
import signal

PAGE = os.sysconf("SC_PAGE_SIZE")
PASSES = 200  # looks at a tree that grows while it is stopped


def children(pid: int) -> list[int]:
    """The processes that a process has started, or that were left to it."""
    found = []
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, thread)) as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass
    return found


def descendants(pid: int) -> list[int]:
    """The processes below a process, parents before children."""
    found = children(pid)
    known = set(found)
    for child in found:
        new = [one for one in children(child) if one not in known]
        known.update(new)
        found += new
    return found


def tell(pid: int, number: int) -> None:
    """Signal every process of a tree, once."""
    below = descendants(pid)
    strike_group(pid, number)
    for one in below:
        if group(one) != pid:
            strike(one, number)


def destroy(pid: int) -> None:
    """Kill every process of a tree. All are stopped first, as one that runs could start others meanwhile."""
    stopped: set[int] = set()
    for _ in range(PASSES):
        new = [one for one in (pid, *descendants(pid)) if one not in stopped]
        if not new:
            break
        for one in new:
            strike(one, signal.SIGSTOP)
        stopped.update(new)
    strike_group(pid, signal.SIGKILL)
    for one in stopped:
        strike(one, signal.SIGKILL)


def strike(pid: int, number: int) -> None:
    """Signal a process, if it is there."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def strike_group(pid: int, number: int) -> None:
    """Signal the group that a process leads."""
    try:
        os.killpg(pid, number)
    except OSError:
        pass


def group(pid: int) -> int:
    """The group that a process is in, 0 when it is gone."""
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def excess(pid: int, memory: int, processes: int) -> tuple[str, int] | None:
    """Which limit a tree exceeds and what it uses: bytes of memory, or a number of processes."""
    everyone = [pid, *descendants(pid)]
    if len(everyone) > processes:
        return "processes", len(everyone)
    used = sum(resident(one) for one in everyone)
    if used > memory and len(everyone) > 1:
        used = sum(share(one) for one in everyone)
    return ("memory", used) if used > memory else None


def resident(pid: int) -> int:
    """Bytes of memory that are a process's own; what it shares with those it was forked from counts for each."""
    try:
        with open("/proc/%d/statm" % pid) as file:
            fields = file.read().split()
        return (int(fields[1]) - int(fields[2])) * PAGE
    except (OSError, IndexError):
        return 0


def share(pid: int) -> int:
    """Bytes of memory that a process takes, its part of what it shares with others; slower to find."""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    except (OSError, IndexError):
        return resident(pid)
