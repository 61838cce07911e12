"""From the line and the cell of a magic for flows to a frozen command."""

from __future__ import annotations

import pytest

from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics import commands, flow_commands
from flexwm_nb.magics.flow_cells import is_document


def test_a_cell_is_a_flow_that_runs() -> None:
    """With the options of a script's cell, and its own."""
    line = "f/a/b n=1 --arg m=$x -o out --upto clean --cache --summary 'a b' -q"
    assert commands.read("windmill_flow", line, "flow.step(one)") == flow_commands.RegisterFlow(
        magic="windmill_flow", path="f/a/b", content="flow.step(one)\n", arguments=(("n", "1"), ("m", "$x")),
        output="out", upto="clean", cache=True, summary="a b", quiet=True,
    )  # fmt: skip


def test_without_a_cell_step_cells_are_put_together() -> None:
    """And run where that is asked for."""
    command = commands.read("windmill_flow", "f/a/b --steps load clean report --run top=3")
    assert isinstance(command, flow_commands.RegisterFlow)
    assert (command.content, command.steps) == (None, ("load", "clean", "report"))
    assert (command.no_run, command.arguments) == (False, (("top", "3"),))
    alone = commands.read("windmill_flow", "f/a/b")
    assert isinstance(alone, flow_commands.RegisterFlow)
    assert alone.no_run


def test_a_restart_names_a_step_and_perhaps_an_iteration() -> None:
    """`STEP:N`."""
    command = commands.read("windmill_restart", "0193 --from each:3")
    assert command == flow_commands.Restart(magic="windmill_restart", job="0193", step="each", iteration=3)


@pytest.mark.parametrize(
    ("line", "job", "step"),
    [("", None, None), ("0193", "0193", None), ("report", None, "report"), ("0193 report", "0193", "report")],
    ids=["last", "job", "step of the last", "both"],
)
def test_a_replay_names_a_job_a_step_or_both(line: str, job: str | None, step: str | None) -> None:
    """A word that can be no id is a step of the last run."""
    assert commands.read("windmill_replay", line) == flow_commands.Replay(magic="windmill_replay", job=job, step=step)


def test_a_map_takes_a_frame_with_or_without_a_dollar_sign() -> None:
    """And arguments that are the same for all rows."""
    command = commands.read("windmill_map", "f/a/b $df n=1 --at-once 2 --failed")
    assert command == flow_commands.MapRows(
        magic="windmill_map", reference="f/a/b", frame="df", arguments=(("n", "1"),), at_once=2, failed=True
    )


WRONG = {
    "an empty cell": ("windmill_flow", "f/a/b", " ", "the cell is empty. Write the flow below the magic's line"),
    "no path": ("windmill_flow", "daily", "x", "'daily' is not a path. Did you mean f/demo/daily?"),
    "steps with a cell": (
        "windmill_flow", "f/a/b --steps a", "x",
        "--steps goes without a cell. Write %windmill_flow with one percent sign",
    ),
    "both run and not": (
        "windmill_flow", "f/a/b --run --no-run", None, "--run and --no-run do not go together. Keep one of them",
    ),
    "a step's name": ("windmill_step", "my-step", "x = 1", "'my-step' is no step's name. Did you mean my_step?"),
    "a step's empty cell": ("windmill_step", "a", "\n", "the cell is empty. Write the step below the magic's line"),
    "an iteration": (
        "windmill_restart", "--from each:x", None, "--from each:x names no iteration. Write --from each:3",
    ),
    "a frame": (
        "windmill_map", "f/a/b df.head()", None,
        "'df.head()' is no name of a kernel variable. Put the frame into one first",
    ),
    "no frame": ("windmill_map", "f/a/b", None, "FRAME is missing. Write %windmill_map PATH FRAME [k=v …] [options]"),
    "two targets": (
        "windmill_push", "f/ --to http://x --folder y", None, "--to and --folder do not go together. Keep one of them",
    ),
    "a notebook's target": (
        "windmill_export", "a.ipynb daily", None, "'daily' is not a path. Did you mean f/demo/daily?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "line", "cell", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_said(name: str, line: str, cell: str | None, said: str) -> None:
    """In one line, with what to write."""
    with pytest.raises(FlexwmError) as caught:
        commands.read(name, line, cell)
    assert str(caught.value) == said


CELLS = {
    "yaml": ("summary: x\nvalue:\n  modules: []\n", True),
    "a bare value": ("modules:\n  - id: a\n", True),
    "json": ('{"value": {"modules": []}}', True),
    "broken json": ('{"value": {"modules": [}', True),
    "yaml with code in it": (
        "value:\n  modules:\n    - id: a\n      value:\n        content: |\n          import x\n",
        True,
    ),
    "python": ("flow.step(one)", False),
    "python with an annotation": ("def f(): ...\nvalue: int = 3\nflow.step(f)", False),
    "a dict in python": ("x = {'value': 3}\nflow.step(one)", False),
}


@pytest.mark.parametrize(("content", "expected"), CELLS.values(), ids=CELLS)
def test_a_document_is_told_from_python(content: str, expected: bool) -> None:
    """By how it begins."""
    assert is_document(content) is expected
