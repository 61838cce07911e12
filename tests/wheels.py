"""Packages for tests: a folder of tiny wheels, which uv is told to take all packages from."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

ONES = (("tiny-one", "1.0", ()), ("tiny-one", "2.0", ()), ("tiny-two", "1.0", ("tiny-one<2",)))


def make_wheels(folder: Path) -> dict[str, str]:
    """Make the wheels, and give the variables by which uv finds them, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, version, requires in ONES:
        make_wheel(folder, name, version, requires)
    return {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder), "UV_CACHE_DIR": str(folder.with_name("uv-cache"))}


def make_wheel(folder: Path, name: str, version: str, requires: Sequence[str] = (), source: str = "") -> None:
    """A package of one module, which knows its version."""
    module = name.replace("-", "_")
    facts = f"{module}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {required}\n" for required in requires)
    files = {
        f"{module}.py": f"__version__ = {version!r}\n{source}",
        f"{facts}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{facts}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},sha256={digest(text)},{len(text)}\n" for file, text in files.items())
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        for file, text in {**files, f"{facts}/RECORD": f"{record}{facts}/RECORD,,\n"}.items():
            wheel.writestr(file, text)


def digest(text: str) -> str:
    """The digest of a file as a wheel lists it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
