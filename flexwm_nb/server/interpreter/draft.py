"""One transition in the making."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from flexwm_nb.server.flows.openflow import Module
from flexwm_nb.server.interpreter.messages import Command, JsonText, Stop
from flexwm_nb.server.interpreter.nodes import Node
from flexwm_nb.server.interpreter.state import FlowState, ModuleState
from flexwm_nb.server.runners.jsonb import normalize


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a transition knows of the flow's job."""

    job: str
    path: str
    deployed: bool  # else it is a preview
    same_worker: bool = False
    priority: int | None = None
    tag: str = "flow"
    interpreter: str | None = None
    suspend_until: int | None = None  # microseconds
    started_at: str | None = None
    canceled: tuple[str, str] | None = None  # by whom, why
    scheduled_for: int | None = None  # microseconds
    inside: bool = False  # of another flow: as a part, or as a step
    overlapping: tuple[str, ...] = ()  # runs of the same schedule that go on, where it allows only one


UNASKED: dict[str, Any] = {"resume": None, "resumes": [], "approvers": []}


@dataclass(slots=True, kw_only=True)
class Draft:
    """What is known and what has been decided."""

    node: Node
    state: FlowState
    arguments: str  # JSON
    facts: Facts
    now: int  # microseconds
    new_id: Callable[[], str]
    chance: Callable[[], float]  # from 0 to 1
    pulled: bool = False  # the flow was taken up, as against: a step of it ended
    previous: str | None = None  # JSON, the result before the present step
    resume: dict[str, Any] = field(default_factory=lambda: UNASKED)  # names about approvals
    delay: float = 0.0  # seconds until the present module is tried again
    again: str | None = None  # JSON, what it was given before
    retrying: bool = False
    asked: bool = False  # nobody is asked again whether the flow goes on
    commands: list[Command] = field(default_factory=list)

    @property
    def step(self) -> int:
        """The present step."""
        return self.state.step

    @property
    def module(self) -> Module:
        """The present module."""
        return self.node.module(self.step)

    @property
    def status(self) -> ModuleState:
        """The present module's status."""
        if self.step < 0:
            assert self.state.preprocessor_module is not None
            return self.state.preprocessor_module
        return self.state.failure_module if self.in_failure_module else self.state.modules[self.step]

    @property
    def in_failure_module(self) -> bool:
        """Whether the failure module is the present one."""
        return self.step >= len(self.state.modules)

    def emit(self, command: Command) -> None:
        """Have something done."""
        self.commands.append(command)

    def change(self, **fields: Any) -> None:
        """Change the flow's status."""
        self.state = replace(self.state, **fields)

    def set_status(self, status: ModuleState, step: int | None = None) -> None:
        """Change a module's status, the present one's as a rule."""
        step = self.step if step is None else step
        if step < 0:
            self.change(preprocessor_module=status)
        elif step >= len(self.state.modules):
            self.change(failure_module=status)
        else:
            modules = self.state.modules.copy()
            modules[step] = status
            self.change(modules=modules)

    def names(self, *, result: bool = False, **more: Any) -> dict[str, Any]:
        """The names that an expression sees at the present step."""
        previous = JsonText(self.previous or "null")
        found: dict[str, Any] = {"flow_input": JsonText(self.arguments), "previous_result": previous}
        if result:
            found["result"] = previous
        found.update(self.resume)
        found.update(more)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a module ended."""

    job: str
    success: bool
    result: str  # JSON
    final: bool = False  # a failure that is neither tried again nor passed over
    early: bool = False  # a failure that a condition asked for: without a failure module nothing follows it
    stop: Stop | None = None
    handled: bool = False  # a failure module ran in a flow inside


def dump(value: Any) -> str:
    """JSON text as it is stored."""
    return normalize(json.dumps(value, ensure_ascii=False))


def error(name: str, message: str) -> str:
    """The result of what failed."""
    return json.dumps({"error": {"name": name, "message": message}}, ensure_ascii=False)
