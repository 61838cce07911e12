"""The interpreter's parts by themselves: times of tries, the stored status, parts of flows, the preprocessor."""

from __future__ import annotations

import json

import pytest

from flexwm_nb.server.flows.openflow import Constant, Exponential, Retry
from flexwm_nb.server.interpreter import nodes, retry, state
from flexwm_nb.server.interpreter.loops import iteration_arguments
from flexwm_nb.server.interpreter.messages import Started
from flexwm_nb.server.interpreter.nodes import Place
from tests.unit.server.interpreter.simulation import World

CONSTANT = Constant(attempts=2, seconds=5)
GROWING = Exponential(attempts=2, multiplier=3, seconds=2)
JITTERED = Exponential(attempts=1, multiplier=1, seconds=10, random_factor=50)


@pytest.mark.parametrize(
    ("wanted", "failures", "chance", "seconds"),
    [
        (Retry(constant=CONSTANT), 0, 0.5, 5),
        (Retry(constant=CONSTANT), 1, 0.5, 5),
        (Retry(constant=CONSTANT), 2, 0.5, None),
        (Retry(exponential=GROWING), 0, 0.5, 6),
        (Retry(exponential=GROWING), 1, 0.5, 12),
        (Retry(exponential=GROWING), 2, 0.5, None),
        (Retry(constant=CONSTANT, exponential=GROWING), 2, 0.5, 24),
        (Retry(exponential=JITTERED), 0, 0.0, 5),
        (Retry(exponential=JITTERED), 0, 1.0, 15),
        (Retry(exponential=Exponential(attempts=9, multiplier=1, seconds=60_000)), 8, 0.5, retry.LONGEST),
    ],
)
def test_the_time_until_the_next_try(wanted: Retry, failures: int, chance: float, seconds: float | None) -> None:
    """Constant tries come first, growing times have Windmill's formula, a cap and a spread."""
    assert retry.delay(wanted, failures, chance) == seconds


def test_the_stored_status_does_not_grow_with_a_loop() -> None:
    """While a loop goes on only its first job is stored; when it has ended, all are."""
    jobs = [str(number) for number in range(1_000)]
    running = state.ModuleState("InProgress", "l", job="9", flow_jobs=jobs, iterator=state.Iterator(3, 9))
    flow = state.FlowState(0, [running], state.waiting("failure"), None, {})
    assert state.decode(state.compact(flow)).modules[0].flow_jobs == ["0"]
    ended = state.FlowState(0, [state.ModuleState("Success", "l", flow_jobs=jobs)], state.waiting("failure"), None, {})
    assert state.decode(state.compact(ended)).modules[0].flow_jobs == jobs


def test_iterations_inside_one_another_see_all_of_them() -> None:
    """The inner `iter` hides none of those around it."""
    arguments = iteration_arguments(iteration_arguments(iteration_arguments("{}", 0, "a"), 1, "b"), 2, "c")
    found = {name: value["value"] for name, value in json.loads(arguments).items()}
    assert found == {"iter": "c", "iter_parent": "b", "iter_parent_parent": "a"}


def test_copies_of_the_failure_module_are_named_by_their_place() -> None:
    """A branch adds its step, a loop its step and iteration."""
    step = {"id": "i", "value": {"type": "identity"}}
    inner = {"id": "l", "value": {"type": "forloopflow", "iterator": {"type": "static"}, "modules": [step]}}
    outer = {"id": "b", "value": {"type": "branchone", "branches": [], "default": [inner]}}
    top = nodes.node(json.dumps({"modules": [outer], "failure_module": {"id": "failure", "value": step["value"]}}))
    found = top.child(Place(0, -1, 0)).child(Place(0, None, 3)).failure
    assert found is not None
    assert found.id == "failure-0-0-3"


@pytest.mark.parametrize(("made", "given"), [({"k": 1}, {"k": 1}), (None, {}), ([1], {"value": [1]})])
def test_a_preprocessor_makes_the_arguments(made: object, given: object) -> None:
    """An object stands as it is, nothing is no arguments, all else becomes `value`."""
    code = json.dumps({"value": made})
    script = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}
    flow = {
        "modules": [{"id": "a", "value": {"type": "identity"}}],
        "preprocessor_module": {"id": "preprocessor", "value": script},
    }
    world = World(flow, 0)
    world.pending.clear()
    world.root.state = state.initial(["a"], preprocess=True)
    world.deliver(world.root, Started())
    assert world.pushed[-1].entrypoint == "preprocessor"
    assert json.loads(world.run().result) == given
