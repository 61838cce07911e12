"""Values that are known only while a flow runs."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.references import Reference, expression, js, result_of, transform

ROWS = result_of("clean")
WRITTEN: dict[str, Reference] = {
    "results.clean.rows": ROWS.rows,
    'results.clean["a b"]': ROWS["a b"],
    "results.clean.rows[0].x": ROWS.rows[0].x,
    'results["my-step"].x': result_of("my-step").x,
    "results.clean.n > 10": ROWS.n > 10,
    'results.clean.a > 1 && results.clean.b === "x" || !results.clean.c': (ROWS.a > 1) & (ROWS.b == "x") | ~ROWS.c,
    "(results.clean.a + 1) * 2": (ROWS.a + 1) * 2,
    "results.clean.a - (results.clean.b - 1)": ROWS.a - (ROWS.b - 1),
    "results.clean.a !== null": ROWS.a != None,  # noqa: E711
    "!(results.clean.a === 1)": ~(ROWS.a == 1),
    "1 - results.clean.n": 1 - ROWS.n,
    "results.clean.rows.slice(0, 3)": ROWS.rows.slice(0, 3),
    "(a ? b : c).x": js("a ? b : c").x,
}
TRANSFORMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": ([1, {"a": None}], {"type": "static", "value": [1, {"a": None}]}),
    "reference": (ROWS.x, {"type": "javascript", "expr": "results.clean.x"}),
    "list": ([1, ROWS.x], {"type": "javascript", "expr": "[1, results.clean.x]"}),
    "mapping": ({"a b": ROWS.x}, {"type": "javascript", "expr": '({ "a b": results.clean.x })'}),
    "javascript": (js("a, b"), {"type": "javascript", "expr": "a, b"}),
}


@pytest.mark.parametrize(("text", "made"), WRITTEN.items())
def test_expressions(text: str, made: Reference) -> None:
    """Python's operators make JavaScript, with the parentheses that it needs."""
    assert str(made) == text


@pytest.mark.parametrize(("value", "made"), TRANSFORMS.values(), ids=TRANSFORMS.keys())
def test_inputs(value: Any, made: dict[str, Any]) -> None:
    """A value is written as it is; references in it make an expression."""
    assert transform(value, "x") == made


@pytest.mark.parametrize("use", [bool, list, len, lambda found: 1 in found], ids=["if", "for", "len", "in"])
def test_what_python_cannot_decide(use: Any) -> None:
    """What is not known yet is refused, with the way to say it."""
    with pytest.raises(InvalidFlow, match="known only while the flow runs"):
        use(ROWS.rows)


def test_a_value_that_json_cannot_say() -> None:
    """The error names input and type."""
    with pytest.raises(InvalidFlow, match="Input rows of step a cannot be a set"):
        transform({1, 2}, "Input rows of step a")


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), ("result > 1", "result > 1"), (ROWS.ok, "results.clean.ok")]
)
def test_conditions(value: Any, text: str) -> None:
    """A condition may be JavaScript, a reference or a constant."""
    assert expression(value) == text
