"""What a notebook waits for: the import, the extension, the first use of an engine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.measuring import Figure

RUNS = 5
NOBODY = "http://127.0.0.1:9"  # an engine that is not there: only the loading is measured
# what a kernel has imported already before a user's first cell
KERNEL = "import time, IPython, ipykernel.ipkernel, ipywidgets"
IMPORT = f"{KERNEL}\nbegan = time.perf_counter()\nimport flexwm_nb\nprint((time.perf_counter() - began) * 1e3)"
EXTENSION = f"""{KERNEL}
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", "flexwm_nb")
print((time.perf_counter() - began) * 1e3)
"""
CONNECT = """import time, flexwm_nb, json
began = time.perf_counter()
first = flexwm_nb.connect("local")
cold = time.perf_counter() - began
first.close()
began = time.perf_counter()
again = flexwm_nb.connect("local")
print(json.dumps([cold * 1e3, (time.perf_counter() - began) * 1e3]))
again.stop()
"""


def measure() -> list[Figure]:
    """Every figure of the notebook's side."""
    cold, warm = zip(*(json.loads(_run(CONNECT)) for _ in range(RUNS)), strict=True)
    return [
        _figure("import flexwm_nb in a kernel", [float(_run(IMPORT)) for _ in range(RUNS)], goal=100),
        _figure("%load_ext flexwm_nb", [float(_run(EXTENSION, FLEXWM_ENGINE=NOBODY)) for _ in range(RUNS)], goal=200),
        _figure("first use, no engine running", list(cold), goal=500),
        _figure("first use, an engine runs", list(warm), goal=50),
    ]


def _run(code: str, **more: str) -> str:
    """What a fresh Python prints, with a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "FLEXWM_STORE": f"{folder}/store",
            "FLEXWM_STATE": folder,
            "IPYTHONDIR": folder,
        } | more
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, check=True, text=True
        )
    return done.stdout


def _figure(name: str, spans: list[float], goal: float) -> Figure:
    return Figure(name=name, unit="ms", p50=statistics.median(spans), p95=max(spans), goal=goal)
