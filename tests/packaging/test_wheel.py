"""The wheel: built, installed into a clean environment, and used there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USE = """
import flexwm_nb
from flexwm_nb.models.scripts import ScriptDraft
with flexwm_nb.connect("local") as wm:
    wm.scripts.register(ScriptDraft(path="f/wheel/add", language="python3", content="def main(n: int): return n + 1"))
    print(wm.run("f/wheel/add", n=41).result())
    wm.stop()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as `make dist` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_what_is_needed_and_no_more(wheel: Path) -> None:
    """Statements, scripts and the typing marker travel; tests and notebooks do not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {"flexwm_nb/py.typed", "flexwm_nb/server/store/sql/schema.sql", "flexwm_nb/server/runners/bash_begin.sh"}
    assert needed <= names
    assert all(name.startswith(("flexwm_nb/", "flexwm_nb-")) for name in names)
    installed = {name.partition(".data/data/")[2] for name in names}
    assert {
        "etc/jupyter/jupyter_server_config.d/flexwm_nb.json",
        "share/jupyter/labextensions/flexwm-nb/package.json",
    } <= installed
    assert not any(name.startswith("flexwm_nb/labextension/") for name in names)


def test_the_installed_wheel_runs_a_job(wheel: Path, tmp_path: Path) -> None:
    """In a clean environment, away from the sources, a script is registered and run."""
    python = tmp_path / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FLEXWM"))}
    environment |= {"UV_NATIVE_TLS": "true", "FLEXWM_STORE": str(tmp_path / "store"), "FLEXWM_STATE": str(tmp_path)}
    subprocess.run([*uv, "venv", "--python", sys.executable, str(tmp_path / "venv")], check=True, env=environment)
    subprocess.run([*uv, "pip", "install", "--python", str(python), str(wheel)], check=True, env=environment)
    done = subprocess.run([str(python), "-c", USE], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("42\n", "")
    shown = subprocess.run([str(python.with_name("flexwm")), "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip().endswith(wheel.name.split("-")[1])
