"""Values that are known only while a flow runs, written in Python: `clean.result.rows`, `flow.input.origin`; pure.

A reference is the JavaScript expression that Windmill evaluates. Operators make larger ones: `clean.result.rows > 10`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from flexwm_nb.errors import InvalidFlow

IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
ATOM, UNARY, PRODUCT, SUM, ORDER, EQUALITY, AND, OR = range(8)  # how tightly an expression holds together
ONLY_IN_JAVASCRIPT = "Write it in JavaScript, with js(…), or do it in a step"


class Reference:
    """A JavaScript expression. Attributes and items of it are references to parts of its value."""

    __slots__ = ("_binding", "_text")
    __hash__ = None  # type: ignore[assignment]  # == makes an expression

    def __init__(self, text: str, binding: int = ATOM) -> None:
        """Make it from JavaScript; `binding` says when it needs parentheses."""
        self._text, self._binding = text, binding

    def __getattr__(self, name: str) -> Reference:
        """A property of the value."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Reference(f"{_operand(self, ATOM)}{_property(name)}")

    def __getitem__(self, key: Any) -> Reference:
        """A property, or an item of a list."""
        inside = json.dumps(key, ensure_ascii=False) if isinstance(key, str | int) else _operand(key, OR)
        return Reference(f"{_operand(self, ATOM)}[{inside}]")

    def __str__(self) -> str:
        """The expression."""
        return self._text

    def __repr__(self) -> str:
        """What it is, and the expression."""
        return f"<Reference {self._text}>"

    def __eq__(self, other: object) -> Reference:  # type: ignore[override]
        return _joined(self, "===", other, EQUALITY)

    def __ne__(self, other: object) -> Reference:  # type: ignore[override]
        return _joined(self, "!==", other, EQUALITY)

    def __lt__(self, other: Any) -> Reference:
        return _joined(self, "<", other, ORDER)

    def __le__(self, other: Any) -> Reference:
        return _joined(self, "<=", other, ORDER)

    def __gt__(self, other: Any) -> Reference:
        return _joined(self, ">", other, ORDER)

    def __ge__(self, other: Any) -> Reference:
        return _joined(self, ">=", other, ORDER)

    def __add__(self, other: Any) -> Reference:
        return _joined(self, "+", other, SUM)

    def __radd__(self, other: Any) -> Reference:
        return _joined(other, "+", self, SUM)

    def __sub__(self, other: Any) -> Reference:
        return _joined(self, "-", other, SUM)

    def __rsub__(self, other: Any) -> Reference:
        return _joined(other, "-", self, SUM)

    def __mul__(self, other: Any) -> Reference:
        return _joined(self, "*", other, PRODUCT)

    def __rmul__(self, other: Any) -> Reference:
        return _joined(other, "*", self, PRODUCT)

    def __truediv__(self, other: Any) -> Reference:
        return _joined(self, "/", other, PRODUCT)

    def __rtruediv__(self, other: Any) -> Reference:
        return _joined(other, "/", self, PRODUCT)

    def __mod__(self, other: Any) -> Reference:
        return _joined(self, "%", other, PRODUCT)

    def __and__(self, other: Any) -> Reference:
        return _joined(self, "&&", other, AND)

    def __or__(self, other: Any) -> Reference:
        return _joined(self, "||", other, OR)

    def __invert__(self) -> Reference:
        return Reference(f"!{_operand(self, UNARY)}", UNARY)

    def __neg__(self) -> Reference:
        return Reference(f"-{_operand(self, ATOM)}", UNARY)

    def __bool__(self) -> NoReturn:
        """Raises InvalidFlow: what is not known yet cannot decide anything here."""
        remedy = "Use & | ~ instead of and, or, not; and flow.branch_one() instead of if"
        raise InvalidFlow(f"{self._text} is known only while the flow runs", remedy=remedy)

    def __iter__(self) -> NoReturn:
        """Raises InvalidFlow: what is not known yet cannot be iterated here."""
        raise InvalidFlow(f"{self._text} is known only while the flow runs", remedy="Use flow.for_each(…)")

    def __len__(self) -> NoReturn:
        """Raises InvalidFlow."""
        raise InvalidFlow(f"{self._text} is known only while the flow runs", remedy="Use its .length")

    def __contains__(self, item: object) -> NoReturn:
        """Raises InvalidFlow."""
        raise InvalidFlow(f"{self._text} is known only while the flow runs", remedy=ONLY_IN_JAVASCRIPT)

    def __call__(self, *arguments: Any) -> Reference:
        """A call of it, such as `clean.result.rows.slice(0, 3)`."""
        return Reference(f"{self._text}({', '.join(_operand(item, OR) for item in arguments)})")

    def __copy__(self) -> Reference:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Reference:
        return self


class Inputs(Reference):
    """What a flow is called with: `flow.input.NAME`; `flow.input(NAME, type, default=…)` says what it must be."""

    __slots__ = ("_declare",)

    def __init__(self, declare: Any) -> None:
        """Call `declare(name, annotation, default, description)` for each name that is described."""
        super().__init__("flow_input")
        self._declare = declare

    def __call__(  # type: ignore[override]
        self, name: str, annotation: Any = None, *, default: Any = ..., description: str | None = None
    ) -> Reference:
        """Describe an input and give the reference to it."""
        self._declare(name, annotation, default, description)
        return self[name] if not IDENTIFIER.fullmatch(name) else getattr(self, name)


def js(text: str) -> Reference:
    """An expression in JavaScript: `js("results.clean.rows.filter(row => row.ok)")`."""
    return Reference(text, OR + 1)


def result_of(step_id: str) -> Reference:
    """The result of a step."""
    return Reference(f"results{_property(step_id)}")


def transform(value: Any, where: str) -> dict[str, Any]:
    """The input transform that gives a value. Raises InvalidFlow, naming `where`, for one that JSON cannot say."""
    if not _holds_reference(value):
        return {"type": "static", "value": plain(value, where)}
    text = str(value) if isinstance(value, Reference) else literal(value, where)
    return {"type": "javascript", "expr": f"({text})" if text.startswith("{") else text}


def expression(value: Any) -> str:
    """The JavaScript of a condition: a reference, or a text that is JavaScript already."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def literal(value: Any, where: str) -> str:
    """A value as JavaScript, with the references in it. Raises InvalidFlow."""
    if isinstance(value, Reference):
        return _operand(value, OR)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)}: {literal(item, where)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item, where) for item in value) + "]"
    return json.dumps(plain(value, where), ensure_ascii=False)


def plain(value: Any, where: str) -> Any:
    """A value as JSON has it. Raises InvalidFlow."""
    try:
        return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError):
        kind = type(value).__name__
        remedy = "Give it when the flow is started, or let a step make it"
        raise InvalidFlow(f"{where} cannot be a {kind}", why="a flow's document is JSON", remedy=remedy) from None


def _holds_reference(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_reference(item) for item in value.values())
    return isinstance(value, Reference) or (
        isinstance(value, list | tuple) and any(_holds_reference(item) for item in value)
    )


def _joined(left: Any, operator: str, right: Any, binding: int) -> Reference:
    """An operation; what stands on the right needs to hold tighter."""
    return Reference(f"{_operand(left, binding)} {operator} {_operand(right, binding - 1)}", binding)


def _operand(value: Any, binding: int) -> str:
    """A value as part of an expression, in parentheses where it holds too loosely."""
    if not isinstance(value, Reference):
        return literal(value, "A value in an expression")
    return value._text if value._binding <= binding else f"({value._text})"


def _property(name: str) -> str:
    return f".{name}" if IDENTIFIER.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


def _key(name: Any) -> str:
    return str(name) if IDENTIFIER.fullmatch(str(name)) else json.dumps(str(name), ensure_ascii=False)
