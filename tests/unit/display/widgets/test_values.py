"""Values for a page: of what kind each is, and how much of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flexwm_nb.display.widgets.values import described


def deep(levels: int) -> Any:
    """A document that deep."""
    made: Any = 1
    for _ in range(levels):
        made = {"in": made}
    return made


KINDS = {
    "records": ([{"a": 1}, {"b": 2}], "table"),
    "text of several lines": ("a\nb", "text"),
    "text": ("a", "json"),
    "an object": ({"a": [1, {"b": None}]}, "json"),
    "nothing": (None, "json"),
    "a picture": ({"png": "iVBORw0KGgo="}, "image"),
    "a drawing": ({"svg": "<svg onload='alert(1)'/>"}, "image"),
    "a page": ({"html": "<script>alert(1)</script>"}, "page"),
    "markdown": ({"md": "# a"}, "markdown"),
    "no picture": ({"png": "not base64!"}, "json"),
}


@pytest.mark.parametrize(("value", "kind"), KINDS.values(), ids=KINDS)
def test_each_value_has_a_kind(value: Any, kind: str) -> None:
    """By which the page shows it."""
    assert described(value)["kind"] == kind


def test_records_are_a_table_of_all_their_columns() -> None:
    """What one does not have is empty."""
    assert described([{"a": 1}, {"b": 2}])["value"] == {
        "columns": ["a", "b"],
        "rows": [[1, None], [None, 2]],
        "total": 2,
    }


LARGE = {
    "a long list": list(range(200_000)),
    "many records": [{"n": number} for number in range(100_000)],
    "a deep document": deep(500),
    "a long text": "x" * 1_000_000,
    "long lines": "x\n" * 1_000_000,
    "a large picture": {"png": "A" * 8_000_000},
    "wide records": [{f"c{number}": number for number in range(5_000)}] * 50,
}


@pytest.mark.parametrize("value", LARGE.values(), ids=LARGE)
def test_of_a_large_value_the_page_gets_the_beginning(value: Any) -> None:
    """Small enough to travel with every change of a view, and a note that it is not all."""
    made = described(value)
    assert len(json.dumps(made)) < 200_000
    assert made.get("note") or made["value"]["total"] == len(value)


def test_numbers_that_javascript_cannot_hold_travel_as_text() -> None:
    """Nothing is shown that is not so."""
    made = described({"id": 2**60, "nan": float("nan"), "small": -1.5})
    assert made["value"] == {"id": str(2**60), "nan": "nan", "small": -1.5}
