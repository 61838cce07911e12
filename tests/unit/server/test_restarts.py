"""The status that a run of a flow goes on from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flexwm_nb.server.flows import restarts
from flexwm_nb.server.interpreter.nodes import node
from flexwm_nb.server.web.failures import Failure

STEP = {"type": "identity"}
LOOP = {"type": "forloopflow", "iterator": {"type": "static", "value": []}, "modules": [{"id": "x", "value": STEP}]}
FLOW = {"modules": [{"id": "a", "value": STEP}, {"id": "l", "value": LOOP}, {"id": "c", "value": STEP}]}
A = {"type": "Success", "id": "a", "job": "job-a", "skipped": False}
JOBS = {"flow_jobs": ["1", "2", "3"], "flow_jobs_success": [True, True, False]}
OLD = {"step": 1, "modules": [A, {"type": "Failure", "id": "l", "job": "3", **JOBS}, {"type": "Failure", "id": "c"}]}


def restart(step: str, number: int | None = None, flow: dict[str, Any] = FLOW) -> dict[str, Any]:
    """The new status."""
    place = {"flow_job_id": "old", "step_id": step, "branch_or_iteration_n": number, "flow_version": None}
    return restarts.initial_status(OLD, node(json.dumps(flow)), place)


def test_what_stands_before_the_step_is_kept() -> None:
    """Its jobs count again; the step and what follows wait."""
    status = restart("l")
    assert (status["step"], status["modules"][0]) == (1, A)
    assert [module["type"] for module in status["modules"][1:]] == ["WaitingForPriorSteps"] * 2
    assert status["restarted_from"]["flow_job_id"] == "old"


def test_a_loop_goes_on_at_an_iteration() -> None:
    """The iterations before it are kept, as if the last of them had just ended."""
    loop = restart("l", 2)["modules"][1]
    assert (loop["type"], loop["flow_jobs"], loop["flow_jobs_success"]) == ("InProgress", ["1", "2"], [True, True])
    assert (loop["iterator"], loop["job"]) == ({"index": 1}, "2")


def test_a_step_may_have_been_replaced() -> None:
    """The new definition counts; a step that is new before the place has no result to go on with."""
    new = {"modules": [{"id": "n", "value": STEP}, *FLOW["modules"]]}
    assert len(restart("a", flow={"modules": [FLOW["modules"][0]]})["modules"]) == 1
    with pytest.raises(Failure, match="step n has not run"):
        restart("l", flow=new)


PARALLEL = {"modules": [FLOW["modules"][0], {"id": "l", "value": {**LOOP, "parallel": True}}]}
REFUSED = [
    pytest.param("z", None, FLOW, "Flow cannot be restarted from step z as it could not be found.", id="unknown step"),
    pytest.param("c", None, FLOW, "Flow cannot be restarted from a non successful module", id="after a failed one"),
    pytest.param("l", 9, FLOW, "iteration number 9 as it has only 3 iterations", id="too far"),
    pytest.param("l", 1, PARALLEL, "is parallel", id="parallel"),
    pytest.param("a", 1, FLOW, "has no iterations", id="no loop"),
]


@pytest.mark.parametrize(("step", "number", "flow", "text"), REFUSED)
def test_refusals(step: str, number: int | None, flow: dict[str, Any], text: str) -> None:
    """500, in Windmill's words."""
    with pytest.raises(Failure, match=text) as refused:
        restart(step, number, flow)
    assert refused.value.status == 500
