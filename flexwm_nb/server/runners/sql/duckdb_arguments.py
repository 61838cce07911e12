"""Arguments as DuckDB gets them, after Windmill's coercions: what is unreadable is NULL, dates are shifted."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

import duckdb
import msgspec

SIGNED: Final = {"tinyint": ("TINYINT", 8), "int1": ("TINYINT", 8), "smallint": ("SMALLINT", 16),
                 "int2": ("SMALLINT", 16), "short": ("SMALLINT", 16), "integer": ("INTEGER", 32),
                 "int4": ("INTEGER", 32), "int": ("INTEGER", 32), "signed": ("INTEGER", 32),
                 "hugeint": ("HUGEINT", 128)}  # fmt: skip
FLOATS: Final = {"float": "FLOAT", "float4": "FLOAT", "real": "FLOAT", "double": "DOUBLE", "float8": "DOUBLE"}
STAMPS = ("timestamp", "timestamptz", "timestamp with time zone", "datetime")
DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
UNIX_DAY = date(1970, 1, 1)


def bind(value: Any, kind: str) -> Any:
    """An argument as it is bound: what cannot be read is NULL, as on Windmill."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return bind_text(value, kind)
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return bind_integer(value, kind)
    if isinstance(value, (int, float)):
        if kind in ("decimal", "numeric"):
            return Decimal(repr(float(value)))
        return duckdb.Value(float(value), getattr(duckdb.sqltypes, FLOATS.get(kind, "DOUBLE")))
    return msgspec.json.encode(value).decode()


def bind_integer(value: int, kind: str) -> Any:
    """A whole number in its type, wrapped round where it is too large."""
    types = duckdb.sqltypes
    if value >= 2**63:
        return duckdb.Value(value, types.UBIGINT)
    if kind in FLOATS:
        return duckdb.Value(float(value), getattr(types, FLOATS[kind]))
    name, size = SIGNED.get(kind, ("BIGINT", 64))
    return duckdb.Value((value + (1 << size - 1)) % (1 << size) - (1 << size - 1), getattr(types, name))


def bind_text(text: str, kind: str) -> Any:
    """A text; of dates and times what Windmill makes of them."""
    try:
        if kind in STAMPS:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
            if moment.tzinfo is None or len(text) < len("2024-01-02T03:04:05Z"):
                return None
            utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
            return utc - timedelta(microseconds=utc.microsecond % 1_000)
        if kind == "date":
            found = datetime.strptime(text, "%Y-%m-%d").date() if DAY.fullmatch(text) else None
            return found and UNIX_DAY + timedelta(days=found.toordinal())
        if kind == "time":
            clock = datetime.strptime(text, "%H:%M:%S")
            seconds = clock.hour * 3_600 + clock.minute * 60 + clock.second
            return (datetime.min + timedelta(microseconds=seconds)).time()
    except (ValueError, OverflowError):
        return None
    return text
