"""How a run's steps look, from what an engine says of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flexwm_nb.display.graph import StepLook
from flexwm_nb.models.flow_status import StepRun
from flexwm_nb.stages.step_looks import approval, fields, left_out, looks_of, of, read

CODE = {"type": "rawscript", "language": "python3", "content": ""}
LOOP = {"id": "each", "value": {"type": "forloopflow", "modules": [{"id": "clean", "value": CODE}]}}
FORK = {
    "id": "fork",
    "value": {
        "type": "branchone",
        "branches": [{"expr": "a", "modules": [{"id": "b", "value": CODE}]}],
        "default": [{"id": "c", "value": CODE}],
    },
}
FORM = {"schema": {"required": ["to"], "order": ["to", "n"], "properties": {"n": {"type": "integer"}, "to": {"x": 1}}}}
ASK = {"id": "ask", "summary": "Send it?", "value": CODE, "suspend": {"required_events": 2, "resume_form": FORM}}


def test_the_iterations_of_a_loop_of_one_step_are_that_steps() -> None:
    """In its graph they are told under its name, all together."""
    ran = [
        StepRun(step=f"each[{number}]", state="success", jobs=("x",), duration=timedelta(seconds=1)) for number in "01"
    ]
    looks = looks_of([StepRun(step="each", state="success"), *ran], {"modules": [LOOP]})
    assert looks["clean"] == StepLook(state="success", duration=timedelta(seconds=2), note="2×")


def test_a_branch_that_was_not_taken_is_left_out() -> None:
    """Once the fork has ended; before that nobody knows."""
    taken = {"fork": StepLook(state="success"), "c": StepLook(state="success")}
    assert left_out({"modules": [FORK]}, taken) == {"b": StepLook(state="skipped")}
    assert left_out({"modules": [FORK]}, {"fork": StepLook(state="running")}) == {}


MODULES: dict[str, tuple[dict[str, Any], str]] = {
    "a loop": ({"iterator": {"itered": [1, 2, 3]}, "flow_jobs": ["a"], "flow_jobs_success": [True]}, "1 of 3"),
    "a branch": ({"branch_chosen": {"type": "branch", "branch": 1}}, "branch 2"),
    "the other branch": ({"branch_chosen": {"type": "default"}}, "else"),
    "a step": ({}, ""),
}


@pytest.mark.parametrize(("more", "note"), MODULES.values(), ids=MODULES)
def test_a_step_says_how_far_it_is(more: dict[str, Any], note: str) -> None:
    """Iterations, and the branch that was chosen."""
    status = read({"step": 0, "modules": [{"type": "InProgress", "id": "a", **more}]})
    assert of(status)["a"].note == note


def test_what_a_flow_waits_for_is_the_question_of_the_step_before() -> None:
    """With its fields in their order, and how many approvals are missing."""
    waiting = {"type": "WaitingForEvents", "id": "send", "count": 2, "job": "x"}
    status = read({"step": 1, "modules": [{"type": "Success", "id": "ask"}, waiting]})
    found = approval(status, {"modules": [ASK, {"id": "send", "value": CODE}]})
    assert found is not None
    assert (found["step"], found["message"], found["missing"]) == ("ask", "Send it?", 2)
    assert [(field["name"], field["required"]) for field in found["fields"]] == [("to", True), ("n", False)]


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": []}, {"properties": {"a": "b"}}], ids=str)
def test_a_schema_that_is_none_has_no_fields(schema: dict[str, Any]) -> None:
    """The two answers are there all the same."""
    assert fields(schema) == []
