"""What simple expressions are made of: functions of how names are looked up, and the operators that join them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from flexwm_nb.server.expressions import operators
from flexwm_nb.server.expressions.operators import UNDEFINED

Look = Callable[[str, str | None], Any]  # a name's value, or of `results` the step's; raises Unsure
Node = Callable[[Look], Any]


BINARY: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "===": (4, operators.same),
    "!==": (4, lambda left, right: not operators.same(left, right)),
    "==": (4, operators.equal),
    "!=": (4, lambda left, right: not operators.equal(left, right)),
    "<": (5, partial(operators.ordered, compare=operator.lt)),
    "<=": (5, partial(operators.ordered, compare=operator.le)),
    ">": (5, partial(operators.ordered, compare=operator.gt)),
    ">=": (5, partial(operators.ordered, compare=operator.ge)),
    "+": (6, operators.added),
    "-": (6, partial(operators.calculated, operator=operator.sub)),
    "*": (7, partial(operators.calculated, operator=operator.mul)),
    "/": (7, partial(operators.calculated, operator=operator.truediv)),
    "%": (7, operators.remainder),
}
LOGICAL: dict[str, tuple[int, Callable[[Any], bool]]] = {  # the left side is the answer where this holds
    "??": (1, lambda left: not operators.nullish(left)),
    "||": (2, operators.truthy),
    "&&": (3, lambda left: not operators.truthy(left)),
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "!": lambda value: not operators.truthy(value),
    "-": lambda value: -operators.number(value),
    "+": operators.number,
    "typeof": operators.type_of,
}


def mixed(sign: str, other: str) -> bool:
    """True where JavaScript wants brackets between these."""
    return other in LOGICAL and sign in LOGICAL and (sign == "??") != (other == "??")


def constant(value: Any) -> Node:
    """Always this."""
    return lambda look: value


def chosen(condition: Node, yes: Node, no: Node) -> Node:
    """`condition ? yes : no`."""
    return lambda look: yes(look) if operators.truthy(condition(look)) else no(look)


def applied(left: Node, right: Node, function: Callable[[Any, Any], Any]) -> Node:
    """An operator on both sides, the left one first."""
    return lambda look: function(left(look), right(look))


def decided(left: Node, right: Node, decides: Callable[[Any], bool]) -> Node:
    """The left side where that decides, else the right one."""

    def answer(look: Look) -> Any:
        value = left(look)
        return value if decides(value) else right(look)

    return answer


def followed(base: Node, links: tuple[tuple[bool, Node], ...]) -> Node:
    """A path of properties."""

    def answer(look: Look) -> Any:
        value = base(look)
        for optional, key in links:
            if optional and operators.nullish(value):
                return UNDEFINED
            value = operators.member(value, key(look))
        return value

    return answer
