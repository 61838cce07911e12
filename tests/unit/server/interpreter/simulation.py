"""A world for the interpreter without an engine: jobs end in any order, time and identifiers are counted."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from flexwm_nb.server.interpreter import nodes, state
from flexwm_nb.server.interpreter.advance import advance
from flexwm_nb.server.interpreter.draft import Draft, Facts
from flexwm_nb.server.interpreter.messages import (
    Arguments,
    Ended,
    Evaluate,
    Event,
    Finish,
    Item,
    KeepItems,
    Push,
    Release,
    Results,
    Started,
)
from flexwm_nb.server.interpreter.nodes import Node
from flexwm_nb.server.interpreter.state import FlowState

Document = dict[str, Any]


@dataclass
class Flow:
    """One job that is interpreted."""

    id: str
    node: Node
    state: FlowState
    arguments: str
    above: Flow | None
    items: list[Any] = field(default_factory=list)
    finish: Finish | None = None


class World:
    """Runs one flow; what may happen next is drawn by a seed."""

    def __init__(self, value: Document, seed: int) -> None:
        """Submit the flow."""
        self.random, self.count = random.Random(seed), 0
        self.results: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.pending: list[tuple[Flow, Push]] = []
        self.waiting: list[tuple[Flow, Push]] = []
        self.pushed: list[Push] = []
        self.tries: dict[tuple[str, str], int] = {}
        node = nodes.node(json.dumps(value))
        self.root = self._flow(self.new_id(), node, '{"n": 1}', None)
        self.deliver(self.root, Started())

    def new_id(self) -> str:
        """The next identifier."""
        self.count += 1
        return f"{self.count:08d}"

    def _flow(self, job: str, node: Node, arguments: str, above: Flow | None) -> Flow:
        return Flow(job, node, state.initial([module.id for module in node.modules]), arguments, above)

    def run(self) -> Finish:
        """Let jobs end, in an order that the seed draws, until nothing is left."""
        while self.pending:
            flow, push = self.pending.pop(self.random.randrange(len(self.pending)))
            if push.place is not None:
                part = self._flow(push.id, flow.node.child(push.place), push.arguments, flow)
                self.deliver(part, Started())
            else:
                success, result = self._outcome(flow, push)
                self.results[push.id] = result
                self.deliver(flow, Ended(job=push.id, success=success, result=result, duration_ms=1))
        assert not self.waiting
        assert self.root.finish is not None
        return self.root.finish

    def _outcome(self, flow: Flow, push: Push) -> tuple[bool, str]:
        """What a step's job returns: its code says it."""
        if push.outcome is not None:
            return push.outcome
        code = json.loads(push.raw_code or "{}")
        key = (flow.id, push.step_id)
        self.tries[key] = self.tries.get(key, 0) + 1
        if self.tries[key] <= code.get("failures", 0):
            return False, json.dumps({"error": {"step": push.step_id}})
        return True, json.dumps(code["value"])

    def deliver(self, flow: Flow, event: Event) -> None:
        """One transition; the status goes through its stored form, as after a restart."""
        assert flow.finish is None, "an ended flow got an event"
        flow.state = state.decode(state.encode(flow.state))
        draft = Draft(
            node=flow.node,
            state=flow.state,
            arguments=flow.arguments,
            facts=Facts(job=flow.id, path="p", deployed=False),
            now=self.count,
            new_id=self.new_id,
            chance=self.random.random,
        )
        before = state.encode(flow.state)
        asking = advance(draft, event)
        try:
            question = next(asking)
            while True:
                question = asking.send(self._answer(flow, question))
        except StopIteration:
            pass
        assert state.encode(flow.state) == before, "a transition changed the status that it began from"
        flow.state = draft.state
        for command in draft.commands:
            self._obey(flow, command)

    def _answer(self, flow: Flow, question: Any) -> Any:
        if isinstance(question, Results):
            return [self.results[job] for job in question.jobs]
        if isinstance(question, Item):
            return json.dumps(flow.items[question.index])
        if isinstance(question, Arguments):
            return self.given[question.job]
        assert isinstance(question, Evaluate)
        return json.loads(question.expression.removeprefix("Boolean(").removesuffix(")"))

    def _obey(self, flow: Flow, command: Any) -> None:
        if isinstance(command, Push):
            self.pushed.append(command)
            self.given[command.id] = command.arguments
            (self.waiting if command.suspend else self.pending).append((flow, command))
        elif isinstance(command, KeepItems):
            flow.items = command.items
        elif isinstance(command, Release):
            ready = next((entry for entry in self.waiting if entry[1].id in command.jobs), None)
            if ready is not None:
                self.waiting.remove(ready)
                self.pending.append(ready)
        elif isinstance(command, Finish):
            self._finish(flow, command)

    def _finish(self, flow: Flow, command: Finish) -> None:
        flow.finish, self.results[flow.id] = command, command.result
        if flow.above is not None:
            good = command.status in ("success", "skipped") and not command.handled
            self.deliver(
                flow.above,
                Ended(job=flow.id, success=good, result=command.result, stop=command.stop, handled=command.handled),
            )
