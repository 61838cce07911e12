"""Environments for python3 scripts: what one needs is found, installed once, and put before its interpreter's own.

A script sees the packages of its interpreter. What it needs beyond them stands in a folder of the cache that comes
first in its path, so that one interpreter serves any number of scripts. A script that is to see its own packages alone,
or needs another Python, has an environment with an interpreter of its own.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.environments import plans, uv
from flexwm_nb.server.environments.cache import Cache, key_of
from flexwm_nb.server.environments.explanations import about, explain
from flexwm_nb.server.environments.gathering import Script, gather
from flexwm_nb.server.environments.installed import Installed, Interpreters, Unusable
from flexwm_nb.server.environments.plans import BadLock, Plan
from flexwm_nb.server.environments.resolutions import Resolutions
from flexwm_nb.server.environments.uv import UvFailed
from flexwm_nb.signatures.python3_requirements import NOTHING, Needs, needs_of

PACKAGES, ENVIRONMENTS = "packages", "environments"  # kinds of entries of the cache
REMEMBERED = 1024  # plans
MACHINE = f"{sys.implementation.name} {sys.platform} {platform.machine()}"  # what compiled packages are for

Note = Callable[[str], None]  # writes in a log


class NoPackages(Exception):
    """What a script needs cannot be had; the text is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a script runs with."""

    interpreter: str | None  # None = the server's
    version: str  # of its Python, such as 3.12
    packages: tuple[str, ...] = ()  # folders that come first in its path


class Environments:
    """Finds and makes what scripts run with."""

    def __init__(self, cache: Cache) -> None:
        """Keep environments in this cache."""
        self.interpreters = Interpreters()
        self._cache = cache
        self._resolutions = Resolutions(cache.directory / "resolved")
        self._plans: OrderedDict[object, Plan] = OrderedDict()

    def at_hand(self, script: Script) -> Environment | None:
        """What the script runs with, where all of it is there already; does not wait. Raises NoPackages."""
        plain = self._plain(script)
        if plain is not None:
            return plain
        installed = self.interpreters.known(script.interpreter or sys.executable)
        if installed is None:
            return None
        plan = self._plan(script, installed)
        if not plan:
            return Environment(interpreter=script.interpreter, version=installed.minor)
        lines = plan.pinned if plan.pinned or not plan.wanted else self._resolved(plan, installed)
        return None if lines is None else self._find(script, plan, installed, lines)

    async def get(self, script: Script, note: Note) -> Environment:
        """What the script runs with, got where it is not there. Raises NoPackages."""
        try:
            installed, plan = await self.look(script)
        except Unusable as error:
            raise NoPackages(str(error)) from None
        if not plan:
            return Environment(interpreter=script.interpreter, version=installed.minor)
        lines = plan.pinned if plan.pinned or not plan.wanted else await self.resolve(plan, installed, note)
        if (found := self._find(script, plan, installed, lines)) is not None:
            return found
        lines = lines if plan.isolated else plans.missing_of(lines, installed)
        return await self._make(script, plan, installed, lines, note)

    async def is_outdated(self, lock: str, interpreter: str | None) -> bool:
        """Whether an interpreter has a package of a lock in another version; not where either cannot be read."""
        try:
            installed = await self.interpreters.find_out(interpreter or sys.executable)
            found = plans.read_lock(lock)
        except (Unusable, BadLock):
            return False
        return plans.differs(found, installed)

    async def look(self, script: Script) -> tuple[Installed, Plan]:
        """What a script's interpreter has, and what is to be got beside. Raises Unusable and NoPackages."""
        installed = await self.interpreters.find_out(script.interpreter or sys.executable)
        plan = self._plan(script, installed)
        if not plan.imports:
            return installed, plan
        await self.interpreters.confirm(installed, [found.module for found in plan.imports])
        return installed, self._plan(script, installed, anew=True)

    def needs(self, script: Script) -> Needs:
        """What the source and the scripts that it imports need. Raises NoPackages."""
        try:
            return gather(script)
        except InvalidSource as error:
            raise NoPackages(f"line {error.line}: {error}") from None

    async def resolve(self, plan: Plan, installed: Installed, note: Note) -> list[str]:
        """Versions for what is wanted. Raises NoPackages."""
        if not plan.wanted:
            return []
        if (found := self._resolved(plan, installed)) is not None:
            return found
        question = self._question(plan, installed)
        note("\nresolving dependencies...\ncontent of requirements:\n" + "\n".join(plan.wanted) + "\n")
        preferred = {} if plan.isolated else installed.versions
        python = ",".join(plan.python) or installed.interpreter
        try:
            with tempfile.TemporaryDirectory(prefix="flexwm-") as folder:
                lines = await uv.compile_versions(
                    plan.wanted, preferred, python=python, folder=Path(folder), refresh=plan.no_cache
                )
        except (UvFailed, OSError) as error:
            stale = self._resolutions.find(question, stale=True)
            if stale is not None and isinstance(error, UvFailed) and error.is_offline:
                note("\nno package index can be reached: versions that were found earlier are used\n")
                return stale
            raise NoPackages(explain(error, plan, installed, self._cache.directory)) from None
        self._resolutions.keep(question, lines)
        return lines

    def _resolved(self, plan: Plan, installed: Installed) -> list[str] | None:
        """Versions that were found for what is wanted, unless it is to be looked for anew."""
        return None if plan.no_cache else self._resolutions.find(self._question(plan, installed))

    def _plain(self, script: Script) -> Environment | None:
        """For a script that needs nothing, which is seen without knowing its interpreter."""
        if script.lock is None:
            try:
                if needs_of(script.content, script.path) is not NOTHING:
                    return None
            except InvalidSource as error:
                raise NoPackages(f"line {error.line}: {error}") from None
        elif script.lock.strip():
            return None
        if script.interpreter in (None, sys.executable):
            return Environment(interpreter=script.interpreter, version=own_minor())
        known = self.interpreters.known(script.interpreter)
        return Environment(interpreter=script.interpreter, version=known.minor) if known is not None else None

    def _plan(self, script: Script, installed: Installed, *, anew: bool = False) -> Plan:
        """What the script has to get. Raises NoPackages."""
        if script.lock is None:
            needs = self.needs(script)
            return self._remembered((needs, installed.stamp), lambda: plans.for_needs(needs, installed), anew)
        text, is_kernel = script.lock, script.interpreter is not None
        try:
            return self._remembered(
                (text, is_kernel, installed.stamp),
                lambda: plans.for_lock(plans.read_lock(text), installed, is_kernel=is_kernel),
                anew,
            )
        except BadLock as error:
            raise NoPackages(str(error)) from None

    def _remembered(self, key: object, make: Callable[[], Plan], anew: bool) -> Plan:
        found = None if anew else self._plans.pop(key, None)
        found = self._plans[key] = make() if found is None else found
        while len(self._plans) > REMEMBERED:
            self._plans.popitem(last=False)
        return found

    def _question(self, plan: Plan, installed: Installed) -> str:
        """The key of a resolution."""
        preferred = () if plan.isolated else (f"{name}=={found}" for name, found in sorted(installed.versions.items()))
        return key_of(
            "resolved", installed.minor, MACHINE, uv.sources(), *plan.python, *sorted(plan.wanted), *preferred
        )

    def _key(self, plan: Plan, installed: Installed, lines: Iterable[str]) -> tuple[str, str]:
        """The kind and key of an entry of the cache."""
        if plan.isolated:
            python = plan.python or (installed.interpreter, installed.full_version)
            return ENVIRONMENTS, key_of(MACHINE, *python, *sorted(lines))
        return PACKAGES, key_of(MACHINE, installed.minor, *sorted(lines))

    def _find(self, script: Script, plan: Plan, installed: Installed, lines: Iterable[str]) -> Environment | None:
        """The environment of these packages, where it is there."""
        lines = lines if plan.isolated else plans.missing_of(lines, installed)
        if not lines and not plan.isolated:
            return Environment(interpreter=script.interpreter, version=installed.minor)
        try:
            found = self._cache.find(*self._key(plan, installed, lines))
        except OSError as error:
            raise NoPackages(explain(error, plan, installed, self._cache.directory)) from None
        return None if found is None else self._environment(script, plan, installed, found)

    @staticmethod
    def _environment(script: Script, plan: Plan, installed: Installed, folder: Path) -> Environment:
        if not plan.isolated:
            return Environment(interpreter=script.interpreter, version=installed.minor, packages=(str(folder),))
        version = next(folder.glob("lib/python3.*")).name.removeprefix("python")
        return Environment(interpreter=str(folder / "bin" / "python"), version=version)

    async def _make(
        self, script: Script, plan: Plan, installed: Installed, lines: Iterable[str], note: Note
    ) -> Environment:
        """Install packages. Raises NoPackages."""
        listed = sorted(lines)
        note("\n\n--- PIP INSTALL ---\n\n" + "\n".join(map(plans.without_hashes, listed)))
        began = time.monotonic()

        async def make(folder: Path, lock: int) -> None:
            if plan.isolated:
                await uv.make_environment(folder, ",".join(plan.python) or installed.interpreter, lock=lock)
                where = ["--python", str(folder / "bin" / "python")]
            else:
                where = ["--target", str(folder), "--python", installed.interpreter]
            if listed:
                await uv.install(listed, where, folder=folder, lock=lock)

        kind, key = self._key(plan, installed, listed)
        try:
            found = await self._cache.get(kind, key, make, about=about(listed, installed, plan))
        except (UvFailed, OSError) as error:
            raise NoPackages(explain(error, plan, installed, self._cache.directory)) from None
        note(f"\ninstalled in {time.monotonic() - began:.1f} s\n")
        return self._environment(script, plan, installed, found)


def own_minor() -> str:
    """The version of the server's own Python."""
    return "{}.{}".format(*sys.version_info)
