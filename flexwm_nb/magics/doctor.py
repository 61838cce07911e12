"""What %windmill_doctor looks at beside the engine's own checks."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version

from flexwm_nb import journal
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics.session import Call
from flexwm_nb.models.workspace import HealthCheck

PACKAGES = ("flexwm-nb", "ipython", "pandas", "pyarrow")


def notebook(call: Call) -> list[HealthCheck]:
    """The checks of this kernel."""
    return [_packages(), _awaiting(call), _journal(), _face(call)]


def _packages() -> HealthCheck:
    found = {name: _version(name) for name in PACKAGES}
    missing = [name for name, number in found.items() if number is None]
    listed = ", ".join(f"{name} {number or 'missing'}" for name, number in found.items())
    return HealthCheck(
        name="packages",
        status="fail" if missing else "ok",
        message=f"Python {sys.version.split()[0]}, {listed}",
        remedy=f"pip install {' '.join(missing)}" if missing else None,
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _awaiting(call: Call) -> HealthCheck:
    """Whether clicks and messages are handled while a run goes on."""
    if call.pace.awaited:
        return HealthCheck(
            name="cells", status="ok", message="awaited: the kernel stays responsive while a run goes on"
        )
    why = "this is no notebook kernel, or the magic is inside of a function or another magic"
    return HealthCheck(name="cells", status="ok", message=f"blocking: {why}; interrupt works")


def _journal() -> HealthCheck:
    """Whether runs are found again after a kernel's restart."""
    where = journal.path()
    nearest = next(folder for folder in (where, *where.parents) if folder.exists())
    if os.access(nearest, os.W_OK):
        return HealthCheck(name="journal", status="ok", message=str(where))
    remedy = "Set FLEXWM_STATE to a directory that can be written"
    return HealthCheck(name="journal", status="warn", message=f"{where} cannot be written", remedy=remedy)


def _face(call: Call) -> HealthCheck:
    return HealthCheck(name="display", status="ok", message=f"{call.session.face} (%config WindmillMagics.display)")


async def engine(call: Call) -> list[HealthCheck]:
    """The engine's checks, or why there is none."""
    try:
        found = await call.engine()
        checked = list(await call.work(found.health.check))
        told = [] if found.log is None else [HealthCheck(name="log", status="ok", message=str(found.log))]
        return [*checked, *told]
    except FlexwmError as error:
        what = error.what if error.why is None else f"{error.what}: {error.why}"
        return [HealthCheck(name="engine", status="fail", message=what, remedy=error.remedy)]
