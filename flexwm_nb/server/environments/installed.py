"""What an interpreter has: its version, and the packages that scripts which run with it see.

Everything is read from the names in the folders of its path, which is quick: a package has a folder
NAME-VERSION.dist-info beside its modules. What no folder tells, such as modules of packages that are being worked on,
the interpreter is asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from flexwm_nb.server.runners.zygotes import KEPT
from flexwm_nb.signatures.python3_requirements import namespace_depth

PROGRAM = Path(__file__).with_name("inventory.py")
REMEMBERED = 100  # inventories
LONGEST = 60.0  # seconds until an interpreter has answered
PACKAGE = re.compile(r"^(?P<name>[\w.+]+?)-(?P<version>\d[\w.!+]*)(?:-py[\d.]+)?\.(?:dist|egg)-info$")
FACTS = "import json, sys; print(json.dumps([list(sys.version_info[:3]), sys.path[1:]]))"
FIND = """import importlib.util, json, sys
def found(name):
    try:
        return importlib.util.find_spec(name) is not None
    except Exception:
        return False
print(json.dumps([name for name in json.loads(sys.argv[1]) if found(name)]))"""

Stamp = tuple[tuple[str, int], ...]  # folders and when their content changed


class Unusable(Exception):
    """An interpreter does not run; the text is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One interpreter at one time."""

    interpreter: str
    version: tuple[int, int, int]
    path: tuple[str, ...]
    stamp: Stamp
    modules: frozenset[str]  # names of top-level modules
    versions: Mapping[str, str]  # package -> version, where the system's packages are told from each other
    asked: set[str] = field(default_factory=set)  # modules that the interpreter was asked for
    confirmed: set[str] = field(default_factory=set)  # and says it has

    @property
    def minor(self) -> str:
        """Its version without the last part, such as 3.12."""
        return "{}.{}".format(*self.version)

    @property
    def full_version(self) -> str:
        """Its whole version."""
        return ".".join(map(str, self.version))

    def has(self, module: str) -> bool:
        """Whether a dotted module can be imported, as far as its first parts tell."""
        if module in self.confirmed:
            return True
        parts = module.split(".")[: namespace_depth(module) or 1]
        if parts[0] not in self.modules:
            return False
        places = [Path(folder, *parts) for folder in self.path] if len(parts) > 1 else []
        return not places or any(place.is_dir() or place.with_suffix(".py").exists() for place in places)

    def satisfies(self, requirement: Requirement) -> bool:
        """Whether a package is there in a version that fits."""
        version = self.versions.get(canonicalize_name(requirement.name))
        if version is None or requirement.url or requirement.extras:
            return False
        try:
            return requirement.specifier.contains(Version(version), prereleases=True)
        except InvalidVersion:
            return False


class Interpreters:
    """What the interpreters of this machine have, read again when it has changed."""

    def __init__(self) -> None:
        """Nothing is known yet but this interpreter's own path."""
        ours = [entry for entry in sys.path if entry and entry not in foreign()]
        self._paths: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]] = {
            sys.executable: (sys.version_info[:3], tuple(ours))
        }
        self._known: dict[str, Installed] = {}
        self._inventories: dict[object, dict[str, Any]] = {}
        self._asking: dict[object, asyncio.Future[str]] = {}  # one question is asked once at a time

    def known(self, interpreter: str) -> Installed | None:
        """What it has, where that can be said without waiting."""
        found = self._known.get(interpreter)
        if found is not None and stamp_of(found.path) == found.stamp:
            return found
        if found is not None and interpreter != sys.executable:
            return None  # a new folder may be in its path
        if interpreter not in self._paths:
            return None
        return self._look(interpreter)

    async def find_out(self, interpreter: str) -> Installed:
        """What it has. Raises Unusable."""
        if (found := self.known(interpreter)) is not None:
            return found
        version, path = json.loads(await ask(interpreter, FACTS))
        self._paths[interpreter] = ((version[0], version[1], version[2]), tuple(entry for entry in path if entry))
        return await asyncio.to_thread(self._look, interpreter)

    async def confirm(self, installed: Installed, modules: Iterable[str]) -> None:
        """Ask the interpreter for modules that no folder tells of. Raises Unusable."""
        new = [module for module in modules if module not in installed.asked]
        asked = {module: ".".join(module.split(".")[: namespace_depth(module) or 1]) for module in new}
        installed.asked.update(new)
        if asked:
            there = json.loads(await ask(installed.interpreter, FIND, json.dumps(sorted(set(asked.values())))))
            installed.confirmed.update(module for module, name in asked.items() if name in there)

    async def inventory(
        self, installed: Installed, modules: tuple[str, ...], packages: tuple[str, ...]
    ) -> dict[str, Any]:
        """What brings these modules, and what that and these packages need; see `inventory.py`. Raises Unusable."""
        question = (installed.interpreter, installed.stamp, modules, packages)
        if question not in self._inventories:
            asking = self._asking.get(question)
            if asking is None:
                program = (PROGRAM.read_text(), json.dumps(modules), json.dumps(packages))
                asking = self._asking[question] = asyncio.ensure_future(ask(installed.interpreter, *program))
                asking.add_done_callback(lambda done: self._asking.pop(question, None))
            told = json.loads(await asyncio.shield(asking))
            self._inventories = {**dict(list(self._inventories.items())[-REMEMBERED:]), question: told}
        return self._inventories[question]

    def _look(self, interpreter: str) -> Installed:
        version, path = self._paths[interpreter]
        stamp = stamp_of(path)
        modules: set[str] = set()
        versions: dict[str, str] = {}
        for folder in path:
            for name in names_in(folder):
                if (package := PACKAGE.match(name)) is not None:
                    versions.setdefault(canonicalize_name(package["name"]), package["version"])
                else:
                    modules.add(name.partition(".")[0])
        found = Installed(
            interpreter=interpreter,
            version=version,
            path=path,
            stamp=stamp,
            modules=frozenset(modules),
            versions=versions,
        )
        self._known[interpreter] = found
        return found


def foreign() -> set[str]:
    """Folders that are in this process's path and not in a job's."""
    return {str(Path.cwd()), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}


def names_in(folder: str) -> list[str]:
    """What a folder of a path holds; nothing where it is not there or a file."""
    try:
        return [found.name for found in Path(folder).iterdir()]
    except OSError:
        return []


def stamp_of(path: Iterable[str]) -> Stamp:
    """When the folders of a path changed."""
    stamp = []
    for folder in path:
        try:
            stamp.append((folder, Path(folder).stat().st_mtime_ns))
        except OSError:
            stamp.append((folder, 0))
    return tuple(stamp)


async def ask(interpreter: str, *program: str) -> str:
    """What a program prints that the interpreter runs with a job's path. Raises Unusable."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            interpreter,
            "-c",
            *program,
            cwd="/",
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        why = f"{interpreter}: {error.strerror}"
        raise Unusable(f"no process can be started: {why}. Register the script from a kernel that is there") from None
    try:
        output, errors = await asyncio.wait_for(process.communicate(), LONGEST)
    except asyncio.TimeoutError:
        raise Unusable(f"{interpreter} does not answer within {LONGEST:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Unusable(f"{interpreter} cannot say what it has: {last}")
    return output.decode()
