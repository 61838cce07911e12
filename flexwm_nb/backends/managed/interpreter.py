"""The notebook's Python, lent to Windmill: scripts run on the same version, and nothing has to be downloaded for that.

Windmill runs Pythons that uv has put into its cache, one folder each, named after what it is. The files of ours are
linked there; its packages are not: a script gets those that its lock names.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

PLACE = Path("cache") / "py_runtime"  # below Windmill's own directory
SHARED = (Path("/usr"), Path("/usr/local"))  # where a Python's files are not alone
LEFT_OUT = shutil.ignore_patterns("site-packages", "test", "__pycache__")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PRIVATE = 0o700


def lend(work: Path) -> None:
    """Put this Python where Windmill looks for one, unless it is there or its files are mixed with others'."""
    prefix, target = Path(sys.base_prefix).resolve(), work / PLACE / _name()
    if target.exists() or prefix in SHARED or not (prefix / "lib" / f"python{VERSION}").is_dir():
        return
    draft = target.with_name(f".{target.name}")
    shutil.rmtree(draft, ignore_errors=True)
    target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    shutil.copytree(prefix, draft, symlinks=True, copy_function=_link, ignore=LEFT_OUT)
    draft.rename(target)


def lent(work: Path) -> Path | None:
    """The program of the Python that was lent."""
    program = work / PLACE / _name() / "bin" / f"python{VERSION}"
    return program if program.is_file() else None


def _name() -> str:
    """What uv calls such an interpreter."""
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    library = "none" if system == "macos" else "gnu" if platform.libc_ver()[0] == "glibc" else "musl"
    return f"cpython-{platform.python_version()}-{system}-{machine}-{library}"


def _link(source: str, target: str) -> str:
    """A file in a second place: the same one where the disk is the same, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
