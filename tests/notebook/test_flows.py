"""Cells become flows, flows become runs: in a real shell, on a real engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas
import pytest

from flexwm_nb.engine import Engine
from flexwm_nb.errors import FlexwmError, InvalidFlow, InvalidSource, JobFailed
from flexwm_nb.execution import Execution

if TYPE_CHECKING:
    from conftest import TestingShell

LOAD = "%%windmill_step load\ndef main(origin: str = 'JFK'):\n    return [3, 1, 2, origin]"
CLEAN = "%%windmill_step clean\ndef main(load: list):\n    return sorted(n for n in load if isinstance(n, int))"
REPORT = (
    "%%windmill_step report\ndef main(clean: list, top: int):\n    if top < 0:\n"
    "        raise ValueError(f'no {top}')\n    return {'total': sum(clean[:top])}"
)
BUILT = """def one(origin: str):
    return [origin]


def two(rows: list, place: int):
    return rows[place]


first = flow.step(one, origin=flow.input.origin)
flow.step(two, rows=first.result, place=flow.input.place)"""
YAML = """summary: twice
value:
  modules:
    - id: twice
      value:
        type: rawscript
        language: python3
        content: |
          def main(n: int):
              return 4 / n
        input_transforms:
          n: {type: javascript, expr: flow_input.n}
schema:
  type: object
  properties:
    n: {type: integer}
  required: [n]
"""
WAITS = """flow.code("python3", "def main():\\n    return 1", "ask").suspend(1)
flow.code("python3", "def main(said):\\n    return said", "after", said=flow.resume)"""


@pytest.fixture
def steps(shell: TestingShell) -> TestingShell:
    """A shell with three step cells, and no others."""
    from flexwm_nb.magics import extension_of

    extension = extension_of(shell)
    assert extension is not None
    extension.session.steps.clear()
    for cell in (REPORT, LOAD, CLEAN):
        shell.cell(cell)
    return shell


def test_step_cells_become_a_flow_in_the_order_in_which_they_read(steps: TestingShell, wm: Engine) -> None:
    """It is registered, run, drawn with times, and gives the last step's result."""
    found = steps.cell("%windmill_flow f/nb/daily --steps load clean report --run top=2 -o out")
    assert found == {"total": 3}
    assert steps.user_ns["out"] == {"total": 3}
    line, headline, *_ = steps.output.strip().split("\n")
    assert line.replace(" s ", " ").startswith("✓ load 0.")
    assert headline.startswith("f/nb/daily v1 registered · 3 steps · job ")
    assert [module["id"] for module in wm.flows.get("f/nb/daily").value["modules"]] == ["load", "clean", "report"]
    steps.cell("%windmill_flow f/nb/daily")
    assert "v1 unchanged · 3 steps" in steps.output


def test_a_failed_step_is_shown_at_its_cell_replayed_and_corrected(steps: TestingShell) -> None:
    """The run goes on from there with the corrected step; the steps before keep their results."""
    shown = steps.message("%windmill_flow f/nb/daily2 --run top=-1")
    assert "step report of f/nb/daily2" in shown
    assert "line 4, in main(" in shown
    assert shown.endswith(" report")
    assert isinstance(steps.failure(shown.partition("debug it here: ")[2]), ValueError)
    assert steps.user_ns["inputs"] == {"clean": [1, 2, 3], "top": -1}
    steps.cell(REPORT.replace("raise ValueError(f'no {top}')", "top = 1"))
    assert steps.cell("%windmill_restart --from report") == {"total": 1}
    assert "from report · with the newer report" in steps.output
    assert isinstance(steps.failure("%windmill_restart --from nosuch"), FlexwmError)


def test_a_part_of_a_flow_can_run(steps: TestingShell) -> None:
    """Up to a step, whose result it gives."""
    assert steps.cell("%windmill_flow f/nb/daily --upto clean top=2") == [1, 2, 3]
    assert "only up to clean" in steps.output


def test_a_result_is_reused_where_that_is_asked_for(steps: TestingShell, wm: Engine) -> None:
    """Of the same version with the same arguments, and it is said."""
    steps.cell("%windmill_flow f/nb/cached --run top=2")
    assert steps.cell("%windmill_flow f/nb/cached --run top=2 --cache") == {"total": 3}
    assert "result reused, nothing ran" in steps.output
    assert steps.cell("%windmill_flow f/nb/cached --run top=1 --cache") == {"total": 1}
    assert len(wm.jobs.list(path="f/nb/cached")) == 2


def test_cells_without_main_pass_their_variables_on(shell: TestingShell) -> None:
    """As in a notebook; an error is shown at the cell's own line."""
    shell.cell("%%windmill_step rows\nrows = list(range(4))")
    shell.cell("%%windmill_step mean\nmean = sum(rows) / len(rows)\nmean")
    assert shell.cell("%windmill_flow f/nb/loose --steps rows mean --run")["result"] == 1.5
    shell.cell("%%windmill_step mean\n\nmean = sum(rows) / 0")
    assert "line 3, in main" in shell.message("%windmill_flow f/nb/loose --steps rows mean --run")


def test_python_builds_a_flow(shell: TestingShell) -> None:
    """On the variable `flow`; an error in a step is shown at the function's line in the cell."""
    assert shell.cell(f"%%windmill_flow f/nb/built origin=JFK --arg place=0\n{BUILT}") == "JFK"
    shown = shell.message(f"%%windmill_flow f/nb/built origin=JFK place=4\n{BUILT}")
    assert "step two of f/nb/built" in shown
    assert "line 7, in main(" in shown
    assert "----> 7     return rows[place]" in shown


def test_a_document_is_a_flow(shell: TestingShell) -> None:
    """YAML and JSON; an error in a step is shown at the document's line."""
    assert shell.cell(f"%%windmill_flow f/nb/yaml n=2\n{YAML}") == 2
    assert "line 11, in main(n=0)" in shell.message(f"%%windmill_flow f/nb/yaml n=0\n{YAML}")
    document = {"value": {"modules": [{"id": "a", "value": {"type": "identity"}}]}}
    assert shell.cell(f"%%windmill_flow f/nb/json\n{json.dumps(document)}") == {}


def test_a_dry_run_draws_and_registers_nothing(shell: TestingShell, wm: Engine) -> None:
    """New or changed, with the difference."""
    shell.cell(f"%%windmill_flow f/nb/dry --no-run\n{YAML}")
    plan = shell.cell(f"%%windmill_flow f/nb/dry --dry-run\n{YAML.replace('4 / n', '5 / n')}")
    assert str(plan).startswith("f/nb/dry · v1 → v2 · nothing is registered\ntwice\n")
    assert "return 5 / n" in str(plan)
    assert len(wm.flows.history("f/nb/dry")) == 1


def test_a_flow_waits_for_an_approval(shell: TestingShell) -> None:
    """The cell ends, says so, and another goes on."""
    assert shell.cell(f"%%windmill_flow f/nb/waits -o waiting\n{WAITS}") is None
    assert isinstance(shell.user_ns["waiting"], Execution)
    assert "waits for an approval: %windmill_approve" in shell.output
    assert shell.cell('%windmill_approve --payload {"limit": 5}') == {"limit": 5}
    shell.cell(f"%%windmill_flow f/nb/waits\n{WAITS}")
    assert "SuspendedDisapproved" in shell.message("%windmill_approve --deny")
    assert "waits for no approval" in shell.message("%windmill_approve")


def test_a_flow_that_waits_goes_on_with_a_corrected_step(steps: TestingShell) -> None:
    """What has run stays; the run is the same."""
    steps.cell("%%windmill_step ask\ndef main():\n    return 1")
    steps.cell("%%windmill_step tell\ndef main(ask: int):\n    return ask / 0")
    flow = "from flexwm_nb.magics import extension_of, steps\n"
    flow += "cells = steps.chosen(extension_of(get_ipython()).session.steps, ['ask', 'tell'])\n"
    flow += "made = steps.together('f/nb/corrected', cells)\nmade['ask'].suspend(1)\nmade"
    steps.cell(f"%%windmill_flow f/nb/corrected\n{flow}")
    assert "no newer cell" in steps.message("%windmill_approve --corrected")
    steps.cell("%%windmill_step tell\ndef main(ask: int):\n    return ask / 2")
    assert steps.cell("%windmill_approve --corrected") == 0.5
    assert "with the newer tell" in steps.output


def test_a_registered_flow_runs_by_its_path(shell: TestingShell) -> None:
    """As a script does; its versions and their difference are told too."""
    shell.cell(f"%%windmill_flow f/nb/named --no-run\n{YAML}")
    assert shell.cell("%windmill_run f/nb/named n=2") == 2
    assert "Did you mean f/nb/named?" in shell.message("%windmill_run f/nb/nmaed n=2")
    assert "takes a whole number" in shell.message("%windmill_run f/nb/named n=x")
    shell.cell(f"%%windmill_flow f/nb/named --no-run\n{YAML.replace('4 / n', '5 / n')}")
    assert list(shell.cell("%windmill_history f/nb/named")["number"]) == [2, 1]
    assert "+              return 5 / n" in str(shell.cell("%windmill_diff f/nb/named"))
    assert "f/nb/named" in list(shell.cell("%windmill_flows f/nb")["path"])
    assert shell.cell("%windmill_run f/nb/named@v1 n=2") == 2


def test_graphs_are_drawn(steps: TestingShell) -> None:
    """Of a registered flow, and of a run with its states."""
    steps.failure("%windmill_flow f/nb/drawn --run top=-1")
    assert str(steps.cell("%windmill_dag f/nb/drawn")) == "load ──► clean ──► report"
    assert "✗ report" in str(steps.cell("%windmill_dag"))
    assert "✗ report" in str(steps.cell("%windmill_job"))
    assert "Did you mean f/nb/drawn?" in steps.message("%windmill_dag f/nb/drwan")


def test_a_loop_is_told_with_the_iteration_that_failed(shell: TestingShell) -> None:
    """By its place; %windmill_replay finds its inputs."""
    body = "def main(x: int):\n    return 1 / (x - 2)\n"
    cell = "%%windmill_flow f/nb/loop rows=[1,2,3]\nwith flow.for_each(flow.input('rows', list)) as each:\n"
    shown = shell.message(f"{cell}    flow.code('python3', {body!r}, 'div', x=each.item)")
    assert "step each[1] of f/nb/loop" in shown
    assert isinstance(shell.failure("%windmill_replay"), ZeroDivisionError)
    assert shell.user_ns["inputs"]["x"] == 2


def test_a_loop_of_many_iterations_is_told_quickly(shell: TestingShell) -> None:
    """The iteration that failed is found without looking at all of them."""
    body = "def main(x: int):\n    return 1 / (x - 290)\n"
    cell = "%%windmill_flow f/nb/many\nwith flow.for_each(list(range(300)), 'each', parallel=True) as each:\n"
    shown = shell.message(f"{cell}    flow.code('python3', {body!r}, 'div', x=each.item)")
    assert "step each[290]/div of f/nb/many" in shown
    assert "✗ each" in shell.output
    assert "300×" in shell.output


def test_a_step_that_could_not_start_is_named(shell: TestingShell) -> None:
    """With what the engine says."""
    cell = "%%windmill_flow f/nb/noloop\nwith flow.for_each(js('3'), 'each'):\n    flow.identity('same')"
    shown = shell.message(cell)
    assert "step each of f/nb/noloop" in shown
    assert "Expected an array value in the iterator expression" in shown
    assert "failed before it could start" in shell.message("%windmill_replay")


def test_a_steps_code_is_put_into_the_next_cell(steps: TestingShell) -> None:
    """With its inputs in a variable."""
    steps.failure("%windmill_flow f/nb/edited --run top=-1")
    steps.cell("%windmill_replay report --edit")
    assert steps.rl_next_input.startswith("%%windmill_step report\ndef main(clean: list, top: int):")
    assert steps.user_ns["inputs"]["top"] == -1


def test_a_flow_runs_for_each_row(shell: TestingShell) -> None:
    """As a script does."""
    shell.cell(f"%%windmill_flow f/nb/mapped --no-run\n{YAML}")
    shell.cell("rows = [{'n': 1}, {'n': 0}, {'n': 4}]")
    made = shell.cell("%windmill_map f/nb/mapped rows")
    assert list(made["state"]) == ["success", "failure", "success"]
    assert made["result"].iloc[2] == 1


def test_flows_go_to_files_and_notebooks_and_back(shell: TestingShell, wm: Engine, tmp_path: Path) -> None:
    """Without a difference; nothing is changed in a dry run."""
    shell.cell(f"%%windmill_flow f/away/yaml --no-run\n{YAML}")
    shell.cell(f"%windmill_pull f/away --folder {tmp_path} --dry-run")
    assert "+ f/away/yaml.flow/flow.yaml" in shell.output
    assert not list(tmp_path.iterdir())
    shell.cell(f"%windmill_pull f/away --folder {tmp_path}")
    shell.user_ns["place"] = tmp_path
    shell.cell("%windmill_push f/away --folder $place")
    assert "nothing to change" in shell.output
    assert "no variable 'plaice'. Did you mean place?" in shell.message("%windmill_push f/away --folder $plaice")
    shell.user_ns["place"] = 5
    assert "is no path, but of type int" in shell.message("%windmill_push f/away --folder $place")
    notebook = tmp_path / "yaml.ipynb"
    shell.cell(f"%windmill_export f/away/yaml {notebook}")
    notebook.write_text(notebook.read_text().replace("4 / n", "6 / n"))
    shell.cell(f"%windmill_export {notebook}")
    assert "f/away/yaml v1 → v2 (+1 −1)" in shell.output
    assert shell.cell("%windmill_run f/away/yaml n=2") == 3
    assert "exists" in shell.message(f"%windmill_export f/away/yaml {notebook}")


BAD = {
    "unknown kind": (
        "%%windmill_flow f/nb/bad\nvalue:\n  modules:\n    - {id: a, value: {type: rawscrpt}}", InvalidFlow, "rawscrpt",
    ),
    "not yaml": ("%%windmill_flow f/nb/bad\nvalue: [\n", InvalidFlow, "not valid YAML"),
    "no flow": ("%%windmill_flow f/nb/bad\nx = 1", InvalidFlow, "the cell builds no flow"),
    "not python": ("%%windmill_flow f/nb/bad\nflow.step(", InvalidSource, "line 2"),
    "a later step": (
        "%%windmill_flow f/nb/bad\nflow.code('python3', 'def main(x): ...', 'a', x=js('results.b'))\n"
        "flow.code('python3', 'def main(): ...', 'b')",
        InvalidFlow,
        "a",
    ),
    "an argument that is missing": (f"%%windmill_flow f/nb/bad\n{YAML}", FlexwmError, "needs the argument 'n'"),
    "a step that is not there": (
        f"%%windmill_flow f/nb/bad n=1 --upto twic\n{YAML}", FlexwmError, "Did you mean twice?",
    ),
    "a script's run": ("%windmill_approve ffffffff-no", FlexwmError, "there is no job"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "kind", "said"), BAD.values(), ids=BAD)
def test_a_mistake_is_clear_and_nothing_is_registered(
    shell: TestingShell, wm: Engine, cell: str, kind: type[Exception], said: str
) -> None:
    """Each names what is wrong, and is an exception that stops the notebook."""
    error = shell.failure(cell)
    assert isinstance(error, kind)
    assert said in shell.shown(error)
    assert not wm.flows.exists("f/nb/bad")


def test_an_error_while_the_flow_is_built_is_an_ordinary_one(shell: TestingShell) -> None:
    """At the cell's line."""
    error = shell.failure("%%windmill_flow f/nb/bad\nx = 1\nx / 0")
    assert isinstance(error, ZeroDivisionError)
    assert "line 3" in shell.shown(error)


def test_with_a_plain_face_nothing_differs_from_run_to_run(steps: TestingShell) -> None:
    """No ids, no times."""
    steps.cell("%config WindmillMagics.display = 'plain'")
    steps.cell("%windmill_flow f/nb/plain --run top=2")
    first = steps.output
    steps.cell("%windmill_flow f/nb/plain --run top=2")
    assert steps.output.partition("Out[")[0] == first.partition("Out[")[0]
    assert first.strip().startswith("✓ load ──► ✓ clean ──► ✓ report\nf/nb/plain · 3 steps · ran\n")
    assert isinstance(steps.failure("%windmill_flow f/nb/plain --run top=-1"), JobFailed)


def test_a_frame_is_the_same_argument_twice(shell: TestingShell, wm: Engine) -> None:
    """`--cache` knows it by its content."""
    cell = "%%windmill_flow f/nb/framed --cache --arg frame=$df\nsummary: s\nvalue:\n  modules:\n"
    cell += "    - id: a\n      value:\n        type: identity\n"
    for numbers, runs in (([1, 2], 1), ([1, 2], 1), ([1, 3], 2)):
        shell.user_ns["df"] = pandas.DataFrame({"n": numbers})
        shell.cell(cell)
        assert len(wm.jobs.list(path="f/nb/framed")) == runs
