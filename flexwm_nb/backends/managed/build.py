"""The build of Windmill from its source, by cargo: checked first, followed, cancellable, kept by its revision."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from flexwm_nb.backends.managed.binary import Binary, verify
from flexwm_nb.backends.managed.sources import PROGRAM, Source, missing_libraries, missing_tools
from flexwm_nb.backends.process import open_log, read_tail
from flexwm_nb.errors import BuildCanceled, BuildFailed, BuildImpossible

LOG = "build.log"
PRIVATE_FOLDER = 0o700
ENDING = 10.0  # seconds that cargo may take to stop
FULL = "No space left on device"
BUILT = "built"  # the origin of such a binary


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProgress:
    """How far a build is."""

    compiled: int
    total: int
    crate: str

    def __str__(self) -> str:
        """In a few words."""
        return f"{self.compiled} of {self.total} crates · {self.crate}"


Progress = Callable[[BuildProgress], None]


class Builds:
    """The builds in one folder: `REVISION-FEATURES/windmill` each, the work between them, and the log of the last."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made yet."""
        self._folder = folder

    @property
    def log(self) -> Path:
        """What cargo said last."""
        return self._folder / LOG

    def cached(self, source: Source | None) -> Path | None:
        """The program built from this source as it is now; without a source the newest of all."""
        if source is not None:
            place = self._place(source)
            return place if place.is_file() else None
        built = sorted(self._folder.glob(f"*/{PROGRAM}"), key=lambda path: path.stat().st_mtime)
        return built[-1] if built else None

    def build(self, source: Source, progress: Progress, cancelled: threading.Event) -> Binary:
        """Build and keep it. Raises BuildImpossible, BuildFailed, BuildCanceled and BinaryUnusable."""
        self._folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self._check(missing_tools(source, self._folder))
        crates = self._crates(source)
        self._check(missing_libraries(crate.split()[0] for crate in crates))
        made = self._compile(source, len(crates), progress, cancelled)
        verify(made, BUILT)
        place = self._place(source)
        place.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        draft = place.with_suffix(".new")
        shutil.copyfile(made, draft)
        draft.chmod(PRIVATE_FOLDER)
        draft.replace(place)
        return verify(place, BUILT)

    def _place(self, source: Source) -> Path:
        """Where the program of a source belongs."""
        features = sha256(",".join(source.features).encode()).hexdigest()[:6]
        return self._folder / f"{source.revision}-{features}" / PROGRAM

    @staticmethod
    def _check(missing: list[str]) -> None:
        if missing:
            listed = "; ".join(missing)
            raise BuildImpossible(why=f"missing: {listed}", remedy="Install what is missing", missing=missing)

    def _crates(self, source: Source) -> set[str]:
        """The names and versions of all crates of the build, fetched where needed. Raises BuildFailed."""
        command = ["cargo", "tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
        ran = subprocess.run(
            [*command, *_features(source)],
            cwd=source.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise BuildFailed("The crates of the build cannot be fetched", why=_reason(ran.stderr), log=ran.stderr)
        return {" ".join(line.split()[:2]) for line in ran.stdout.splitlines() if line}

    def _compile(self, source: Source, total: int, progress: Progress, cancelled: threading.Event) -> Path:
        """Run cargo; where the program is. Raises BuildFailed and BuildCanceled."""
        command = ["cargo", "build", "--release", "--bin", PROGRAM, "--message-format", "json-render-diagnostics"]
        output = open_log(self.log)
        begin = os.fstat(output).st_size
        try:
            cargo = subprocess.Popen(
                [*command, *_features(source)],
                cwd=source.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        finally:
            os.close(output)
        made: Path | None = None
        with cargo, _ending(cargo, cancelled):
            assert cargo.stdout is not None
            compiled: set[str] = set()
            for message in _messages(cargo.stdout):
                compiled.add(message["package_id"])
                progress(BuildProgress(compiled=len(compiled), total=total, crate=message["target"]["name"]))
                made = Path(message["executable"]) if message.get("executable") else made
            cargo.wait()
        if cancelled.is_set():
            raise BuildCanceled(log=str(self.log))
        if cargo.returncode != 0 or made is None:
            log = read_tail(self.log, begin)
            why = FULL if FULL in log else _reason(log)
            raise BuildFailed(why=f"{why} (see {self.log})", log=log)
        return made

    def _environment(self) -> dict[str, str]:
        """Ours, with what the build needs: the queries in the source were checked when it was released."""
        return {**os.environ, "SQLX_OFFLINE": "true", "CARGO_TARGET_DIR": str(self._folder / "target")}


@contextlib.contextmanager
def _ending(cargo: subprocess.Popen[str], cancelled: threading.Event) -> Iterator[None]:
    """Cargo is stopped, with the compilers that it started, when that is wanted or something goes wrong here."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            if cancelled.is_set():
                _stop(cargo)
                return

    watcher = threading.Thread(target=watch, name="flexwm-build", daemon=True)
    watcher.start()
    try:
        yield
    except BaseException:
        _stop(cargo)
        raise
    finally:
        done.set()
        watcher.join()


def _stop(cargo: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(cargo.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        cargo.wait(ENDING)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(cargo.pid, signal.SIGKILL)


def _messages(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What cargo says of each thing that it has made."""
    for line in lines:
        if line.startswith("{"):
            message = json.loads(line)
            if message.get("reason") == "compiler-artifact":
                yield message


def _features(source: Source) -> list[str]:
    return ["--features", ",".join(source.features)] if source.features else []


def _reason(log: str) -> str:
    """The line of cargo's log that says why it ended."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("error")), lines[-1] if lines else "cargo said nothing")
