"""A form as a picture, and the magic line that it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.display.forms import Form, kind
from flexwm_nb.magics.arguments import parse
from flexwm_nb.magics.definitions import BY_NAME
from flexwm_nb.magics.values import collect

LINES = json.loads((Path(__file__).parents[3] / "labextension" / "tests" / "form_lines.json").read_text())
SCHEMA: dict[str, Any] = {
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer", "default": 7},
        "share": {"type": ["number", "null"]},
        "flag": {"type": "boolean", "default": False},
        "items": {"type": "array"},
        "more": {"type": "object"},
        "any": {},
        "key": {"type": "string", "password": True},
    }
}
HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m"


@pytest.mark.parametrize("case", LINES, ids=lambda case: case["named"])
def test_the_line_is_the_pages_and_is_read_back(case: dict[str, Any]) -> None:
    """The page and the kernel write the same line, and the magic reads the values from it."""
    line = Form(schema=SCHEMA, magic="f/a/b", values=case["values"]).line
    assert line.removeprefix("f/a/b").strip() == case["line"]
    words = parse(BY_NAME["windmill_run"], line).get("k=v")
    pairs = [tuple(word.split("=", 1)) for word in words]
    found = collect(pairs, None, {"key": "hush"}, SCHEMA, subject="f/a/b").values
    defaults = {"count": 7, "flag": False}
    assert {**defaults, **found} == {**defaults, **case["values"]}


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"type": "string"}, "text"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole number 1 to 9"),
        ({"type": "number", "minimum": 0}, "number from 0"),
        ({"type": "string", "enum": ["JFK", "LGA"]}, "JFK | LGA"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "object", "format": "resource-postgresql"}, "resource postgresql"),
        ({"type": "object", "format": "resource-s3_object"}, "file"),
        ({"type": "string", "password": True}, "secret"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": ["string", "integer"]}, "anything"),
        ({}, "anything"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_type_is_said_in_words(described: dict[str, Any], said: str) -> None:
    """Choices and limits with it."""
    assert kind(described) == said


def test_a_table_has_values_defaults_and_needs_and_no_secret() -> None:
    """In the schema's order; what is needed is said to be."""
    schema = {**SCHEMA, "order": ["count", "name"], "required": ["name", "more"]}
    schema["properties"] = {**SCHEMA["properties"], "day": {"type": "string", "default": "<function call>"}}
    form = Form(schema=schema, magic="%windmill_run f/a/b", values={"name": "Ada", "key": "hush"})
    rows = {row[0]: row[2] for row in form.table().rows}
    assert list(rows)[:2] == ["count", "name"]
    assert (rows["count"], rows["name"], rows["more"], rows["key"]) == ("7", "Ada", "needed", "••••")
    assert rows["day"] == "computed"
    assert "hush" not in str(form) + form._repr_html_()


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": {"x": None}, "required": 3, "order": 5}])
def test_odd_schemas_are_shown_all_the_same(schema: dict[str, Any]) -> None:
    """There is always the line."""
    form = Form(schema=schema, magic="%m")
    assert str(form).endswith("%m")
    assert "%m" in form._repr_html_()


def test_what_looks_like_markup_is_text() -> None:
    """Names, descriptions, values and choices."""
    described = {"type": "string", "description": HOSTILE, "enum": [HOSTILE]}
    html = Form(schema={"properties": {HOSTILE: described}}, magic=HOSTILE, values={HOSTILE: HOSTILE})._repr_html_()
    assert "<img" not in html
