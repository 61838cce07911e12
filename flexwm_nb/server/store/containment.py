"""Whether one JSON value contains another, as PostgreSQL's jsonb operator `@>` answers it."""

from __future__ import annotations

import json
from typing import Any


def contains(value: Any, part: Any) -> bool:
    """Whether `part` is in `value`: objects by their fields, lists in any order, an array also a scalar of its own."""
    if isinstance(value, list) and not isinstance(part, (list, dict)):
        return any(_same(item, part) for item in value)
    return _within(value, part)


def _within(value: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(value, dict) and all(
            name in value and _within(value[name], wanted) for name, wanted in part.items()
        )
    if isinstance(part, list):
        return isinstance(value, list) and all(any(_within(item, wanted) for item in value) for wanted in part)
    return _same(value, part)


def _same(value: Any, part: Any) -> bool:
    """Whether two scalars are equal; a number is never a boolean."""
    if isinstance(value, bool) or isinstance(part, bool):
        return value is part
    return bool(value == part)


def json_contains(*texts: Any) -> int:
    """The function as SQL calls it: a document, or NULL, and a part."""
    document, part = texts
    return int(document is not None and contains(json.loads(document), json.loads(part)))
