"""YAML as Windmill reads and writes it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexwm_nb import yaml_text
from flexwm_nb.errors import InvalidFlow, InvalidInput

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
WRITTEN = {
    "block": ("def main():\n\treturn 1 \n", "x: |\n  def main():\n  \treturn 1 \n"),
    "no end": ("a\nb", "x: |-\n  a\n  b\n"),
    "looks like a number": ("12", "x: '12'\n"),
    "looks like a boolean": ("true", "x: 'true'\n"),
    "YAML 1.1's booleans are texts": ("no", "x: no\n"),
    "a date is a text": ("2020-01-01", "x: 2020-01-01\n"),
    "single quote": ("it's: so", 'x: "it\'s: so"\n'),
    "nothing": (None, "x: null\n"),
    "whole float": (2.0, "x: 2\n"),
    "list": ([1, {"a": "b"}], "x:\n  - 1\n  - a: b\n"),
    "empty": ([[], {}], "x:\n  - []\n  - {}\n"),
}
READ = {
    "on: 12:30": {"on": "12:30"},
    "1: x": {"1": "x"},
    "x: 0x1f": {"x": 31},
    "x: .5": {"x": 0.5},
    "x: 010": {"x": 10},
    "<<: {a: 1}": {"<<": {"a": 1}},
    '{"a": [1, null]}': {"a": [1, None]},
}
REFUSED = {"a: [1": "line 1", "a: 1\na: 2": "'a' stands there twice", "a: !!python/object:os.system x": "tag"}


@given(VALUES)
def test_round_trip(value: Any) -> None:
    """Every JSON value comes back as it was."""
    assert yaml_text.load(yaml_text.dump({"x": value})) == {"x": value}


@pytest.mark.parametrize(("value", "text"), WRITTEN.values(), ids=WRITTEN.keys())
def test_what_is_written(value: Any, text: str) -> None:
    """The text is that of `wmill`."""
    assert yaml_text.dump({"x": value}) == text


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_what_is_read(text: str, value: Any) -> None:
    """The core schema of YAML 1.2."""
    assert yaml_text.load(text) == value


@pytest.mark.parametrize(("text", "why"), REFUSED.items())
def test_what_is_refused(text: str, why: str) -> None:
    """The error names the place."""
    with pytest.raises(InvalidInput, match=why) as caught:
        yaml_text.load(text, InvalidFlow)
    assert isinstance(caught.value, InvalidFlow)
    assert caught.value.line >= 1


def test_the_order_of_keys() -> None:
    """It is that of `wmill`: what people look for first, then the alphabet."""
    keys = ["retry", "value", "id", "lock", "$schema", "_x", "Apple", "apple", "a_b", "ab", "skip_if", "type"]
    ordered = ["_x", "$schema", "a_b", "id", "ab", "type", "value", "apple", "Apple", "lock", "retry", "skip_if"]
    assert sorted(keys, key=yaml_text.windmill_order) == ordered
