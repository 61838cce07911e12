"""A checkout of Windmill's source: where it is, what it is a version of, and what a build of it needs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flexwm_nb.errors import BuildImpossible

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLACE = Path("third_party/windmill/backend")  # below the current folder or one above it
PROGRAM = "windmill"
# Languages and what tools of others need; those that a checkout does not have are left out.
FEATURES = ("python", "deno_core", "quickjs", "mysql", "zip", "http_trigger")
SOURCES = (".rs", ".toml", ".lock", ".sql", ".json")
OLDEST_RUST = "1.85"  # for a source that names none
LEAST_DISK = 2 << 30  # bytes
LEAST_MEMORY = 4 << 30  # bytes
# crate -> what pkg-config calls the library that it needs, and what brings it on Debian and by Homebrew
LIBRARIES: Mapping[str, tuple[str, str, str]] = {
    "openssl-sys": ("openssl", "libssl-dev", "openssl@3"),
    "libxml": ("libxml-2.0", "libxml2-dev", "libxml2"),
    "samael": ("xmlsec1", "libxmlsec1-dev", "libxmlsec1"),
    "libffi-sys": ("libffi", "libffi-dev", "libffi"),
}
SHORT = 12  # digits of a revision


@dataclass(frozen=True, slots=True)
class Source:
    """A folder with a Cargo.toml that makes the program."""

    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """Its Cargo.toml. Raises BuildImpossible."""
        path = self.folder / "Cargo.toml"
        try:
            manifest: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            remedy = "Put a checkout of Windmill into third_party/windmill, or name its backend folder: --source"
            raise BuildImpossible(f"There is no source in {self.folder}", why=error.strerror, remedy=remedy) from None
        except ValueError as error:
            raise BuildImpossible(f"{path} cannot be read", why=str(error)) from None
        return manifest

    @property
    def features(self) -> tuple[str, ...]:
        """Those of the wanted features that it has."""
        known = self.manifest.get("features", {})
        return tuple(name for name in FEATURES if name in known)

    @property
    def rust(self) -> str:
        """The oldest compiler that builds it."""
        return str(self.manifest.get("package", {}).get("rust-version", OLDEST_RUST))

    @property
    def revision(self) -> str:
        """What it is a version of: its commit, and more where files differ from that."""
        commit = self._git("rev-parse", f"--short={SHORT}", "HEAD")
        changed = self._git("status", "--porcelain", "--", ".")
        if commit and not changed:
            return commit
        return f"{commit or 'source'}-{self._content()}"

    def _content(self) -> str:
        """A digest of the names, sizes and times of the files that go into a build."""
        digest = hashlib.sha256()
        for folder, names, files in os.walk(self.folder):
            names[:] = sorted(name for name in names if name not in ("target", ".git", "node_modules"))
            for name in sorted(files):
                if name.endswith(SOURCES):
                    path = Path(folder, name)
                    facts = path.stat()
                    digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:SHORT]

    def _git(self, *words: str) -> str | None:
        try:
            ran = subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return ran.stdout.strip()


def find_source(configured: Path | None) -> Source | None:
    """The configured source, else the one in third_party of this folder or of one above it."""
    if configured is not None:
        return Source(configured.expanduser().absolute())
    here = Path.cwd()
    found = (folder / PLACE for folder in (here, *here.parents))
    return next((Source(place) for place in found if (place / "Cargo.toml").is_file()), None)


def missing_tools(source: Source, folder: Path) -> list[str]:
    """What a build needs and this machine does not have, each with how to get it."""
    return [*_missing_rust(source), *_missing_linker(source), *_missing_room(folder)]


def missing_libraries(crates: Iterable[str]) -> list[str]:
    """The system's libraries that these crates need and that are not here."""
    needed = [LIBRARIES[name] for name in sorted(set(crates) & LIBRARIES.keys())]
    if not needed:
        return []
    if not shutil.which("pkg-config"):
        return [f"pkg-config ({_installing('pkg-config', 'pkgconf')})"]
    return [f"{name} ({_installing(debian, brew)})" for name, debian, brew in needed if not _has_library(name)]


def host() -> str:
    """What the compiler calls this machine."""
    found = re.search(r"host: (\S+)", _words(["rustc", "-vV"]))
    return found.group(1) if found else ""


def _missing_rust(source: Source) -> Iterable[str]:
    if not shutil.which("cargo"):
        yield "cargo (https://rustup.rs)"
        return
    version = _words(["rustc", "--version"])
    numbers = re.search(r"(\d+)\.(\d+)", version)
    if numbers is None:
        yield "rustc (https://rustup.rs)"
    elif tuple(map(int, numbers.groups())) < _parts(source.rust):
        yield f"rustc {source.rust} or newer, there is {numbers.group()} (rustup update)"


def _missing_linker(source: Source) -> Iterable[str]:
    """The linkers that the source's own cargo configuration names for this machine."""
    try:
        settings = tomllib.loads((source.folder / ".cargo" / "config.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return
    target = settings.get("target", {}).get(host(), {})
    named = re.findall(r"-fuse-ld=(\w+)", " ".join(target.get("rustflags", [])))
    for name in [target.get("linker"), *named]:
        if name and not any(map(shutil.which, (name, f"ld.{name}"))):
            yield f"{name} ({_installing(name, name)})"


def _missing_room(folder: Path) -> Iterable[str]:
    nearest = next(part for part in (folder, *folder.parents) if part.exists())
    free = shutil.disk_usage(nearest).free
    if free < LEAST_DISK:
        yield f"{LEAST_DISK >> 30} GiB of disk for {folder}, {free / (1 << 30):.1f} are free"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory < LEAST_MEMORY:
        yield f"{LEAST_MEMORY >> 30} GiB of memory, there are {memory / (1 << 30):.1f}"


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _installing(debian: str, brew: str) -> str:
    return f"brew install {brew}" if sys.platform == "darwin" else f"apt-get install {debian}"


def _has_library(name: str) -> bool:
    return subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0


def _words(command: list[str]) -> str:
    """What a program says; nothing where it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
