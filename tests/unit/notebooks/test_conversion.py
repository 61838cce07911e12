"""Notebooks as flows and flows as notebooks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flexwm_nb import notebooks
from flexwm_nb.errors import InvalidFlow, InvalidInput
from flexwm_nb.flows.builder import Flow
from flexwm_nb.flows.validation import problems

Cells = list[Any]


def notebook(*cells: Any) -> dict[str, Any]:
    """A notebook of these sources; a pair has tags."""
    pairs = [cell if isinstance(cell, tuple) else (cell, []) for cell in cells]
    made = [{"cell_type": "code", "metadata": {"tags": tags}, "source": source} for source, tags in pairs]
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def outcome(flow: Flow, **inputs: Any) -> Any:
    """The last result of a flow whose steps are run here, each in a module of its own, results as JSON."""
    results: dict[str, Any] = {}
    module = ModuleType("step")
    for found in flow.to_document()["value"]["modules"]:
        sys.modules["step"] = module = ModuleType("step")
        exec(compile(found["value"]["content"], "step", "exec"), module.__dict__)
        arguments = {}
        for name, transform in found["value"]["input_transforms"].items():
            root, *parts = transform["expr"].split(".")
            arguments[name] = inputs[parts[0]] if root == "flow_input" else results[parts[0]][parts[1]]
        results[found["id"]] = json.loads(json.dumps(module.main(**arguments)))
    return module._unpack(results[next(reversed(results))]["result"])


def expected(cells: Cells) -> Any:
    """What the notebook itself shows at its end."""
    names: dict[str, Any] = {}
    *before, last = [cell[0] if isinstance(cell, tuple) else cell for cell in cells]
    for source in before:
        exec("\n".join(line for line in source.split("\n") if not line.startswith("%")), names)
    return eval(last, names)


RIGHT: dict[str, Cells] = {
    "values": ["a = 1", "b = [a, 2.5, None, 'x']", "b + [a]"],
    "imports and functions": [
        "import math as m\nfrom collections import Counter",
        "def half(x):\n    return m.floor(x / 2)",
        "n = half(9)",
        "dict(Counter([n, n, 1]))",
    ],
    "a function that reads a variable": ["def scaled(x):\n    return x * factor", "factor = 4 + 1", "scaled(2)"],
    "order of keys": ["d = {'b' * i: i for i in (3, 1, 2)}", "list(d)"],
    "tuples and sets": ["t = (1, {2, 3}, b'x', 1 + 2j)", "t"],
    "not a number": ["x = [float('nan'), float('inf')]", "str(x)"],
    "an object of a class of the notebook": [
        "class Row:\n    def __init__(self, n):\n        self.n = n",
        "row = Row(3)",
        "row.n += 1",
        "row.n",
    ],
    "changed in place": ["rows = [3, 1]", "rows.append(2)", "rows.sort()", "rows"],
    "changed by a function": ["def add(rows):\n    rows.append(1)", "rows = list('a')", "n = add(rows)", "rows"],
    "changed by another's function": ["import random", "rows = list(range(9))", "random.shuffle(rows)", "sorted(rows)"],
    "a frame": [
        "import pandas as pd",
        "frame = pd.DataFrame({'a': [1, 2], 'when': pd.to_datetime(['2026-11-25', None])})",
        "frame['b'] = frame.a * 2",
        "frame.head()",
        "frame.to_dict('list')['b'] + [str(frame.dtypes['when']), len(frame)]",
    ],
    "a text of several lines": ["text = '''x\n  y\n'''\nif text:\n    text += '''\n  z'''", "text"],
    "comprehensions and lambdas": ["k = [3]", "f = [(lambda x: x + k[0])(i) for i in range(2)]", "f"],
    "set on both ways": ["k = [1]", "if k:\n    v = 1\nelse:\n    v = 2", "v"],
    "set anew": ["v = 1 + 0", "v = v + 1\nw = v", "v = 9 * w", "(v, w)"],
    "a constant": ["LIMIT = 3  # rows", "def few(x):\n    return x[:LIMIT]", "x = few('abcdef')", "x"],
    "a magic": ["%matplotlib inline\na = 1 + 1", "a"],
    "a loop that sums": ["total = 0 + 0", "for i in range(4):\n    if i:\n        total += i", "total"],
}
REFUSED: dict[str, tuple[Cells, str]] = {
    "shell": (["!ls"], "cell 1: it runs a shell command"),
    "another language": (["%%bash\nls"], "cell 1: it is a cell of %%bash"),
    "import *": (["from os import *"], "cannot be known"),
    "an unknown name": (["y = z + 1"], "cell 1: z is not set by any cell before it"),
    "later set": (["y = z + 1", "z = 1 + 1"], "cell 1: z is not set"),
    "two names of one object": (["a = [1]\nb = a", "a.append(2)", "b"], "a and b|b and a"),
    "random state": (["import random\nrandom.seed(1)\nx = random.random()"], "random does not go from step to step"),
    "current folder": (["import os\nos.chdir('/')"], "the current folder does not go"),
    "perhaps set": (["import os\nd = os.sep", "if d:\n    q = 1", "w = q"], "q is set under a condition only"),
    "exec": (["exec('x = 1')"], "it uses exec"),
    "input": (["name = input()"], "nobody is there"),
    "syntax": (["x = = 1"], "line 1"),
    "awaits": (["import asyncio\nawait asyncio.sleep(0)"], "it awaits"),
    "a default of data": (
        ["import os\nk = os.sep", "def f(a=k):\n    return a", "f()"],
        "f is made with the value of k",
    ),
    "nothing": (["import os"], "no cell"),
}


@pytest.mark.parametrize("cells", RIGHT.values(), ids=RIGHT.keys())
def test_the_results_are_the_same(cells: Cells) -> None:
    """The flow gives what the notebook shows, and is without problems."""
    found = notebooks.to_flow(notebook(*cells))
    assert problems(found.flow.to_document()) == []
    result, wanted = outcome(found.flow), expected(cells)
    assert result == wanted
    assert type(result) is type(wanted)


@pytest.mark.parametrize(("cells", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_right(cells: Cells, why: str) -> None:
    """It is refused, with cell and reason."""
    with pytest.raises(InvalidFlow, match=why):
        notebooks.to_flow(notebook(*cells))


def test_parameters_and_graph() -> None:
    """A cell of parameters becomes inputs; the graph says what goes where; names come from tags and variables."""
    cells = [
        ("origin = 'JFK'\nn = 3", ["parameters"]),
        ("rows = [origin] * n", ["step:load"]),
        "long = [row * 2 for row in rows]",
        ("import os\nos.getcwd()", ["flow:skip"]),
        "long + rows + [n]",
    ]
    found = notebooks.to_flow(notebook(*cells), "f/a/b")
    assert str(found) == (
        "input ─ origin, n → load\nload ─ rows → long\nlong ─ long → cell_5\nload ─ rows → cell_5\ninput ─ n → cell_5"
    )
    properties = (found.flow.schema or {})["properties"]
    assert {name: item["default"] for name, item in properties.items()} == {"origin": "JFK", "n": 3}
    assert outcome(found.flow, origin="X", n=1) == ["XX", "X", 1]


def test_what_is_left_out_is_said() -> None:
    """A cell that only shows something is no step."""
    found = notebooks.to_flow(notebook("%load_ext x\na = [1] * 2", "a.count", "a"))
    assert found.notes == ("cell 1: %load_ext is left out", "cell 2 only shows something: left out")
    assert len(found.flow.steps) == 2


@pytest.fixture
def flow() -> Flow:
    """A flow with code, a loop and a script."""
    made = Flow("f/a/b", summary="Daily")
    load = made.code("python3", "def main():\n    return [1]\n", "load")
    with made.for_each(load.result):
        made.code("bash", "echo 1\n", "say")
    made.step("f/a/report", rows=load.result)
    return made


def test_a_flow_as_a_notebook(flow: Flow) -> None:
    """A cell a step, valid for Jupyter; the same flow comes back."""
    nbformat = pytest.importorskip("nbformat")
    book = notebooks.from_flow(flow)
    nbformat.validate(nbformat.from_dict(book))
    heads = ["".join(cell["source"]).partition("\n")[0] for cell in book["cells"][2:]]
    assert heads[0] == "%%windmill_step load"
    assert heads[2] == "%%windmill_step say --language bash"
    assert heads[3] == "**report** runs the script `f/a/report`"
    assert notebooks.flow_of(book).to_document() == flow.to_document()


def test_a_changed_cell_changes_the_flow(flow: Flow, tmp_path: Path) -> None:
    """Also through a file."""
    book = notebooks.from_flow(flow)
    book["cells"][2]["source"].append("# more\n")
    notebooks.write(book, tmp_path / "x.ipynb")
    changed = notebooks.flow_of(notebooks.read(tmp_path / "x.ipynb"))
    assert changed.path == "f/a/b"
    assert changed["load"].document["value"]["content"] == "def main():\n    return [1]\n# more\n"


def test_what_is_no_notebook(tmp_path: Path) -> None:
    """Missing files, other files and notebooks that were not made of a flow."""
    (tmp_path / "x").write_text("{}")
    for name in ("x", "y"):
        with pytest.raises(InvalidInput):
            notebooks.read(tmp_path / name)
    with pytest.raises(InvalidFlow, match="not made of a flow"):
        notebooks.flow_of(notebook("a = 1"))
