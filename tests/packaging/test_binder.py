"""The live demo: its environment is built of the files in binder/ alone, and runs the first notebook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "lib", "dist", "build", "results", "screenshots", "__pycache__")


@pytest.mark.timeout(300)
def test_the_live_demo_runs_the_quickstart(tmp_path: Path) -> None:
    """As on a machine that has nothing but Python and the repository."""
    repository = tmp_path / "repository"
    shutil.copytree(ROOT, repository, ignore=LEFT_OUT)
    python = tmp_path / "venv" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FLEXWM"))}
    environment |= {
        "PATH": f"{python.parent}{os.pathsep}{environment['PATH']}",
        "UV_NATIVE_TLS": "true",
        "FLEXWM_STORE": str(tmp_path / "store"),
        "FLEXWM_STATE": str(tmp_path / "state"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
    }

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    uv = (sys.executable, "-m", "uv", "--quiet")
    run(*uv, "venv", "--seed", "--python", sys.executable, str(tmp_path / "venv"))
    run(*uv, "pip", "install", "--python", str(python), "-r", "binder/requirements.txt")
    run("bash", "binder/postBuild")
    executed = ["-m", "nbconvert", "--to", "notebook", "--execute", "--stdout", "notebooks/01_quickstart.ipynb"]
    cells = json.loads(run(str(python), *executed))["cells"]
    failed = [cell for cell in cells if any(output["output_type"] == "error" for output in cell.get("outputs", ()))]
    assert all("raises-exception" in cell["metadata"].get("tags", ()) for cell in failed)
    settings = tmp_path / "venv" / "etc" / "jupyter" / "jupyter_server_config.d" / "flexwm_nb_live.json"
    opened = json.loads(settings.read_text())["ServerApp"]["default_url"].removeprefix("/lab/tree/")
    assert (repository / opened).is_file()
    extension = tmp_path / "venv" / "share" / "jupyter" / "labextensions" / "flexwm-nb" / "package.json"
    assert extension.is_file()
    run(str(python.with_name("flexwm")), "stop")
