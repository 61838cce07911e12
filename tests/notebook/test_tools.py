"""Notebooks under the tools that run and show them without a person: nbval, papermill, nbconvert."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An engine of its own, and nobody there: what is shown does not differ from run to run."""
    folder = tmp_path_factory.mktemp("tools")
    found = {
        **os.environ,
        "FLEXWM_STORE": str(folder / "store"),
        "FLEXWM_STATE": str(folder / "state"),
        "FLEXWM_NONINTERACTIVE": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": "",
    }
    yield found
    subprocess.run([sys.executable, "-m", "flexwm_nb", "stop"], env=found, capture_output=True, check=False)


def run(environment: dict[str, str], *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a module of this Python."""
    return subprocess.run(
        [sys.executable, "-m", *command], env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_is_saved_in_it(environment: dict[str, str], notebook: Path, tmp_path: Path) -> None:
    """Under nbval every cell's output equals the saved one."""
    options = ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={tmp_path}", "-q"]
    done = run(environment, "pytest", "--nbval", str(notebook), *options)
    assert done.returncode == 0, done.stdout[-4000:]


def write(path: Path, *sources: str) -> None:
    """A notebook with these cells; the first takes parameters."""
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


FAILS = "%%windmill_script python3 f/tools/fails --arg who=$who\ndef main(who: str):\n    raise ValueError(who)"


def test_papermill_takes_parameters_and_stops_at_a_failed_job(environment: dict[str, str], tmp_path: Path) -> None:
    """The run fails where the job failed, the cells after it are not run, the output says why."""
    write(tmp_path / "in.ipynb", "who = 'nobody'", "%load_ext flexwm_nb", FAILS, "open('reached', 'w')")
    done = run(environment, "papermill", "in.ipynb", "out.ipynb", "-p", "who", "Ada", cwd=tmp_path)
    assert done.returncode != 0
    assert "----> 3     raise ValueError(who)\nValueError: Ada" in done.stderr
    assert not (tmp_path / "reached").exists()


def test_nbconvert_shows_tables_and_lines_without_a_kernel(environment: dict[str, str], tmp_path: Path) -> None:
    """The saved notebook is enough to see what came out, and nothing in it is a script of ours."""
    source = "%%windmill_script python3 f/tools/rows\ndef main():\n    return [{'name': '<b>x</b>', 'n': 1}]"
    write(tmp_path / "rows.ipynb", "%load_ext flexwm_nb", source)
    done = run(environment, "nbconvert", "--to", "html", "--execute", "rows.ipynb", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "rows.html").read_text("utf-8")
    assert "f/tools/rows" in page
    assert "<td>&lt;b&gt;x&lt;/b&gt;</td>" in page
