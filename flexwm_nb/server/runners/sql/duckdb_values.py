"""DuckDB's values, from Arrow's columns to what Windmill writes in a result: dates as days, times as their counts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timezone
from typing import Any, Final

import pyarrow

from flexwm_nb.server.runners.jsonb import rank
from flexwm_nb.server.runners.sql.values import json_value, number

Convert = Callable[[Any], Any]
Column = Callable[[pyarrow.Array], list[Any]]
UNIX_DAY = date(1970, 1, 1)
EPOCH = datetime(1970, 1, 1)
LARGE = frozenset({"hugeint", "uhugeint", "decimal"})
FLOATS = frozenset({"float", "double"})
CLOCKS = frozenset({"time", "time_ns", "time with time zone"})
STAMPS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"})
UNITS: Final = {"timestamp_s": 1_000_000, "timestamp_ms": 1_000}  # microseconds
DEBUG: Final = {
    "boolean": "Boolean", "tinyint": "TinyInt", "smallint": "SmallInt", "integer": "Int", "bigint": "BigInt",
    "hugeint": "HugeInt", "utinyint": "UTinyInt", "usmallint": "USmallInt", "uinteger": "UInt", "ubigint": "UBigInt",
    "float": "Float", "double": "Double", "varchar": "Text",
}  # fmt: skip


def readers(kinds: Sequence[Any]) -> list[Column]:
    """What turns each column of a batch into values."""
    return [column(kind) for kind in kinds]


def column(kind: Any) -> Column:
    """What turns one column into values."""
    if str(kind) == "JSON":
        return lambda array: [None if value is None else json_value(value) for value in array.to_pylist()]
    if kind.id == "date":
        return lambda array: array.cast(pyarrow.int32()).to_pylist()
    if kind.id in STAMPS | CLOCKS:
        return lambda array: array.cast(pyarrow.int64()).cast(pyarrow.string()).to_pylist()
    convert = converter(kind)
    if convert is None:
        return lambda array: array.to_pylist()
    return lambda array: [None if value is None else convert(value) for value in array.to_pylist()]


def converter(kind: Any) -> Convert | None:
    """What turns a value into the result's; None where it is that already."""
    name = kind.id
    if name in LARGE:
        return lambda value: format(value, "f")
    if name in FLOATS:
        return finite
    if name in ("blob", "bit"):
        return list
    if name == "date":
        return lambda value: (value - UNIX_DAY).days
    if name in STAMPS:
        return lambda value: str(stamp(value, UNITS.get(name, 1)))
    if name in CLOCKS:
        return lambda value: str(clock(value))
    if name == "interval":
        return lambda value: {"days": value[1], "nanos": value[2], "months": value[0]}
    return NESTED[name](kind) if name in NESTED else None


def finite(value: float) -> Any:
    """A number; ValueError for what is none."""
    if not math.isfinite(value):
        raise ValueError("Could not convert to f64")
    return number(value)


def stamp(value: Any, unit: int) -> Any:
    """A moment inside of another value, as its count."""
    if hasattr(value, "nanosecond"):
        return value.value  # of pandas' own kind, for nanoseconds
    plain = value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)
    span = plain - EPOCH
    return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) // unit


def clock(value: time) -> int:
    """A time of the day in microseconds."""
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def listed(kind: Any) -> Convert | None:
    """What turns lists and arrays."""
    convert = converter(kind.children[0][1])
    return None if convert is None else lambda value: [None if one is None else convert(one) for one in value]


def structured(kind: Any) -> Convert:
    """What turns structs, their fields in jsonb's order."""
    fields = [(name, converter(child) or (lambda value: value)) for name, child in kind.children]
    fields.sort(key=lambda found: rank(found[0]))
    return lambda value: {name: None if value[name] is None else convert(value[name]) for name, convert in fields}


def mapped(kind: Any) -> Convert:
    """What turns maps: keys that are no texts as Windmill writes them."""
    (_, key_kind), (_, value_kind) = kind.children
    convert = converter(value_kind) or (lambda value: value)

    def turn(value: list[tuple[Any, Any]]) -> dict[str, Any]:
        pairs = [
            (key if isinstance(key, str) else debug(key, [key_kind]), None if item is None else convert(item))
            for key, item in value
        ]
        return dict(sorted(pairs, key=lambda pair: rank(pair[0])))

    return turn


def united(kind: Any) -> Convert:
    """What turns unions: text that tells the member's type."""
    members = [child for name, child in kind.children if name]  # the first tells which
    return lambda value: debug(value, members)


def debug(value: Any, kinds: Sequence[Any]) -> str:
    """A value as Windmill's own language shows it: `Int(1)`, `Text("a")`."""
    fitting = {bool: ("boolean",), int: tuple(DEBUG)[1:10], float: ("float", "double"), str: ("varchar",)}
    names = fitting.get(type(value), ())
    name = next((DEBUG[kind.id] for kind in kinds if kind.id in names), type(value).__name__.capitalize())
    return f"{name}({json.dumps(value, ensure_ascii=False, default=str)})"


NESTED: Final[dict[str, Callable[[Any], Convert | None]]] = {
    "list": listed, "array": listed, "struct": structured, "map": mapped, "union": united,
}  # fmt: skip
