"""The languages of this engine, and the warm processes that run them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from flexwm_nb.server.environments.cache import Cache
from flexwm_nb.server.isolation.confinement import Confinement
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Kept, Outcome, Runner, RunnerError, RunRequest
from flexwm_nb.server.runners.bash import Bash
from flexwm_nb.server.runners.bun import Bun, Native
from flexwm_nb.server.runners.deno import Deno
from flexwm_nb.server.runners.go import Go
from flexwm_nb.server.runners.kept import AheadJob, KeptJob, Pool
from flexwm_nb.server.runners.output import Output
from flexwm_nb.server.runners.php import Php
from flexwm_nb.server.runners.process import RunningJob
from flexwm_nb.server.runners.python3 import Python3
from flexwm_nb.server.runners.sql_scripts import Sql
from flexwm_nb.server.runners.stages import Begun, LockingJob, StagedJob
from flexwm_nb.server.runners.zygotes import Spare, Zygote, remove_directory

RUNNERS: tuple[type[Runner], ...] = (Python3, Bash, Bun, Native, Deno, Go, Php, Sql)
MOST_ZYGOTES = 12  # of different interpreters, unless they are all at work
SPARES = 2  # children that wait for jobs, for each interpreter
ATTEMPTS = 3  # to find a living zygote
SHARED = "shared"  # the directory of jobs on the same worker
PRIVATE = 0o700
ENTERPRISE = frozenset({"bigquery", "mssql", "oracledb", "snowflake"})  # that Windmill's community edition lacks


def elsewhere(language: str, here: Collection[str]) -> str:
    """Where a language runs that does not run here."""
    edition = "of the enterprise edition " if language in ENTERPRISE else ""
    return (
        f"{language} is not on this engine, which runs {', '.join(sorted(here))}. "
        f"A Windmill {edition}runs it: %windmill_connect URL"
    )


class RefusedJob:
    """A job that never got a process."""

    pid: int | None = None
    stream = ""

    def __init__(self, text: str, step: str | None) -> None:
        """The outcome is an error with this text."""
        self._outcome = Outcome(success=False, result=failures.execution(text, step=step))

    def begin(self) -> None:
        """Nothing runs."""

    async def outcome(self) -> Outcome:
        """The error."""
        return self._outcome

    def terminate(self, reason: str, *, grace: float = 0.0) -> None:
        """Nothing runs."""


class Runners:
    """Runs jobs, one process each."""

    def __init__(
        self,
        directory: Path,
        cache: Cache | None = None,
        *,
        spares: int = SPARES,
        confinement: Confinement | None = None,
    ) -> None:
        """Give jobs their directories below `directory`; what they need is kept in the cache, by default beside it.

        Without a confinement they are plain processes.
        """
        self._directory, self._count = directory, spares
        self.confinement = confinement or Confinement.plain(directory)
        self._zygotes: dict[str, Zygote] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._closed = False
        self._pool = Pool(self._child)
        self._cache = cache or Cache(directory.parent / "cache")
        made = [kind(self._cache) for kind in RUNNERS]
        self._by_language = {language: runner for runner in made for language in runner.languages}

    @property
    def languages(self) -> frozenset[str]:
        """What runs here."""
        return frozenset(self._by_language)

    async def start(self) -> None:
        """Clear what an earlier server left, and warm up this interpreter."""
        for folder in (self._directory, self._directory.parent / SHARED):
            folder.mkdir(mode=PRIVATE, exist_ok=True)
        await self.confinement.start()
        for left in self._directory.iterdir():
            remove_directory(left)
        if self.confinement.refusal is None:
            self._zygote(sys.executable)

    async def close(self) -> None:
        """End every job and process, and start none any more."""
        self._closed = True
        await asyncio.gather(*self._closing, *(zygote.close() for zygote in self._zygotes.values()))
        for left in self._directory.iterdir():
            remove_directory(left)
        await self._cache.close()
        self.confinement.close()

    def listen_at(self, port: int) -> None:
        """Let jobs reach the engine's interface at this port, also in a closed network."""
        self.confinement.engine_port = port
        for zygote in self._zygotes.values():
            if doors := self.confinement.doors():
                zygote.open(doors)

    def grace(self, language: str) -> tuple[float, str]:
        """Seconds between SIGTERM and SIGKILL for a language, 0 = SIGKILL at once; and what the log then says."""
        runner = self._by_language.get(language)
        return (runner.grace, runner.farewell) if runner else (0.0, "")

    async def prepare(self, request: RunRequest, on_output: Callable[[str], None]) -> Begun:
        """Get a job ready on a process; it runs when told to `begin`. `on_output` gets text for its log."""
        runner = self._by_language.get(request.language)
        step = request.flow_step_id
        if runner is None:
            return RefusedJob(elsewhere(request.language, self.languages), step)
        if self.confinement.refusal is not None:
            return RefusedJob(self.confinement.refusal, step)
        output = Output(on_output, limit=request.limits.output_bytes, tail=request.log_head)

        async def place(settled: RunRequest) -> Begun:
            """Get it ready."""
            return await self._place(settled, runner, output)

        try:
            settled = runner.settle(request)
        except RunnerError as error:
            return RefusedJob(str(error), step)
        return await place(settled) if settled is not None else StagedJob(request, runner, output, place)

    def needs_lock(self, language: str, content: str, path: str | None) -> bool:
        """Whether versions have to be found for a script that is registered without a lock."""
        runner = self._by_language.get(language)
        return runner is not None and runner.needs_lock(content, path)

    async def is_outdated(self, language: str, lock: str, interpreter: str | None) -> bool:
        """Whether a lock has other versions than the interpreter that it was found for has now."""
        runner = self._by_language.get(language)
        return runner is not None and await runner.is_outdated(lock, interpreter)

    def prepare_lock(self, request: RunRequest, on_output: Callable[[str], None]) -> Begun:
        """Get a job ready that finds the lock of a script, which becomes its result."""
        runner = self._by_language[request.language]
        return LockingJob(request, runner, Output(on_output, limit=request.limits.output_bytes))

    async def _place(self, request: RunRequest, runner: Runner, output: Output) -> Begun:
        """The job on a process that has its order."""
        try:
            order, kept = runner.order(request), runner.kept(request)
            output.note(runner.banner(request))
            job = await self._on_process(request, runner, output, kept)
        except RunnerError as error:
            return RefusedJob(str(error), request.flow_step_id)
        except OSError as error:
            return RefusedJob(f"no process can be started: {error}", request.flow_step_id)
        if request.shared is not None and kept is None:
            order["shared"] = str(self._shared_directory(request.shared))
        await job.order(order)
        return job

    async def _on_process(self, request: RunRequest, runner: Runner, output: Output, kept: Kept | None) -> RunningJob:
        """The job with a process of its own, or with the prospect of one that is kept. Raises OSError."""
        if kept is not None and request.shared is not None:
            kept = self._sharing(kept, request.shared)
        if kept is not None and not kept.single_use:
            return KeptJob(request, runner, output, self._pool, kept)
        if kept is not None:
            job = AheadJob(request, runner, output, self._pool, kept, lambda folder: self._furnish(folder, request))
            await job.take()
            return job
        zygote, spare = await self._child(request.interpreter)
        self._furnish(spare.directory, request)
        fresh = RunningJob(request, runner, output)
        fresh.attach(zygote, spare)
        return fresh

    def _furnish(self, folder: Path, request: RunRequest) -> None:
        """Put in a job's directory what it shares with others."""
        if request.shared is not None:
            (folder / SHARED).symlink_to(self._shared_directory(request.shared))

    def _sharing(self, kept: Kept, shared: str) -> Kept:
        """The kind of process that may also use this shared directory; its cage is closed before the job comes."""
        order = {**kept.order, "shared": str(self._shared_directory(shared))}
        return replace(kept, key=f"{kept.key} {shared}", order=order, ahead=0)

    async def _child(self, interpreter: str | None) -> tuple[Zygote, Spare]:
        """A child of an interpreter's zygote; another zygote is started when one has ended. Raises OSError."""
        for attempt in range(ATTEMPTS):
            zygote = self._zygote(interpreter or sys.executable)
            try:
                return zygote, await zygote.take()
            except ConnectionError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _shared_directory(self, name: str) -> Path:
        """The directory that jobs share, made when the first one needs it."""
        path = self._directory.parent / SHARED / name
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        return path

    def remove_shared(self, name: str) -> None:
        """Remove a directory that jobs shared."""
        path = self._directory.parent / SHARED / name
        if path.exists():
            asyncio.get_running_loop().run_in_executor(None, remove_directory, path)

    def _zygote(self, interpreter: str) -> Zygote:
        """The interpreter's zygote, started where none runs; those used last stand last. Raises OSError."""
        if self._closed:
            raise ConnectionError("the runners are closed")
        found = self._zygotes.pop(interpreter, None)
        if found is None or not found.alive:
            self._retire()
            found = Zygote(interpreter, self._directory, self._count, self.confinement)
        self._zygotes[interpreter] = found
        return found

    def _retire(self) -> None:
        """End a zygote that has nothing to do, the one that was used longest ago, where there are many."""
        idle = [name for name, zygote in self._zygotes.items() if name != sys.executable and zygote.is_idle]
        if len(self._zygotes) < MOST_ZYGOTES or not idle:
            return
        closing = asyncio.ensure_future(self._zygotes.pop(idle[0]).close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
