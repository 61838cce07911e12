"""JavaScript's operators on JSON values, as far as Python gives surely the same answer.

Whatever is not sure (conversions, inherited properties, numbers that are not exact, errors) raises Unsure: then the
engine itself is asked. Python's None is null here; `undefined` is UNDEFINED.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

EXACT = 2**53  # integers beyond it are not exact in JavaScript
INHERITED = frozenset(
    {"__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "constructor"}
    | {"hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf", "toJSON"}
)
HALF = re.compile("[\ud800-\udfff]")  # of a character in UTF-16


class Unsure(Exception):
    """Only the engine knows."""


class Undefined:
    """The type of `undefined`."""


UNDEFINED: Final = Undefined()


def kind(value: Any) -> str:
    """The value's `typeof`, and "null" for null. Raises Unsure for numbers that JavaScript rounds."""
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if value is True or value is False:
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        number(value)
        return "number"
    return "number" if isinstance(value, float) else "object"


def number(value: Any) -> Any:
    """The value, which is an exact number. Raises Unsure."""
    if value is True or value is False or not isinstance(value, (int, float)):
        raise Unsure
    if isinstance(value, int) and not -EXACT <= value <= EXACT:
        raise Unsure
    return value


def truthy(value: Any) -> bool:
    """Whether it counts as true: empty lists and objects do."""
    if isinstance(value, (list, dict)):
        return True
    if isinstance(value, float):
        return value == value and value != 0
    return value is not UNDEFINED and bool(value)


def nullish(value: Any) -> bool:
    """True for null and undefined."""
    return value is None or value is UNDEFINED


def member(value: Any, key: str | int) -> Any:
    """An own property. Raises Unsure where JavaScript might find an inherited one, or throw."""
    if isinstance(value, dict):
        name = str(key)
        if name in INHERITED:
            raise Unsure
        return value.get(name, UNDEFINED)
    if isinstance(value, (list, str)):
        return item(value, key)
    raise Unsure


def item(value: list[Any] | str, key: str | int) -> Any:
    """An item of a list, a character of a text, or its length."""
    if key == "length":
        return len(value) if isinstance(value, list) else units(value)
    if isinstance(key, str) or key < 0 or (isinstance(value, str) and not value.isascii()):
        raise Unsure
    return value[key] if key < len(value) else UNDEFINED


def units(text: str) -> int:
    """The length of a text in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def key_of(value: Any) -> str | int:
    """A computed property's key."""
    if isinstance(value, str):
        return value
    index = number(value)
    if index != int(index) or index < 0:
        raise Unsure
    return int(index)


def same(left: Any, right: Any) -> bool:
    """`===`. Of two objects only the engine knows whether they are one."""
    kinds = kind(left), kind(right)
    if kinds == ("object", "object"):
        raise Unsure
    return kinds[0] == kinds[1] and bool(left == right)


def equal(left: Any, right: Any) -> bool:
    """`==`, without conversions but those of null, undefined and booleans to numbers."""
    if nullish(left) or nullish(right):
        return nullish(left) and nullish(right)
    kinds = {kind(left), kind(right)}
    if kinds == {"boolean", "number"}:
        return bool(left == right)
    if len(kinds) > 1:
        raise Unsure
    return same(left, right)


def ordered(left: Any, right: Any, compare: Callable[[Any, Any], bool]) -> bool:
    """`<` and its kin, of two numbers or two texts of ASCII."""
    if isinstance(left, str) and isinstance(right, str) and left.isascii() and right.isascii():
        return compare(left, right)
    return compare(number(left), number(right))


def added(left: Any, right: Any) -> Any:
    """`+` of two numbers, or of texts and what has one obvious text."""
    if isinstance(left, str) or isinstance(right, str):
        return text_of(left) + text_of(right)
    return calculated(left, right, lambda first, second: first + second)


def text_of(value: Any) -> str:
    """A scalar in words. Raises Unsure for halves of characters: two of them join into one."""
    if isinstance(value, str):
        if HALF.search(value):
            raise Unsure
        return value
    if value is None or value is UNDEFINED:
        return kind(value)
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(number(value))
    raise Unsure


def calculated(left: Any, right: Any, operator: Callable[[Any, Any], Any]) -> Any:
    """An operation on two exact numbers, whose outcome is exact too."""
    try:
        return number(operator(number(left), number(right)))
    except (ArithmeticError, ValueError):
        raise Unsure from None


def remainder(left: Any, right: Any) -> Any:
    """`%` of whole numbers that are not negative: there both languages agree."""
    if not isinstance(left, int) or not isinstance(right, int) or left < 0 or right <= 0:
        raise Unsure
    return calculated(left, right, lambda first, second: first % second)


def type_of(value: Any) -> str:
    """`typeof`."""
    found = kind(value)
    return "object" if found == "null" else found
