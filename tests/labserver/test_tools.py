"""What the page asks of this package: flows, notebooks, sources."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from flexwm_nb.labserver import cells, flow_files
from tests.labserver.conftest import Jupyter

FLOW = """summary: Two steps
value:
  modules:
    - id: a
      value:
        type: rawscript
        language: bash
        content: echo 1
        input_transforms: {}
    - id: b
      value:
        type: script
        path: f/x/y
        input_transforms:
          n:
            type: javascript
            expr: results.nowhere
"""


def test_a_flow_that_is_fine() -> None:
    """The document comes back, without problems."""
    found = flow_files.look(FLOW.replace("results.nowhere", "results.a"))
    assert ([module["id"] for module in found["document"]["value"]["modules"]], found["problems"]) == (["a", "b"], [])


LOOP = """{"value":{"modules":[{"id":"each","value":{"type":"forloopflow","iterator":{"type":"static","value":[1]},
"modules":[{"id":"one","value":{"type":"identity"}}]}}]}}"""


@pytest.mark.parametrize(("folded", "ids"), [(None, ["each", "one"]), (["each"], ["each"])], ids=["open", "folded"])
def test_loops_are_folded_as_the_page_wants(folded: list[str] | None, ids: list[str]) -> None:
    """Of a document in JSON too; a folded loop is one box."""
    found = flow_files.look(LOOP, folded)
    assert ([node["id"] for node in found["picture"]["nodes"]], found["folded"]) == (ids, folded or [])


BROKEN = [
    pytest.param(FLOW, 15, "nowhere", id="an unknown step"),
    pytest.param(FLOW.replace("type: script", "type: skript"), 11, "skript", id="an unknown kind"),
    pytest.param(FLOW.replace("id: b", "id: a"), 10, "another step", id="the same id twice"),
    pytest.param(FLOW.replace("- id: b\n      value", "- value"), 10, "needs an id", id="a step without an id"),
    pytest.param(
        FLOW.replace("- id: b\n      value", "- value").replace("path: f/x/y", "path: 5"), 12, "a text", id="its field"
    ),
    pytest.param(
        "modules:\n- id: l\n  value:\n    type: whileloopflow\n    modules:\n    - value: {type: identity}\n",
        6,
        "needs an id",
        id="a step without an id in a loop of a bare value",
    ),
    pytest.param("value:\n  modules: [", 2, "expected", id="no YAML"),
    pytest.param("just text", 1, "", id="no flow"),
    pytest.param("", 1, "", id="nothing"),
]


@pytest.mark.parametrize(("text", "line", "message"), BROKEN)
def test_what_is_wrong_is_said_at_its_line(text: str, line: int, message: str) -> None:
    """With words that name it."""
    problems = flow_files.look(text)["problems"]
    assert any(problem["line"] == line and message in problem["message"] for problem in problems), problems


SOURCES = [
    pytest.param("def main(n: int):\n    return n", "def main(n: int):\n    return n\n", id="with a main"),
    pytest.param("x = 1\nx + 1", "def main():\n    x = 1\n    return x + 1\n", id="a last expression"),
    pytest.param(
        "import json\nlen(\n  [1]\n)", "import json\n\n\ndef main():\n    return len(\n      [1]\n    )\n", id="lines"
    ),
    pytest.param('t = """a\nb"""', 'def main():\n    t = """a\nb"""\n', id="a text of several lines"),
    pytest.param("", "def main():\n    return None\n", id="nothing"),
]


@pytest.mark.parametrize(("source", "made"), SOURCES)
def test_a_plain_cell_becomes_a_script(source: str, made: str) -> None:
    """And the script means the same."""
    assert cells.as_script(source) == made


def test_a_cell_with_magics_is_refused(lab: httpx.Client) -> None:
    """With its line and what to do."""
    answer = lab.post("flexwm/script", json={"source": "x = 1\n!ls"})
    problem = answer.json()["problem"]
    assert (answer.status_code, problem["line"], "magics" in problem["remedy"]) == (400, 2, True)


CELLS = [
    pytest.param({"kind": "script", "language": "bash", "content": "echo 1"}, id="script"),
    pytest.param(
        {"kind": "flow", "language": "yaml", "content": FLOW.replace("results.nowhere", "results.a")}, id="flow"
    ),
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_registered_without_its_kernel(lab: httpx.Client, cell: dict[str, Any]) -> None:
    """Once; again it is unchanged."""
    target = {"kind": "script", "language": "bash", "content": 'n="$1"', "path": "f/x/y"}
    lab.post("flexwm/e/local/register", json=target)
    body = {**cell, "path": f"f/lab/{cell['kind']}", "kernel": "python3"}
    answers = [lab.post("flexwm/e/local/register", json=body) for _ in range(2)]
    assert [answer.json().get("status") for answer in answers] == ["registered", "unchanged"], answers[0].text


def test_a_cell_that_does_not_parse_is_not_registered(lab: httpx.Client) -> None:
    """The error has its line."""
    body = {"kind": "script", "language": "python3", "content": "def main(:\n", "path": "f/lab/bad"}
    answer = lab.post("flexwm/e/local/register", json=body)
    assert (answer.status_code, answer.json()["problem"]["line"]) == (400, 1)


def test_a_notebook_becomes_a_flow_file(jupyter: Jupyter, lab: httpx.Client) -> None:
    """Beside it, and not in the place of another file."""
    code = [{"cell_type": "code", "source": text, "metadata": {}} for text in ("x = 2", "y = x * 3\ny")]
    (jupyter.folder / "work.ipynb").write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4}))
    answer = lab.post("flexwm/export", json={"notebook": "work.ipynb"})
    assert (answer.json()["file"], (jupyter.folder / "work.flow.yaml").exists()) == ("work.flow.yaml", True)
    assert flow_files.look((jupyter.folder / "work.flow.yaml").read_text())["problems"] == []
    assert lab.post("flexwm/export", json={"notebook": "work.ipynb"}).status_code == 400
    assert lab.post("flexwm/export", json={"notebook": "work.ipynb", "replace": True}).status_code == 200
    assert lab.post("flexwm/export", json={"notebook": "../../etc/passwd"}).status_code == 400


def test_yaml_and_differences(lab: httpx.Client) -> None:
    """As the package writes them."""
    assert lab.post("flexwm/yaml", json={"value": {"b": [1], "summary": "x"}}).json()["text"].startswith("summary: x")
    lines = lab.post("flexwm/diff", json={"old": "a\nb", "new": "a\nc"}).json()["lines"]
    assert lines == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert lab.post("flexwm/diff", json={"old": "a"}).status_code == 400


def test_the_first_notebook_is_made_once(jupyter: Jupyter, lab: httpx.Client) -> None:
    """What somebody changed in it stays."""
    (jupyter.folder / "sub").mkdir(exist_ok=True)
    path = lab.post("flexwm/quickstart", json={"folder": "sub"}).json()["path"]
    file = jupyter.folder / path
    assert json.loads(file.read_text())["cells"][1]["source"] == ["%load_ext flexwm_nb"]
    file.write_text("{}")
    assert lab.post("flexwm/quickstart", json={"folder": "sub"}).json()["path"] == path
    assert file.read_text() == "{}"
