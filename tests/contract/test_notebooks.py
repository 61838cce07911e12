"""The notebooks, unchanged, on the engine that the environment names."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from tests.conftest import WORKSPACE, Server

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
HERE = {"03_real_windmill"}  # what the local engine shows here; the others' outputs are checked by tests/notebook


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every notebook on a real Windmill."""
    is_local = metafunc.config.getoption("--engine") == "local"
    chosen = [path for path in NOTEBOOKS if not is_local or path.stem in HERE]
    duckdb = pytest.mark.differs("duckdb")
    marked = [pytest.param(path, marks=duckdb if path.stem == "04_languages" else ()) for path in chosen]
    metafunc.parametrize("notebook", marked, ids=lambda path: path.stem)


def test_a_notebook_runs_unchanged(
    server: Server, notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the cells fail that are there to fail, and what plain cells print is what is saved."""
    settings = {"BASE_INTERNAL_URL": server.url, "WM_TOKEN": server.token, "WINDMILL_WORKSPACE": WORKSPACE}
    for name, value in {**settings, "FLEXWM_NONINTERACTIVE": "1", "FLEXWM_STATE": str(tmp_path / "state")}.items():
        monkeypatch.setenv(name, value)
    shutil.copy(notebook, tmp_path)
    saved, ran = nbformat.read(notebook, 4), nbformat.read(notebook, 4)
    ran.cells.append(new_code_cell("%windmill_connect"))
    NotebookClient(ran, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()
    assert f"remote engine · workspace {WORKSPACE}" in str(ran.cells.pop().outputs)
    for before, after in zip(saved.cells, ran.cells, strict=True):
        if before.cell_type == "code" and before.source.startswith(("assert", "print", "first =", "row =")):
            assert after.outputs == before.outputs, after.source
