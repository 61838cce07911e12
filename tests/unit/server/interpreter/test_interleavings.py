"""Generated flows, their jobs ending in any order: the result is the one that a plain recursion finds."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.unit.server.interpreter.simulation import Document, World

FLOWS = 400  # generated ones
ORDERS = 5  # in which the jobs of each end
DEEPEST = 3

Found = tuple[bool, Any]


class Maker:
    """Generates flows."""

    def __init__(self, seed: int) -> None:
        """Draw by this seed."""
        self.random, self.count = random.Random(seed), 0

    def modules(self, depth: int = 0) -> list[Document]:
        """A list of modules, seldom an empty one."""
        return [self.module(depth) for _ in range(self.random.choice((0, 1, 2, 2, 3) if depth else (1, 2, 3, 4)))]

    def module(self, depth: int) -> Document:
        """A module of any kind."""
        self.count += 1
        kinds = [self.step, self.step, self.identity]
        if depth < DEEPEST:
            kinds += [self.loop, self.choice, self.branches]
        return {"id": f"m{self.count}", **self.random.choice(kinds)(depth)}

    def step(self, _: int) -> Document:
        """A step that fails some times before it succeeds, tried again perhaps."""
        failures = self.random.choice((0, 0, 0, 1, 9))
        code = json.dumps({"value": self.count, "failures": failures})
        value = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}
        more: Document = {"continue_on_error": True} if self.random.random() < 0.3 else {}
        if self.random.random() < 0.3:
            more["retry"] = {"constant": {"attempts": 1, "seconds": 3}}
        return {"value": value, **more}

    def identity(self, _: int) -> Document:
        """A step that hands on what it gets."""
        return {"value": {"type": "identity"}}

    def loop(self, depth: int) -> Document:
        """A loop over a few items, one by one, at once, or so many at once."""
        items = json.dumps(list(range(self.random.randrange(4))))
        value: Document = {
            "type": "forloopflow",
            "iterator": {"type": "javascript", "expr": items},
            "modules": self.modules(depth + 1),
            "skip_failures": self.random.random() < 0.5,
            "parallel": self.random.random() < 0.5,
        }
        if value["parallel"] and self.random.random() < 0.5:
            value["parallelism"] = self.random.randrange(1, 3)
        return {"value": value}

    def choice(self, depth: int) -> Document:
        """The first branch whose predicate holds."""
        predicates = [self.random.choice(("true", "false")) for _ in range(self.random.randrange(3))]
        found = [{"expr": predicate, "modules": self.modules(depth + 1)} for predicate in predicates]
        return {"value": {"type": "branchone", "branches": found, "default": self.modules(depth + 1)}}

    def branches(self, depth: int) -> Document:
        """All branches."""
        found = [
            {"modules": self.modules(depth + 1), "skip_failure": self.random.random() < 0.5}
            for _ in range(self.random.randrange(4))
        ]
        return {"value": {"type": "branchall", "branches": found, "parallel": self.random.random() < 0.5}}


def expected(modules: list[Document], given: Any) -> Found:
    """Success and result of a list of modules."""
    previous = given
    for number, module in enumerate(modules):
        success, previous = one(module, previous, given, first=number == 0)
        if not success and not module.get("continue_on_error"):
            return False, previous
    return True, previous


def one(module: Document, previous: Any, given: Any, *, first: bool) -> Found:
    """Success and result of one module."""
    value = module["value"]
    if value["type"] == "identity":
        return True, previous
    if value["type"] == "rawscript":
        code = json.loads(value["content"])
        tries = 1 + module.get("retry", {}).get("constant", {}).get("attempts", 0)
        return (True, code["value"]) if code["failures"] < tries else (False, {"error": {"step": module["id"]}})
    if value["type"] == "branchone":
        taken = next((branch["modules"] for branch in value["branches"] if branch["expr"] == "true"), value["default"])
        return expected(taken, given) if taken else (True, "{}" if first else previous)
    if value["type"] == "branchall":
        lists = [(branch["modules"], given, branch["skip_failure"]) for branch in value["branches"]]
        return several(lists, parallel=value["parallel"])
    items = json.loads(value["iterator"]["expr"]) if value["modules"] else []
    iterations = [
        (value["modules"], within(given, index, item), value["skip_failures"]) for index, item in enumerate(items)
    ]
    return several(iterations, parallel=value["parallel"])


def within(given: Document, index: int, item: Any) -> Document:
    """The arguments of an iteration."""
    renamed = {f"{name}_parent" if name.startswith("iter") else name: value for name, value in given.items()}
    return {**renamed, "iter": {"index": index, "value": item}}


def several(lists: list[tuple[list[Document], Any, bool]], *, parallel: bool) -> Found:
    """Success and results of iterations or branches."""
    results, good = [], True
    for modules, given, skip in lists:
        success, result = expected(modules, given)
        results.append(result)
        good = good and (success or skip)
        if not good and not parallel:
            break
    return good, results


@pytest.mark.parametrize("batch", range(8))
def test_every_order_of_ends_gives_the_same_result(batch: int) -> None:
    """Success and result are those of the recursion; each job was pushed once, and no flow heard of an end twice."""
    for seed in range(batch, FLOWS, 8):
        modules = Maker(seed).modules()
        wanted = expected(modules, {"n": 1})
        for order in range(ORDERS):
            world = World({"modules": modules}, order)
            finish = world.run()
            found = (finish.status == "success", json.loads(finish.result))
            assert found == wanted, (seed, order, json.dumps(modules))
            assert len({push.id for push in world.pushed}) == len(world.pushed)
