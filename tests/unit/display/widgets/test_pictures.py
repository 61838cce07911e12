"""A flow's picture for the page and for the saved notebook: folded, small, the same steps."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.display.widgets.pictures import Folds, first_folds, picture, twin_of


def code(name: str) -> dict[str, Any]:
    """A step of code."""
    return {"id": name, "value": {"type": "rawscript", "language": "python3", "content": ""}}


def loop(name: str, *inner: dict[str, Any]) -> dict[str, Any]:
    """A loop around steps."""
    return {"id": name, "value": {"type": "forloopflow", "iterator": {"expr": "x"}, "modules": list(inner)}}


BRANCHES = [{"expr": "a", "modules": [code("b")]}]
FORK = {"id": "fork", "value": {"type": "branchone", "branches": BRANCHES, "default": []}}
NESTED = {"value": {"modules": [code("a"), loop("each", code("c"), loop("inner", code("d"))), FORK]}}


def test_what_is_folded_is_one_box_that_unfolds() -> None:
    """At any depth; a second turn brings the steps back."""
    folds = Folds(NESTED)
    assert {node["id"] for node in folds.picture()["nodes"]} == {"a", "each", "c", "inner", "d", "fork", "b"}
    folds.turned("inner")
    folded = {node["id"]: node for node in folds.turned("fork")["nodes"]}
    assert set(folded) == {"a", "each", "c", "inner", "fork"}
    assert (folded["inner"]["shape"], folded["inner"]["marks"]) == ("folded", ["1 step inside"])
    assert {node["id"] for node in folds.turned("inner")["nodes"]} >= {"d"}


def test_a_very_large_flow_begins_folded() -> None:
    """Small ones do not."""
    many = {"modules": [loop("each", *(code(f"s{number}") for number in range(300))), code("end")]}
    assert first_folds(many) == {"each"}
    assert first_folds(NESTED) == set()


FLOWS = {
    "three steps": {"modules": [code(name) for name in "abc"]},
    "a hundred steps": {"modules": [code(f"step_{number}") for number in range(100)]},
    "five hundred steps": {"modules": [code(f"step_{number}") for number in range(500)]},
    "a loop of two hundred": {"modules": [loop("each", *(code(f"s{number}") for number in range(200)))]},
    "names of five hundred characters": {"modules": [code(f"{number}" + "x" * 500) for number in range(50)]},
    "a flow that contains itself": {"modules": [{"id": "a", "value": {"type": "flow", "path": "f/a/a"}}]},
}


@pytest.mark.parametrize("document", FLOWS.values(), ids=FLOWS)
def test_a_twin_stays_small_and_says_how_each_stood(document: dict[str, Any]) -> None:
    """Under 50 kB, all its parts together."""
    steps = {str(module["id"]): StepLook(state="success", note="2 tries") for module in document["modules"]}
    twin = twin_of(Graph(document=document, steps=steps), 48_000)
    assert sum(len(part.encode()) for part in twin.values()) < 70_000
    assert len(twin["text/html"].encode()) < 50_000
    assert "✓" in twin["text/html"]


def test_five_hundred_steps_are_placed_in_a_moment() -> None:
    """The page gets numbers alone."""
    import time

    began = time.process_time()
    made = picture(FLOWS["five hundred steps"])
    assert time.process_time() - began < 0.5
    assert len(made["nodes"]) == 500
