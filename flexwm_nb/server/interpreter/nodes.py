"""The modules that one job interprets: of a flow, of a loop's body, of a branch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from flexwm_nb.server.flows.openflow import (
    BranchAll,
    BranchOne,
    Flow,
    ForLoop,
    Module,
    Value,
    WhileLoop,
    read_flow,
    read_value,
)
from flexwm_nb.server.interpreter.state import FAILURE

IDENTITY = msgspec.Raw(b'{"type":"identity"}')


class Place(NamedTuple):
    """Where in the flow above it a flow of a loop or a branch stands."""

    step: int  # index of the module
    branch: int | None  # None = the body of a loop, -1 = the default branch
    number: int  # of the iteration or branch


class Body:
    """A list of modules, read once, each module's value when it is first needed."""

    def __init__(self, modules: list[Module]) -> None:
        """Add the hidden module that a pause after the last one needs."""
        last = modules[-1] if modules else None
        if last is not None and (last.sleep is not None or waits(last)):
            modules = [*modules, Module(id=f"{last.id}-v", value=IDENTITY)]
        self.modules = modules
        self._bodies: dict[tuple[int, int | None], Body] = {}

    def value(self, step: int) -> Value:
        """What a module does. Raises BadModule."""
        return read_value(self.modules[step].value)

    def body(self, step: int, branch: int | None) -> Body:
        """The body of a loop, or a branch, of one of the modules."""
        found = self._bodies.get((step, branch))
        if found is None:
            found = self._bodies[step, branch] = Body(inner(self.value(step), branch))
        return found


def waits(module: Module) -> bool:
    """Whether the flow waits for events after the module."""
    return module.suspend is not None and bool(module.suspend.required_events)


def inner(value: Value, branch: int | None) -> list[Module]:
    """The modules inside a module."""
    if isinstance(value, (ForLoop, WhileLoop)):
        return value.modules
    if isinstance(value, BranchOne):
        return value.default if branch == -1 else value.branches[branch or 0].modules
    if isinstance(value, BranchAll):
        return value.branches[branch or 0].modules
    raise ValueError(f"{type(value).__name__} has no modules inside")


@dataclass(frozen=True, slots=True)
class Node:
    """What one job of a flow interprets."""

    body: Body
    failure: Module | None
    flow: Flow  # that it belongs to
    top: bool  # it is the flow itself, not a part

    @property
    def modules(self) -> list[Module]:
        """Its modules."""
        return self.body.modules

    def module(self, step: int) -> Module:
        """The module of a step, the failure module behind the last."""
        if step < 0:
            assert self.flow.preprocessor_module is not None
            return self.flow.preprocessor_module
        if step < len(self.modules):
            return self.modules[step]
        assert self.failure is not None
        return self.failure

    def value(self, step: int) -> Value:
        """What the module of a step does. Raises BadModule."""
        return read_value(self.module(step).value)

    def child(self, place: Place) -> Node:
        """The node of a loop's iteration or a branch."""
        failure = self.failure
        if failure is not None and place.step >= len(self.modules):
            return Node(Body([failure]).body(0, place.branch), None, self.flow, top=False)
        if failure is not None:
            above = failure.id if failure.id.startswith(f"{FAILURE}-") else FAILURE
            one = place.branch is not None and isinstance(self.value(place.step), BranchOne)
            suffix = f"{place.step}" if one else f"{place.step}-{place.number}"
            failure = msgspec.structs.replace(failure, id=f"{above}-{suffix}")
        return Node(self.body.body(place.step, place.branch), failure, self.flow, top=False)


@lru_cache(maxsize=128)
def node(text: str) -> Node:
    """The node of a flow's document."""
    flow = read_flow(text)
    return Node(Body(flow.modules), flow.failure_module, flow, top=True)
