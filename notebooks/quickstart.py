"""Run the first notebook on the local engine and say what came out: `make quickstart`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import flexwm_nb
from flexwm_nb.errors import FlexwmError

NOTEBOOK = Path(__file__).with_name("01_quickstart.ipynb")
LONGEST_CELL = 300  # seconds


def start_engine() -> float:
    """Start the local engine, or find it, and give the seconds that took."""
    began = time.monotonic()
    with flexwm_nb.connect("local") as engine:
        engine.describe()
    return time.monotonic() - began


def run(notebook: nbformat.NotebookNode) -> float:
    """Execute the notebook in place and give the seconds that took. Raises CellExecutionError."""
    began = time.monotonic()
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    with tempfile.TemporaryDirectory() as folder:  # for the kernel's sockets, which need no port
        kernel = AsyncKernelManager(transport="ipc", ip=f"{folder}/kernel")
        try:
            NotebookClient(notebook, km=kernel, timeout=LONGEST_CELL, resources=resources).execute()
        finally:
            run_sync(kernel.shutdown_kernel)(now=True)
    return time.monotonic() - began


def result_of(notebook: nbformat.NotebookNode) -> str:
    """What the cell tagged `result` printed."""
    cell = next(cell for cell in notebook.cells if "result" in cell.metadata.get("tags", ()))
    return "".join(output.get("text", "") for output in cell.outputs).strip()


def main() -> int:
    """Run everything; the exit status is 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup-seconds", type=int, default=0, help="seconds that preparing the environment took")
    setup = parser.parse_args().setup_seconds
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    count = sum(cell.cell_type == "code" for cell in notebook.cells)
    try:
        engine = start_engine()
        took = run(notebook)
    except (FlexwmError, CellExecutionError) as error:
        print(f"quickstart failed: {error}", file=sys.stderr)
        return 1
    ran = f"notebooks/{NOTEBOOK.name}: {count} cells, {count} ok ({took:.1f} s)"
    print(f"environment ready ({setup} s) · local engine up ({engine:.1f} s) · {ran}")
    print(f"{result_of(notebook)} Open it: make lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())
