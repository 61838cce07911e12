"""What is read in an expression's text."""

from __future__ import annotations

import pytest

from flexwm_nb.server.expressions.parse import is_value, read


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("results.a + results?.b", ("a", "b")),
        ('results["a-b"].x', ("a-b",)),
        ('results["\\u0061"]', ("a",)),
        ("results['a']", ()),
        ("results[name]", ()),
        ("results.a.b + results.a.c", ("a",)),
        ("'in a text: results.a'", ("a",)),
        ("previous_result", ()),
    ],
)
def test_steps(expression, steps):
    """The steps that are named as Windmill's pattern finds them, each once."""
    assert read(expression).steps == steps


@pytest.mark.parametrize("expression", ["", "1", "a ? b : c", "';'", '"\\";"', "`;`", "returned", "iffy", "awaited()"])
def test_values(expression):
    """These get a return."""
    assert is_value(expression)


@pytest.mark.parametrize(
    "expression", ["return", "return 1", "return;", "const a = 1", "if(a) b", "await a", "async () => 1", "1;", "';';"]
)
def test_statements(expression):
    """These do not."""
    assert not is_value(expression)
