"""Go scripts built to programs, with the modules that they import; kept in the cache by what they were made of.

A lock is go.mod, a line `//go.sum` and go.sum, as on Windmill. Modules and compiled packages themselves are in Go's own
caches, which are safe for concurrent use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flexwm_nb.server.environments.cache import Cache, key_of
from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.imports import remarks
from flexwm_nb.server.runners.stages import Stage, tool_environment
from flexwm_nb.signatures import trees

KIND = "go"
PROGRAM, MODULE = "program", "mymod"
SEPARATOR = "//go.sum\n"
REQUIRE = "require "
WRAPPER = Path(__file__).parents[1] / "runners" / "programs" / "main.go"
SETUP = "\n\n--- GO DEPENDENCIES SETUP ---\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoSources:
    """Everything that a program is made of."""

    content: str
    runner: str  # calls the script's main with the parsed arguments
    lock: str | None
    required: tuple[str, ...]  # `module version`
    version: str  # of the language
    toolchain: str

    @property
    def key(self) -> str:
        """What the program is kept under."""
        parts = (self.content, self.runner, self.lock or "", *self.required, self.version, self.toolchain)
        return key_of(WRAPPER.read_text(), *parts)


def find(cache: Cache, sources: GoSources) -> Path | None:
    """The program, when it has been built."""
    folder = cache.find(KIND, sources.key)
    return None if folder is None else folder / PROGRAM


async def build(cache: Cache, go: str, sources: GoSources, stage: Stage, *, about: str) -> Path:
    """The program, built where it is not there. Raises ToolFailed, and RunnerError for a lock that is none."""

    async def make(folder: Path, lock: int) -> None:
        """Build in that folder."""
        place(folder, sources)
        environment = {**tool_environment(), "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
        stage.note(SETUP)
        if not sources.lock and needs_modules(sources.content):
            await stage.run("go mod tidy", [go, "mod", "tidy"], folder, environment, inherit=[lock])
        command = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", PROGRAM, "main.go"]
        await stage.run("go build", command, folder, environment, inherit=[lock])

    return await cache.get(KIND, sources.key, make, about=about) / PROGRAM


def place(folder: Path, sources: GoSources) -> None:
    """Write the sources and the module's description. Raises RunnerError."""
    inner = folder / "inner"
    inner.mkdir()
    (inner / "inner_main.go").write_text(sources.content)
    (inner / "runner.go").write_text(sources.runner)
    (folder / "main.go").write_text(WRAPPER.read_text())
    if sources.lock:
        described, separator, sums = sources.lock.partition(SEPARATOR)
        if not separator:
            raise RunnerError("Error: Invalid lockfile, expected go.mod and //go.sum. Register the script again")
        (folder / "go.mod").write_text(described)
        (folder / "go.sum").write_text(sums)
        return
    required = "".join(f"\nrequire {line}\n" for line in sources.required)
    (folder / "go.mod").write_text(f"module {MODULE}\n\ngo {sources.version}\n{required}")


def needs_modules(content: str) -> bool:
    """Whether anything beside the standard library is wanted: its packages have no dot in their first part."""
    return bool(required(content)) or any("." in name.partition("/")[0] for name in imported(content))


def required(content: str) -> tuple[str, ...]:
    """The modules that comments `//require MODULE VERSION` name."""
    return tuple(note.removeprefix(REQUIRE) for note in remarks(content) if note.startswith(REQUIRE))


def imported(content: str) -> list[str]:
    """The packages that a source imports."""
    specs = (node for node in trees.walk(trees.parse("go", content)) if node.type == "import_spec")
    return [trees.text(spec.child_by_field_name("path")).strip('"`') for spec in specs]


def lock_in(folder: Path) -> str:
    """The lock of what was built in a folder."""
    sums = folder / "go.sum"
    return f"{(folder / 'go.mod').read_text()}{SEPARATOR}{sums.read_text() if sums.exists() else ''}"
