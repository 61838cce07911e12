"""JSON as PostgreSQL's jsonb keeps it: the form in which Windmill stores arguments and results.

Object keys are ordered by length, then by bytes, the last of a repeated key stays; numbers are decimal: no exponent,
no negative zero. It runs in job processes too, so it uses the standard library alone.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


class Unstorable(ValueError):
    """What jsonb refuses, in PostgreSQL's words."""


def rank(key: str) -> tuple[int, bytes]:
    """The order of keys."""
    data = key.encode("utf-8", "surrogatepass")
    return len(data), data


def ordered(value: Any, orders: dict[tuple[str, ...], list[str]]) -> Any:
    """The value with every object's keys in order; `orders` keeps the orders found, as records repeat theirs."""
    if type(value) is dict:
        keys = tuple(value)
        order = orders.get(keys)
        if order is None:
            order = orders[keys] = sorted(keys, key=rank)
        return {key: ordered(value[key], orders) for key in order}
    if type(value) is list:
        return [ordered(item, orders) for item in value]
    return value


def number(text: str) -> Any:
    """A number with a fraction or an exponent."""
    decimal = Decimal(text)
    if "e" in text or "E" in text:
        text = format(decimal, "f")
        return Literal(text) if "." in text else int(text)
    return Literal(text.lstrip("-") if not decimal else text)


class Literal(float):
    """A float that is written as it was read."""

    text: str

    def __new__(cls, text: str) -> Literal:
        """Keep the text."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text


def refuse(text: str) -> None:
    """NaN and the infinities are no JSON."""
    raise Unstorable("invalid input syntax for type json")


def normalize(text: str) -> str:
    """The document as jsonb would give it back. Raises Unstorable."""
    if "\\u0000" in text and "\\u0000" in text.replace("\\\\", ""):
        raise Unstorable("unsupported Unicode escape sequence")
    try:
        value = json.loads(text, parse_float=number, parse_constant=refuse)
    except Unstorable:
        raise
    except (ValueError, RecursionError):
        raise Unstorable("invalid input syntax for type json") from None
    made = encode(ordered(value, {}))
    if "\\u" in text:
        refuse_halves(made)
    return made


def refuse_halves(text: str) -> None:
    """Half a surrogate pair is no character. Raises Unstorable."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Unstorable("invalid input syntax for type json") from None


def encode(value: Any) -> str:
    """Write the value; floats that were read keep their text."""
    return "".join(_Encoder(ensure_ascii=False).iterencode(value))


class _Encoder(json.JSONEncoder):
    """The standard encoder with floats written by their own `__repr__`, which the fast one bypasses."""

    def iterencode(self, o: Any, _one_shot: bool = False) -> Any:
        if not has_literal(o):
            return super().iterencode(o, True)
        make = json.encoder._make_iterencode  # type: ignore[attr-defined]
        return make({}, self.default, json.encoder.encode_basestring, None, repr, ": ", ", ", False, False, False)(o, 0)


def has_literal(value: Any) -> bool:
    """Whether a float inside must keep its text: its own text would differ."""
    if type(value) is Literal:
        return float.__repr__(value) != value.text
    if type(value) is dict:
        return any(has_literal(item) for item in value.values())
    return type(value) is list and any(has_literal(item) for item in value)
