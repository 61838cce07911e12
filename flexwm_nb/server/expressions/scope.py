"""What an expression can see, and what is said when it cannot be evaluated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Load = Callable[[str], Awaitable[Any]]  # the JSON value of that name; raises ExpressionError


class ExpressionError(Exception):
    """An expression threw, cannot be read, or took too much. `text` is in Windmill's words."""

    def __init__(self, text: str) -> None:
        """Say what happened."""
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the expressions of one moment of a flow can see.

    A name that is not here is one that JavaScript does not know. Without `result` there is no `results`; without
    `variable`, `resource` or `user_state` those functions throw.
    """

    names: Mapping[str, Any] = field(default_factory=dict)  # JSON values: flow_input, previous_result, iter, …
    result: Load | None = None  # of a step by its id; None where no such step has one
    step_ids: frozenset[str] = frozenset()
    variable: Load | None = None
    resource: Load | None = None
    user_state: Load | None = None
