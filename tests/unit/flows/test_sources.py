"""Functions as the sources of scripts."""

from __future__ import annotations

import functools
import json as j
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from os import environ
from typing import Any

import pytest

from flexwm_nb.errors import InvalidSource
from flexwm_nb.flows.sources import source_of

LIMIT = 3
NAMES = {"a": [1, (2, 3)]}
DATA = object()
LONG = list(range(5_000))


@dataclass
class Row:
    """One."""

    n: int


def helper(x: float) -> int:
    """Uses a constant and a module."""
    return math.floor(x) + LIMIT


@functools.lru_cache
def cached(n: int) -> int:
    """Has a decorator."""
    return n + 1


def plain(x: int) -> int:
    """Uses nothing."""
    return x


def much(rows: list[str], top: int = 5) -> dict[str, Any]:
    """Uses all kinds of things."""
    if top > 9:
        return much(rows, top=1)
    counted = Counter(rows)
    return {"n": helper(1.5), "c": j.dumps(counted), "r": Row(1).n, "d": cached(1), "k": NAMES["a"][0]}


def with_data() -> object:
    """Uses what cannot travel."""
    return DATA


def with_much() -> int:
    """Uses a long list."""
    return len(LONG)


def with_imported_data() -> int:
    """Uses data that a module brings."""
    return len(environ)


def with_closure() -> Callable[[], int]:
    """Makes a function with a variable of its own."""
    inside = 1

    def inner() -> int:
        return inside

    return inner


REFUSED: dict[str, tuple[Any, str]] = {
    "an object": (with_data, "DATA, which cannot go into its step: it is a object"),
    "much": (with_much, "LONG, .* characters long"),
    "a closure": (with_closure(), "inside, .* it belongs to the function around it"),
    "a builtin": (len, "A step needs a plain function"),
    "a lambda": (lambda: 1, "this is a lambda"),
}


def test_a_plain_function() -> None:
    """It is called main, and that is all."""
    assert source_of(plain) == 'def main(x: int) -> int:\n    """Uses nothing."""\n    return x\n'


def test_its_own_decorators_stay_behind() -> None:
    """They belong to the place where it is defined."""
    assert source_of(cached).startswith("def main(n: int) -> int:")


def test_what_it_uses_comes_along() -> None:
    """Imports, constants, helpers and classes; the script alone does what the function does."""
    names: dict[str, Any] = {}
    exec(source_of(much), names)
    assert names["main"](["a", "b"], top=10) == much(["a", "b"], top=10)
    source = source_of(much)
    for line in ("import math", "import json as j", "LIMIT = 3", "@functools.lru_cache", "@dataclass", "much = main"):
        assert line in source.splitlines()


def test_data_of_a_module_is_imported_as_written() -> None:
    """It cannot travel itself, its import can."""
    assert source_of(with_imported_data).startswith("from os import environ\n\n\ndef main()")


@pytest.mark.parametrize(("function", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_come_along(function: Any, why: str) -> None:
    """It is refused with the reason and the way out."""
    with pytest.raises(InvalidSource, match=why):
        source_of(function)
