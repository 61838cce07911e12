"""Why packages cannot be had, and what an entry of the cache is, for people."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from pathlib import Path

from flexwm_nb.server.environments import uv
from flexwm_nb.server.environments.installed import Installed
from flexwm_nb.server.environments.plans import Plan, without_hashes
from flexwm_nb.server.environments.uv import UvFailed

NO_PYTHON = re.compile(r"No interpreter found|python-build-standalone")
FREE = "Free some space: flexwm cache prune"
CHOOSE = "Choose another directory with FLEXWM_CACHE"
LONGEST_ABOUT = 60  # characters


def explain(error: UvFailed | OSError, plan: Plan, installed: Installed, cache: Path) -> str:
    """Which package, why, what was tried, and what to do."""
    if isinstance(error, OSError):
        free = error.errno == errno.ENOSPC
        return f"packages cannot be kept in {cache}: {error.strerror}. {FREE if free else CHOOSE}"
    if error.is_full:
        return f"packages cannot be kept in {cache}: no space is left. {FREE}"
    lines = {found.package: f" (line {found.line}: import {found.module})" for found in plan.imports}
    wanted = ", ".join(without_hashes(text) + lines.get(text, "") for text in plan.wanted or plan.pinned)
    python = ",".join(plan.python) or installed.full_version
    return (
        f"the packages of this script cannot be had: {error}.\n"
        f"Wanted: {wanted}\nTried: Python {python}; {uv.sources()}\n{remedy(error, plan)}"
    )


def remedy(error: UvFailed, plan: Plan) -> str:
    """The next step."""
    if plan.python and NO_PYTHON.search(str(error)):
        return f"Ask for a Python that is here, or get it: uv python install '{','.join(plan.python)}'"
    if error.is_offline:
        return "Check the network, or set UV_DEFAULT_INDEX to an index that can be reached"
    if plan.pinned:
        return "Update its lock: %windmill_lock PATH --update"
    if plan.imports:
        return "Correct the import, or name its package behind it: # pin: PACKAGE"
    return "Correct its requirements"


def about(lines: Sequence[str], installed: Installed, plan: Plan) -> str:
    """An entry of the cache in a few words."""
    names = ", ".join(map(without_hashes, lines))
    if len(names) > LONGEST_ABOUT:
        names = f"{names[:LONGEST_ABOUT].rpartition(',')[0]}, … ({len(lines)})"
    return f"Python {','.join(plan.python) or installed.minor}: {names or 'nothing'}"
