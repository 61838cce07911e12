"""Attempts of jobs to get at what is not theirs, and what became of them at each level.

`python -m tests.unit.server.isolation.escapes` tries them all and writes the table of the isolation's README.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil

import flexwm_nb.server.isolation
from flexwm_nb.server.isolation import landlock
from flexwm_nb.server.isolation.confinement import Confinement
from flexwm_nb.server.isolation.levels import find
from flexwm_nb.server.isolation.limits import Limits
from flexwm_nb.server.isolation.policy import Places, Wish
from flexwm_nb.server.runners.base import Outcome, RunRequest
from flexwm_nb.server.runners.registry import Runners

README = Path(flexwm_nb.server.isolation.__file__).with_name("README.md")
WISHES = {
    "plain": Wish(isolation="plain"),
    "landlock": Wish(isolation="landlock"),
    "bubblewrap": Wish(isolation="bubblewrap"),
    "required": Wish(isolation="required"),
}
HELD, POSSIBLE, REFUSED = "held", "possible", "refused"
MEGABYTE = 1 << 20
SMALL = Limits(memory_bytes=300 * MEGABYTE, processes=60, open_files=64, file_bytes=MEGABYTE, output_bytes=MEGABYTE)
SIGNALS_FROM = 6  # version of Landlock that keeps signals in


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `source` is the body of a job's main that raises or returns false where it is held."""

    name: str
    source: str
    closed: bool = False  # with network = none
    alone: bool = False  # nothing else runs meanwhile
    signals: bool = False  # held by newer versions of Landlock
    varies: bool = False  # systems differ in whether they let plain processes do it
    reaches: str = ""  # the file below the home folder that is written to, where it comes to that


READ = "return len(open({path!r}, 'rb').read()) > 0"
LEAVES = """
import subprocess, sys
code = "import os, time\\nif os.fork(): os._exit(0)\\nos.setsid()\\nif os.fork(): os._exit(0)\\n" \\
    "os.closerange(0, 64)\\ntime.sleep(300)"
subprocess.run([sys.executable, "-c", code])
return True"""
BOMB = """
import os, time
end = time.monotonic() + 3
while time.monotonic() < end:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
os._exit(0)"""
HOARD = """
import os, time
for _ in range(5):
    if not os.fork():
        data = bytearray(os.urandom(1 << 20)) * 100
        time.sleep(60)
time.sleep(60)"""
TALK = """
import sys
while True:
    sys.stdout.write('x' * (1 << 20) + '\\n')"""
ATTEMPTS = (
    Attempt("read the engine's store", "return len(open(store + '/store.db').read()) > 0"),
    Attempt("write to the engine's store", "open(store + '/store.db', 'a').write(me)", reaches="store/store.db"),
    Attempt("truncate the engine's store", "import os; os.truncate(store + '/lost.db', 0); return True"),
    Attempt("see the names of the store's files", "import os; return 'store.db' in os.listdir(store)"),
    Attempt("read the folder of another job", "return len(open(other + '/own.txt').read()) > 0"),
    Attempt("write to the folder of another job", "open(other + '/planted.txt', 'w').write('x'); return True"),
    Attempt("read what another flow's steps share", "return len(open(shared + '/shared.txt').read()) > 0"),
    Attempt("read a key in ~/.ssh", "return len(open(home + '/.ssh/id_ed25519').read()) > 0"),
    Attempt("add a key to ~/.ssh", "open(home + '/.ssh/new', 'w').write(me)", reaches=".ssh/new"),
    Attempt("read a data file of yours", "return len(open(home + '/project/data.csv').read()) > 0"),
    Attempt(
        "write a data file to a folder of yours", "open(home + '/project/new', 'w').write(me)", reaches="project/new"
    ),
    Attempt("make a file in the home folder itself", "open(home + '/new', 'w').write(me)", reaches="new"),
    Attempt("see what other programs run", "import os; return os.path.exists('/proc/%d' % victim)"),
    Attempt("signal another program of yours", "import os; os.kill(victim, 0); return True", signals=True),
    Attempt("signal another job", "import os; os.kill(job, 0); return True", signals=True),
    Attempt("read the environment of the engine", "return len(open('/proc/%d/environ' % engine, 'rb').read()) > 0"),
    Attempt("read the environment of another job", "return len(open('/proc/%d/environ' % job, 'rb').read()) > 0"),
    Attempt(
        "trace another job",
        "import ctypes; c = ctypes.CDLL(None); found = c.ptrace(16, job, 0, 0); c.ptrace(17, job, 0, 0)\n"
        "return found == 0",
        varies=True,
    ),
    Attempt(
        "make namespaces, mount file systems",
        "import ctypes; return ctypes.CDLL(None).unshare(0x10020000) == 0",
        varies=True,
    ),
    Attempt("network = none: connect by TCP", "import socket; socket.create_connection(tcp, 2); return True", True),
    Attempt(
        "network = none: send by UDP",
        "import socket, time; s = socket.socket(2, socket.SOCK_DGRAM); s.connect(udp)\n"
        "for _ in range(3): s.send(b'x'); time.sleep(0.05)  # the second one meets the refusal\nreturn True",
        True,
    ),
    Attempt(
        "network = none: use a Unix socket of another program",
        "import socket; socket.socket(1).connect(unix); return True",
        True,
    ),
    Attempt("leave a daemon behind", LEAVES, alone=True),
    Attempt("start processes without end", BOMB, alone=True),
    Attempt("use more memory than its limit, by several processes", HOARD, alone=True),
    Attempt("write a file larger than its limit", "open('large', 'wb').write(bytes(2 << 20)); return True"),
    Attempt(
        "fill the disk with many files", "[open(str(n), 'wb').write(bytes(1 << 19)) for n in range(8)]; return True"
    ),
    Attempt("open more files than its limit", "kept = [open('/dev/null') for _ in range(100)]; return True"),
    Attempt("write output without end", TALK, alone=True),
)


@cache
def tried(column: str) -> dict[str, str]:
    """All attempts at one level."""
    wish = WISHES[column]
    found: dict[str, str] = {}
    with scene() as facts:
        for closed in (False, True):
            chosen = [attempt for attempt in ATTEMPTS if attempt.closed is closed]
            asked = replace(wish, network=() if closed else None)
            found |= asyncio.run(act(asked, facts, chosen))
    return found


@contextmanager
def scene() -> Any:
    """A home folder with secrets and data, a store, a program that runs, and listening sockets."""
    with tempfile.TemporaryDirectory(prefix="escapes-") as folder:
        home, store = Path(folder) / "home", Path(folder) / "home" / "store"
        for name in (".ssh", "project", "store/jobs", "store/shared/flow"):
            (home / name).mkdir(parents=True)
        files = (
            ".ssh/id_ed25519",
            "project/data.csv",
            "store/store.db",
            "store/lost.db",
            "store/shared/flow/shared.txt",
        )
        for name in files:
            (home / name).write_text("something")
        before, os.environ["HOME"] = os.environ.get("HOME", "/"), str(home)
        victim = subprocess.Popen(["sleep", "300"])
        tcp, udp, unix = socket.socket(), socket.socket(type=socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(Path(folder) / "socket"))
        unix.listen()
        try:
            yield {
                "home": str(home),
                "store": str(store),
                "shared": str(store / "shared" / "flow"),
                "victim": victim.pid,
                "engine": os.getpid(),
                "tcp": tcp.getsockname(),
                "udp": udp.getsockname(),
                "unix": unix.getsockname(),
            }
        finally:
            os.environ["HOME"] = before
            victim.kill()
            victim.wait()
            for opened in (tcp, udp, unix):
                opened.close()


def confinement_of(wish: Wish, store: Path) -> Confinement:
    """What an engine on this store would be told."""
    places = Places(store=store, jobs=store / "jobs", shared=store / "shared", socket=store.parent / "run" / "s.sock")
    return Confinement(wish, places)


async def with_runners(wish: Wish, store: Path, action: Callable[[Runners], Awaitable[Any]]) -> Any:
    """Act with runners that hold jobs so."""
    runners = Runners(store / "jobs", confinement=confinement_of(wish, store))
    await runners.start()
    try:
        return await action(runners)
    finally:
        await runners.close()


def request(source: str, facts: dict[str, Any], limits: Limits = SMALL) -> RunRequest:
    """A job that tries."""
    lines = "".join(f"{name} = {value!r}\n" for name, value in facts.items())
    body = source.strip("\n").replace("\n", "\n    ")
    content = f"{lines}def main():\n    {body}\n"
    environment = {"PATH": os.environ["PATH"], "HOME": facts["home"]}
    return RunRequest(
        job_id="0",
        language="python3",
        content=content,
        path=None,
        arguments="{}",
        environment=environment,
        limits=limits,
    )


async def launch(runners: Runners, wanted: RunRequest, log: list[str]) -> Any:
    """Start a job."""
    job = await runners.prepare(wanted, log.append)
    job.begin()
    return job


async def act(wish: Wish, facts: dict[str, Any], attempts: list[Attempt]) -> dict[str, str]:
    """Try at one level, beside another job that runs."""

    async def action(runners: Runners) -> dict[str, str]:
        if runners.confinement.refusal is not None:
            return {attempt.name: REFUSED for attempt in attempts}
        log: list[str] = []
        source = "import time, os; open('own.txt', 'w').write('x'); print(os.getcwd(), flush=True); time.sleep(300)"
        other = await launch(runners, request(source, facts, Limits()), log)
        for _ in range(1000):
            if "job-" in "".join(log):
                break
            await asyncio.sleep(0.01)
        assert "job-" in "".join(log), (await other.outcome()).result
        known = {**facts, "other": "".join(log).rpartition("\n")[2].strip(), "job": other.pid}
        found = {}
        for attempt in attempts:
            job = await launch(runners, request(attempt.source, {**known, "me": attempt.name}), [])
            outcome = await asyncio.wait_for(job.outcome(), 60)
            found[attempt.name] = await verdict(attempt, outcome, runners, Path(facts["home"]))
        other.terminate("the end")
        await other.outcome()
        return found

    done: dict[str, str] = await with_runners(wish, Path(facts["store"]), action)
    return done


async def verdict(attempt: Attempt, outcome: Outcome, runners: Runners, home: Path) -> str:
    """Whether an attempt was held; of what runs alone nothing may be left."""
    if attempt.reaches:
        file = home / attempt.reaches
        return POSSIBLE if file.exists() and attempt.name in file.read_text() else HELD
    if not attempt.alone:
        return POSSIBLE if (outcome.success, outcome.result) == (True, "true") else HELD
    for _ in range(200):
        if runs(runners) <= waiting(runners) + 1:  # the other job
            return HELD
        await asyncio.sleep(0.05)
    return POSSIBLE


def waiting(runners: Runners) -> int:
    """Processes that are there without any job: the zygote, two spares, and a sandbox's own two."""
    return 5 if runners.confinement.level == "bubblewrap" else 3


def runs(runners: Runners) -> int:
    """Processes below the zygotes, these included."""
    zygotes = [psutil.Process(zygote.process.pid) for zygote in runners._zygotes.values()]
    return sum(1 + len(zygote.children(recursive=True)) for zygote in zygotes)


def expected() -> dict[tuple[str, str], str]:
    """What the README promises: (attempt, column) -> held, possible or refused."""
    rows = [line.strip("| ").split(" | ") for line in README.read_text().splitlines() if line.startswith("| ")]
    columns = next(row for row in rows if row[0] == "a job's attempt to")[1:]
    known = {attempt.name for attempt in ATTEMPTS}
    return {
        (row[0], column): cell.strip("* ")
        for row in rows
        if row[0] in known
        for column, cell in zip(columns, row[1:], strict=True)
    }


def table() -> str:
    """The table, as it is found here."""
    lines = ["| a job's attempt to | " + " | ".join(WISHES) + " |", "| --- " * (1 + len(WISHES)) + "|"]
    for attempt in ATTEMPTS:
        cells = [tried(column)[attempt.name] for column in WISHES]
        lines.append(
            f"| {attempt.name} | " + " | ".join(HELD if cell == HELD else f"*{cell}*" for cell in cells) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    """Write the table."""
    lacking = [str(lack) for wish in WISHES.values() for lack in find(wish).lacks]
    if lacking or landlock.abi() < SIGNALS_FROM:
        sys.exit(f"The table is made where every level is to be had. {'; '.join(lacking) or 'Landlock is too old'}")
    text = re.sub(r"\| a job's attempt to .*?\n\n", lambda _: table() + "\n\n", README.read_text(), flags=re.DOTALL)
    README.write_text(text)


if __name__ == "__main__":
    main()
