"""Folders that are made once and used by many: environments of packages, compiled programs, resolved versions.

A folder is named by its kind and a key, a digest of everything that it was made of, so it never changes. It is built
aside and gets its name in one step when it is complete; what a crash leaves behind is cleared away by the next builder.
Locks of the system say who builds and who uses an entry: they are dropped with their process. A builder's is shared
with the programs that it starts, so that nobody else builds before the last of them has ended.

    CACHE/KIND/KEY/files/       the folder
    CACHE/KIND/KEY/sizes.json   its files and their sizes: one that has lost something is made again
    CACHE/KIND/KEY/made.json    what it is, written last
    CACHE/building/             folders that are not complete
    CACHE/locks/KIND-KEY        of those who use an entry; its modification time tells when that was
    CACHE/locks/KIND-KEY.build  of who builds it
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flexwm_nb.server.environments import folders

LOOK = 0.05  # seconds between looks at a lock that another process holds
USED_EVERY = 60.0  # seconds between notes of the last use
MOST_NAMED = 4  # packages in an entry's description
MADE, SIZES, FILES, BUILDING, LOCKS = "made.json", "sizes.json", "files", "building", "locks"
BUILD = ".build"

Make = Callable[[Path, int], Awaitable[None]]  # fills a folder; programs that it starts inherit the descriptor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One complete folder."""

    kind: str
    key: str
    about: str  # for people
    size: int  # bytes
    used_at: float  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was cleared away."""

    removed: list[Entry]
    in_use: list[Entry]  # by an engine that runs


def key_of(*parts: str) -> str:
    """A key: the digest of what an entry is made of."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def about(tool: str, names: Sequence[str]) -> str:
    """What an entry holds, for people: the first packages by name, and how many more there are."""
    more = len(names) - MOST_NAMED
    return f"{tool}: {', '.join(names[:MOST_NAMED])}" + (f" and {more} more" if more > 0 else "")


class Cache:
    """One directory of entries, shared by every engine of a user. Kinds have no hyphen."""

    def __init__(self, directory: Path) -> None:
        """Nothing is made before the first entry is."""
        self.directory = directory
        self._held: dict[tuple[str, str], int] = {}  # descriptors of the locks of entries that this process uses
        self._noted: dict[tuple[str, str], float] = {}
        self._builds: dict[tuple[str, str], asyncio.Task[Path]] = {}
        self._wanted: dict[tuple[str, str], int] = {}  # how many wait for a build

    def find(self, kind: str, key: str) -> Path | None:
        """The folder of an entry that is there, held in use from now on; one that was damaged is not there."""
        name = (kind, key)
        made = self.directory / kind / key / MADE
        if not made.exists():
            self._let_go(name)
            return None
        if name not in self._held and not self._take_up(name):
            return None
        now = time.monotonic()
        if now - self._noted.get(name, -USED_EVERY) >= USED_EVERY:
            self._noted[name] = now
            with suppress(OSError):
                os.utime(self._held[name])
        return made.parent / FILES

    async def get(self, kind: str, key: str, make: Make, *, about: str) -> Path:
        """The folder of an entry, made where it is not there: once, however many ask.

        Whatever `make` raises is raised, and nothing of it stays. When nobody waits any more, the making is cancelled.
        """
        name = (kind, key)
        found = self.find(kind, key) if name in self._held else await asyncio.to_thread(self.find, kind, key)
        if found is not None:
            return found
        task = self._builds.get(name)
        if task is None:
            task = self._builds[name] = asyncio.ensure_future(self._build(name, make, about))
            task.add_done_callback(lambda done: self._builds.pop(name, None))
        self._wanted[name] = self._wanted.get(name, 0) + 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._wanted[name] == 1:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
            raise
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name]

    def entries(self) -> list[Entry]:
        """Everything that is complete, the one used last first."""
        found = []
        for made in self.directory.glob(f"*/*/{MADE}"):
            with suppress(OSError, ValueError, KeyError):
                facts = json.loads(made.read_text())
                kind, key = made.parts[-3:-1]
                lock = self.directory / LOCKS / f"{kind}-{key}"
                used_at = (lock if lock.exists() else made).stat().st_mtime
                found.append(Entry(kind=kind, key=key, about=facts["about"], size=facts["size"], used_at=used_at))
        return sorted(found, key=lambda entry: -entry.used_at)

    def prune(self, *, unused_for: float = 0.0) -> Pruned:
        """Remove what nobody uses and nobody has used for so many seconds, and what crashes left."""
        pruned = Pruned(removed=[], in_use=[])
        for entry in self.entries():
            if time.time() - entry.used_at < unused_for:
                continue
            with self._alone(entry.kind, entry.key) as alone:
                (pruned.removed if alone else pruned.in_use).append(entry)
                if alone:
                    self._discard(entry.kind, entry.key)
        for left in self._unfinished():
            kind, key = left.name.split("-")[:2]
            with self._alone(kind, key) as alone:
                if alone:
                    shutil.rmtree(left, ignore_errors=True)
        return pruned

    async def close(self) -> None:
        """Build and use no entry any more."""
        builds = list(self._builds.values())
        for build in builds:
            build.cancel()
        await asyncio.gather(*builds, return_exceptions=True)
        for name in list(self._held):
            self._let_go(name)

    async def _build(self, name: tuple[str, str], make: Make, about: str) -> Path:
        """Make an entry while no other process does."""
        lock = await self._right_to_build(name)
        try:
            if not self._is_complete(name):
                await self._make(name, make, about, lock)
            self._take_up(name)
        finally:
            os.close(lock)
        return self.directory / name[0] / name[1] / FILES

    async def _right_to_build(self, name: tuple[str, str]) -> int:
        """The right to build an entry."""
        while (lock := folders.lock(self._lock_file(name, BUILD), fcntl.LOCK_EX)) is None:
            await asyncio.sleep(LOOK)
        return lock

    async def _make(self, name: tuple[str, str], make: Make, about: str, lock: int) -> None:
        """Build aside, then publish in one step."""
        kind, key = name
        target = self.directory / kind / key
        await asyncio.to_thread(self._clear, name)
        aside = self.directory / BUILDING / f"{kind}-{key}-{secrets.token_hex(4)}"
        folders.make(aside / FILES)
        folders.make(target.parent)
        try:
            await make(aside / FILES, lock)
            sizes = await asyncio.to_thread(folders.measure, aside / FILES)
            folders.write_durably(aside / SIZES, json.dumps(sizes))
            folders.write_durably(aside / MADE, json.dumps({"about": about, "size": sum(sizes.values())}))
            aside.rename(target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise

    def _clear(self, name: tuple[str, str]) -> None:
        """Remove what is damaged or was left by a crash; the lock is held."""
        kind, key = name
        for left in self._unfinished():
            if left.name.startswith(f"{kind}-{key}-"):
                shutil.rmtree(left, ignore_errors=True)
        self._discard(kind, key)

    def _unfinished(self) -> list[Path]:
        folder = self.directory / BUILDING
        return list(folder.iterdir()) if folder.is_dir() else []

    def _discard(self, kind: str, key: str) -> None:
        """Take an entry's name away in one step, then remove it; the lock is held."""
        target, aside = self.directory / kind / key, self.directory / BUILDING / f"{kind}-{key}-{secrets.token_hex(4)}"
        if not target.exists():
            return
        folders.make(aside.parent)
        target.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

    def _take_up(self, name: tuple[str, str]) -> bool:
        """Hold a complete entry in use; whether that is possible."""
        lock = folders.lock(self._lock_file(name), fcntl.LOCK_SH)
        if lock is None:
            return False
        if not self._is_complete(name):
            os.close(lock)
            return False
        self._hold(name, lock)
        return True

    def _hold(self, name: tuple[str, str], lock: int) -> None:
        if self._held.setdefault(name, lock) != lock:
            os.close(lock)

    def _let_go(self, name: tuple[str, str]) -> None:
        lock = self._held.pop(name, None)
        if lock is not None:
            os.close(lock)

    def _is_complete(self, entry_name: tuple[str, str]) -> bool:
        """Whether an entry is there, with everything that it had when it was made."""
        entry = self.directory.joinpath(*entry_name)
        try:
            sizes = json.loads((entry / SIZES).read_text())
            if (entry / MADE).exists() and all(
                folders.size(f"{entry}/{FILES}/{name}") == sizes[name] for name in sizes
            ):
                return True
        except (OSError, ValueError, AttributeError):
            if not entry.exists():
                return False
        log.warning("%s is damaged: it is made again", entry)
        return False

    @contextmanager
    def _alone(self, kind: str, key: str) -> Iterator[bool]:
        """Hold both locks of an entry that nobody else builds or uses, and remove their files; whether that is so."""
        paths = [self._lock_file((kind, key), BUILD), self._lock_file((kind, key))]
        locks = [folders.lock(path, fcntl.LOCK_EX) for path in paths]
        alone = None not in locks
        try:
            yield alone
            for path in paths if alone else ():
                path.unlink(missing_ok=True)
        finally:
            for lock in locks:
                if lock is not None:
                    os.close(lock)

    def _lock_file(self, name: tuple[str, str], what: str = "") -> Path:
        return self.directory / LOCKS / f"{name[0]}-{name[1]}{what}"
