"""Python values as JSON that an engine takes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from flexwm_nb.errors import InvalidArguments

TEXTS = (PurePath, UUID, Decimal)
TIMES = (date, datetime, time)
LISTS = (set, frozenset, range)


def plain(value: Any) -> Any:
    """A value that JSON does not know as one that it does. Raises TypeError."""
    if isinstance(value, TIMES):
        return value.isoformat()
    if isinstance(value, TEXTS):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, LISTS):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return _converted(value)


def _converted(value: Any) -> Any:
    """By the methods that pydantic models and numpy's and pandas' values have."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):  # numpy scalars and arrays, pandas series
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} cannot travel as JSON")


def encode(value: Any) -> bytes:
    """A value as JSON. Raises TypeError, and ValueError for numbers such as NaN that JSON does not have."""
    return json.dumps(value, default=plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def encode_arguments(arguments: Mapping[str, Any]) -> bytes:
    """A job's arguments as JSON. Raises InvalidArguments that names the argument which cannot travel."""
    try:
        return encode(dict(arguments))
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError):
        raise _culprit(arguments) from None


def _culprit(arguments: Mapping[str, Any]) -> InvalidArguments:
    """The error about the first argument that cannot be encoded."""
    for name, value in arguments.items():
        try:
            encode({name: value})
        except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
            return InvalidArguments(
                f"The argument {name!r} cannot be sent",
                why=str(error) or type(error).__name__,
                remedy="Give text, numbers, lists or dicts; upload anything larger with engine.files.upload",
                fields=[name],
            )
    return InvalidArguments("The arguments cannot be sent as JSON", fields=[])
