"""What TypeScript and JavaScript import: packages with their versions, and other scripts of the workspace.

Imported scripts are put beside the one that runs, under their own paths, and so is what they import. In their sources
the specifiers are rewritten: versions (`left-pad@1.3`) go, and `./other`, `../other` and `/f/folder/other` name files.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.signatures import trees

Scripts = Callable[[str], "str | None"]  # path -> source of a script of the workspace
ENTRY = "main.ts"
HINTS = ("import", "require", "export")
OF_SCRIPT = re.compile(r"\.{1,2}/|/[fu]/")
NPM = "npm:"
REMOTE = (NPM, "jsr:", "https:", "http:")
PACKAGE = re.compile(r"(@[^/@]+/[^/@]+|[^/@:]+)(?:@([^/]+))?(/.*)?")
BUILT_IN = frozenset(
    {
        "assert", "async_hooks", "buffer", "bun", "child_process", "cluster", "console", "constants", "crypto", "dgram",
        "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net",
        "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream",
        "string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi",
        "worker_threads", "zlib",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Import:
    """One specifier in a source: its place in bytes, between the quotes, and its text."""

    start: int
    end: int
    name: str


@dataclass(slots=True)
class Sources:
    """Everything that is to run."""

    files: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)  # name -> version
    built_in: set[str] = field(default_factory=set)  # modules of the runtime
    remote: set[str] = field(default_factory=set)  # what deno loads from elsewhere


@lru_cache(maxsize=256)
def find(content: str) -> tuple[Import, ...]:
    """Every specifier, those of types apart: they are gone when the script runs."""
    if not any(hint in content for hint in HINTS):
        return ()
    found = []
    for node in trees.walk(trees.parse("typescript", content)):
        literal = specifier(node)
        if literal is not None and (text := trees.child_of(literal, "string_fragment")) is not None:
            found.append(Import(text.start_byte, text.end_byte, trees.text(text)))
    return tuple(found)


def specifier(node: Any) -> Any:
    """The string that a node imports from, or None."""
    if node.type in ("import_statement", "export_statement"):
        erased = node.child_count > 1 and node.children[1].type == "type"
        return None if erased else node.child_by_field_name("source")
    if node.type == "call_expression" and node.children[0].text in (b"import", b"require"):
        arguments = trees.child_of(node, "arguments")
        return arguments and trees.child_of(arguments, "string")
    return None


def unpinned(content: str) -> str:
    """The source without the versions of the packages that it imports or exports from by a statement."""
    changes = []
    for node in trees.walk(trees.parse("typescript", content)):
        literal = node.child_by_field_name("source") if node.type in ("import_statement", "export_statement") else None
        if literal is None or (text := trees.child_of(literal, "string_fragment")) is None:
            continue
        name = trees.text(text)
        bare = name.removeprefix(NPM)
        package = None if OF_SCRIPT.match(bare) else PACKAGE.fullmatch(bare)
        if package is not None and package[2]:
            short = name[: len(name) - len(bare)] + package[1] + (package[3] or "")
            changes.append((Import(text.start_byte, text.end_byte, name), short))
    return rewritten(content, changes)


def gather(content: str, path: str | None, scripts: Scripts) -> Sources:
    """The script and all that it imports. Raises RunnerError for an imported script that is not there."""
    gathered = Sources()
    _add(gathered, ENTRY, content, path, scripts)
    return gathered


def _add(gathered: Sources, file: str, content: str, path: str | None, scripts: Scripts) -> None:
    """Put a source and what it imports among the files."""
    gathered.files[file] = content  # so that a cycle ends
    changes: list[tuple[Import, str]] = []
    for found in find(content):
        if OF_SCRIPT.match(found.name):
            wanted = absolute(found.name, path)
            changes.append((found, relative(wanted, file)))
            if f"{wanted}.ts" not in gathered.files:
                _add(gathered, f"{wanted}.ts", _read(wanted, found.name, scripts), wanted, scripts)
        elif found.name.startswith(("node:", "bun:")) or found.name.partition("/")[0] in BUILT_IN:
            gathered.built_in.add(found.name)
        elif found.name.startswith(REMOTE):
            gathered.remote.add(found.name)
        elif (package := PACKAGE.fullmatch(found.name)) is not None:
            name, version, inside = package.groups()
            if version or name not in gathered.packages:
                gathered.packages[name] = version or "latest"
            if version:
                changes.append((found, name + (inside or "")))
    gathered.files[file] = rewritten(content, changes)


def needs_others(content: str) -> bool:
    """Whether anything is imported that the runtime does not bring."""
    found = Sources()
    names = [one.name for one in find(content)]
    if any(OF_SCRIPT.match(name) for name in names):
        return True
    _add(found, ENTRY, content, None, lambda _: None)
    return bool(found.packages or found.remote)


def absolute(name: str, path: str | None) -> str:
    """The path of the script that a specifier in the script at `path` means."""
    if name.startswith("/"):
        whole = name[1:]
    elif path is None:
        raise RunnerError(f'Not found: "{name}" is beside a script, and this one has no path. Import /f/folder/script')
    else:
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    return whole.removesuffix(".ts")


def relative(wanted: str, file: str) -> str:
    """How a file imports the script at that path."""
    found = posixpath.relpath(f"{wanted}.ts", posixpath.dirname(file) or ".")
    return found if found.startswith(".") else f"./{found}"


def _read(path: str, name: str, scripts: Scripts) -> str:
    found = scripts(path)
    if found is None:
        raise RunnerError(f'Not found: Script {path}, which is imported as "{name}". Register it first')
    return found


def rewritten(content: str, changes: list[tuple[Import, str]]) -> str:
    """The source with other specifiers."""
    data = content.encode("utf-8", "replace")
    for found, name in sorted(changes, key=lambda change: -change[0].start):
        data = data[: found.start] + name.encode() + data[found.end :]
    return data.decode() if changes else content


def remarks(content: str, mark: str = "//") -> Iterator[str]:
    """The leading comments' text: Windmill's annotations are among them."""
    for line in content.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(mark):
            return
        if stripped:
            yield stripped[len(mark) :].strip()
