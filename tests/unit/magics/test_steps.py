"""The cells of %%windmill_step become a flow."""

from __future__ import annotations

import pytest

from flexwm_nb.errors import InvalidInput
from flexwm_nb.flows.cuts import cut_after
from flexwm_nb.magics import steps
from flexwm_nb.magics.origins import shift
from flexwm_nb.magics.steps import StepCell


def cell(name: str, arguments: str, *after: str) -> StepCell:
    """A cell with a main."""
    return StepCell(id=name, language="python3", content=f"def main({arguments}):\n    return 1\n", after=after)


def loose(name: str, content: str) -> StepCell:
    """A cell without one."""
    return StepCell(id=name, language="python3", content=content)


def kept(*cells: StepCell) -> dict[str, StepCell]:
    """The cells by their ids."""
    return {item.id: item for item in cells}


ORDERS = {
    "by what they read": (
        kept(cell("report", "clean"), cell("load", ""), cell("clean", "load")), (), "load clean report",
    ),
    "else as they are given": (kept(cell("b", ""), cell("a", "")), ("a", "b"), "a b"),
    "else as they were written": (kept(cell("b", ""), cell("a", "")), (), "b a"),
    "by what they come after": (kept(cell("a", "", "b"), cell("b", "")), (), "b a"),
    "only some": (kept(cell("a", ""), cell("b", ""), cell("c", "a")), ("c", "a"), "a c"),
    "by variables": (kept(loose("use", "y = x + 1"), loose("make", "x = abs(-1)")), (), "make use"),
    "by the last that sets one": (
        kept(loose("one", "x = abs(1)"), loose("two", "x = x + 1"), loose("three", "y = x")), (), "one two three",
    ),
    "in bash": (
        kept(StepCell(id="b", language="bash", content='a="$1"\necho "$a"'), cell("a", "")), (), "a b",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "wanted", "order"), ORDERS.values(), ids=ORDERS)
def test_steps_are_put_in_order(cells: dict[str, StepCell], wanted: tuple[str, ...], order: str) -> None:
    """Each after those that it reads."""
    assert [found.id for found in steps.chosen(cells, wanted)] == order.split()


WRONG = {
    "none": ({}, (), "there are no steps. Write cells that start with %%windmill_step ID, and run them"),
    "unknown": (kept(cell("load", "")), ("laod",), "there is no step 'laod'. Did you mean load?"),
    "one that is read is left out": (
        kept(cell("load", ""), cell("report", "load")), ("report",), "step report reads load. Add load to --steps",
    ),
    "a circle": (
        kept(cell("a", "c"), cell("b", "a"), cell("c", "b")), (),
        "the steps a → b → c → a wait for each other. Change what one of them reads",
    ),
    "after one that is not there": (
        kept(cell("a", "", "x")), (), "step a comes after a step that is not there: 'x'. There are a",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "wanted", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_put_in_order_is_refused(cells: dict[str, StepCell], wanted: tuple[str, ...], said: str) -> None:
    """With the reason and what to do."""
    with pytest.raises(InvalidInput) as caught:
        steps.chosen(cells, wanted)
    assert str(caught.value) == said


def test_an_argument_named_as_a_step_takes_its_result() -> None:
    """Every other argument is an input of the flow, with its type and default."""
    made = steps.together("f/a/b", [cell("load", "origin: str"), cell("top", "load: list, n: int = 3")])
    transforms = made["top"].document["value"]["input_transforms"]
    assert transforms["load"] == {"type": "javascript", "expr": "results.load"}
    assert transforms["n"] == {"type": "javascript", "expr": "flow_input.n"}
    assert made.schema is not None
    assert list(made.schema["properties"]) == ["origin", "n"]
    assert made.schema["required"] == ["origin"]
    assert made.schema["properties"]["n"]["default"] == 3


def test_the_step_named_failure_handles_errors() -> None:
    """It reads the error."""
    made = steps.together("f/a/b", [cell("a", ""), cell("failure", "error: dict")])
    handler = made.document["value"]["failure_module"]
    assert [module["id"] for module in made.document["value"]["modules"]] == ["a"]
    assert handler["value"]["input_transforms"]["error"] == {"type": "javascript", "expr": "error"}


def test_cells_with_and_without_main_do_not_mix() -> None:
    """A clear error says which is which."""
    with pytest.raises(InvalidInput, match="step a has a main and step b has none"):
        steps.together("f/a/b", [cell("a", ""), loose("b", "x = 1 + 1")])


def test_a_flow_takes_the_newer_code_of_its_steps() -> None:
    """Only steps whose code is another are changed; what the notebook has no cell for stays."""
    old = steps.together("f/a/b", [cell("a", "n"), cell("b", "a")]).document["value"]
    newer = StepCell(id="b", language="python3", content="def main(a):\n    return 2\n")
    value, changed = steps.corrected(old, kept(cell("a", "n"), newer))
    assert changed == ["b"]
    assert value["modules"][1]["value"]["content"] == newer.content
    assert value["modules"][1]["value"]["input_transforms"] == old["modules"][1]["value"]["input_transforms"]
    assert old["modules"][1]["value"]["content"] != newer.content


def test_a_flow_is_cut_after_a_step() -> None:
    """Also after the loop that a step is in."""
    loop = {"id": "each", "value": {"type": "forloopflow", "modules": [{"id": "inner", "value": {"type": "identity"}}]}}
    value = {"modules": [{"id": "a", "value": {"type": "identity"}}, loop, {"id": "b", "value": {"type": "identity"}}]}
    assert [module["id"] for module in cut_after(value, "a")["modules"]] == ["a"]
    assert [module["id"] for module in cut_after(value, "inner")["modules"]] == ["a", "each"]
    with pytest.raises(InvalidInput, match=r"no step 'innre'\. Did you mean inner"):
        cut_after(value, "innre")


PYTHON = "import math\n\n\ndef one(x):\n    return math.sqrt(x)\n\n\n"
CELL = f"{PYTHON}value:\n  content: |\n    def main():\n        return 5\n"
SHIFTS = {
    "the text itself": (CELL, 0),
    "a function under another name": ("def main(x):\n    return math.sqrt(x)\n", 3),
    "what is indented": ("def main():\n    return 5\n", 9),
    "what is not there": ("x = 1\ny = 2\nz = 3\n", None),
}


@pytest.mark.parametrize(("content", "rows"), SHIFTS.values(), ids=SHIFTS)
def test_code_is_found_again_in_its_cell(content: str, rows: int | None) -> None:
    """How many lines further down it stands."""
    assert shift(content, CELL) == rows
