"""PostgreSQL's values, from its binary format to what Windmill writes in a result."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

from flexwm_nb.server.runners.sql.values import (
    MICROSECONDS,
    Reader,
    Unreadable,
    clock,
    day,
    fraction,
    json_value,
    number,
)

EPOCH = datetime(2000, 1, 1)
DAY_SECONDS = 86_400
FOREVER, NEVER = 2**63 - 1, -(2**63)  # infinity and -infinity of timestamps
FOREVER_DAYS, NEVER_DAYS = 2**31 - 1, -(2**31)
PRECISION_CHECKS = 256  # numerics of a statement that are compared with what is written
LOSS = (
    "warning: at least one `numeric` value in the result lost precision when serialised as a JSON number (the JSON "
    "Number format goes through f64, which has ~15-17 significant digits). To preserve full precision, cast the column "
    "to text in your SQL — e.g. `SELECT col::text` — and parse the string client-side with a Decimal library."
)

SHORT, INT, LONG = struct.Struct("!h"), struct.Struct("!i"), struct.Struct("!q")
FLOAT, DOUBLE = struct.Struct("!f"), struct.Struct("!d")
INTERVAL, TIMETZ = struct.Struct("!qii"), struct.Struct("!qi")
UNSIGNED, ARRAY_HEAD = struct.Struct("!I"), struct.Struct("!iiI")
NUMERIC_HEAD = struct.Struct("!HhHH")
NEGATIVE, NOT_A_NUMBER, INFINITE, NEGATIVE_INFINITE = 0x4000, 0xC000, 0xD000, 0xF000


class Numerics:
    """Reads `numeric`, and remembers whether a value is not exactly what is written."""

    def __init__(self) -> None:
        """Nothing is lost yet."""
        self.lossy = False
        self._checks = PRECISION_CHECKS

    def __call__(self, data: bytes) -> Any:
        """The number, by way of a double as Windmill writes it."""
        digits, weight, sign, _ = NUMERIC_HEAD.unpack_from(data)
        if sign in (NOT_A_NUMBER, INFINITE, NEGATIVE_INFINITE):
            return {NOT_A_NUMBER: "NaN", INFINITE: "Infinity"}.get(sign, "-Infinity")
        value = 0
        for (group,) in SHORT.iter_unpack(data[NUMERIC_HEAD.size :]):
            value = value * 10_000 + group
        exact = Decimal(-value if sign == NEGATIVE else value).scaleb(4 * (weight - digits + 1))
        written = float(exact)
        if self._checks and not self.lossy:
            self._checks -= 1
            self.lossy = Decimal(repr(written)) != exact
        return number(written)


def timestamp(data: bytes) -> str:
    """`2024-01-02T03:04:05.600`."""
    microseconds = LONG.unpack(data)[0]
    if microseconds in (FOREVER, NEVER):
        return "infinity" if microseconds > 0 else "-infinity"
    try:
        moment = EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise Unreadable("the year is not from 1 to 9999") from None
    return f"{day(moment)}T{clock(moment)}"


def timestamptz(data: bytes) -> str:
    """The same in UTC, and says so."""
    text = timestamp(data)
    return text if text.endswith("infinity") else f"{text}+00:00"


def date(data: bytes) -> str:
    """`2024-01-02`."""
    days = INT.unpack(data)[0]
    if days in (FOREVER_DAYS, NEVER_DAYS):
        return "infinity" if days > 0 else "-infinity"
    try:
        return day(EPOCH + timedelta(days=days))
    except OverflowError:
        raise Unreadable("the year is not from 1 to 9999") from None


def seconds_of_day(seconds: int, microseconds: int) -> str:
    """`03:04:05.600`."""
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{fraction(microseconds)}"


def time(data: bytes) -> str:
    """A time of the day."""
    return seconds_of_day(*divmod(LONG.unpack(data)[0], MICROSECONDS))


def timetz(data: bytes) -> str:
    """A time of the day in UTC."""
    microseconds, west = TIMETZ.unpack(data)
    seconds, rest = divmod(microseconds, MICROSECONDS)
    return f"{seconds_of_day((seconds + west) % DAY_SECONDS, rest)}+00:00"


def interval(data: bytes) -> str:
    """Windmill's own way: the `ms` are microseconds."""
    microseconds, days, months = INTERVAL.unpack(data)
    return f"{months} months {days} days {microseconds} ms"


def bits(data: bytes) -> bool | str:
    """One bit is a bool, more are text."""
    count = INT.unpack_from(data)[0]
    text = "".join(f"{byte:08b}" for byte in data[INT.size :])[:count]
    return text == "1" if count == 1 else text


def inet(data: bytes) -> str:
    """An address without its mask."""
    return str(ip_address(data[4:]))


def text(data: bytes) -> str:
    """Text."""
    return data.decode()


READERS: Final[dict[int, tuple[str, Reader]]] = {
    16: ("bool", lambda data: data == b"\1"),
    17: ("bytea", lambda data: f"\\x{data.hex()}"),
    20: ("int8", lambda data: LONG.unpack(data)[0]),
    21: ("int2", lambda data: SHORT.unpack(data)[0]),
    23: ("int4", lambda data: INT.unpack(data)[0]),
    25: ("text", text),
    26: ("oid", lambda data: UNSIGNED.unpack(data)[0]),
    114: ("json", lambda data: json_value(data.decode())),
    700: ("float4", lambda data: number(FLOAT.unpack(data)[0])),
    701: ("float8", lambda data: number(DOUBLE.unpack(data)[0])),
    1043: ("varchar", text),
    1082: ("date", date),
    1083: ("time", time),
    1114: ("timestamp", timestamp),
    1184: ("timestamptz", timestamptz),
    1266: ("timetz", timetz),
    1560: ("bit", bits),
    3802: ("jsonb", lambda data: json_value(data[1:].decode())),
}
ALONE: Final[dict[int, tuple[str, Reader]]] = {  # types whose arrays Windmill does not read
    19: ("name", text),
    705: ("unknown", text),
    869: ("inet", inet),
    1042: ("bpchar", text),
    1186: ("interval", interval),
    2278: ("void", lambda data: None),
    2950: ("uuid", lambda data: str(UUID(bytes=data))),
}
NUMERIC, NUMERIC_ARRAY, TSVECTOR = 1700, 1231, 3614
ARRAYS: Final[dict[int, int]] = {
    1000: 16, 1001: 17, 1016: 20, 1005: 21, 1007: 23, 1009: 25, 199: 114, 1021: 700, 1022: 701, 1015: 1043,
    1182: 1082, 1183: 1083, 1115: 1114, 1185: 1184, 1270: 1266, 1561: 1560, 3807: 3802, NUMERIC_ARRAY: NUMERIC,
}  # fmt: skip
SPELLED: Final = {
    "int4range": "Int4Range", "int8range": "Int8Range", "numrange": "NumRange", "tsrange": "TsRange",
    "tstzrange": "TstzRange", "daterange": "DateRange", "tsvector": "TsVector", "pg_lsn": "PgLsn",
}  # fmt: skip


def reader(oid: int, numerics: Numerics) -> Reader | None:
    """What reads values of that type; None where Windmill knows none."""
    if oid == NUMERIC:
        return numerics
    if oid in ARRAYS:
        element = reader(ARRAYS[oid], numerics)
        assert element is not None
        return array_of(element)
    found = READERS.get(oid) or ALONE.get(oid)
    return found[1] if found else None


def array_of(element: Reader) -> Reader:
    """What reads arrays of one dimension."""

    def read(data: bytes) -> list[Any]:
        dimensions = ARRAY_HEAD.unpack_from(data)[0]
        if dimensions > 1:
            raise Unreadable("it has more than one dimension")
        return list(elements(data[ARRAY_HEAD.size + 8 :], element)) if dimensions else []

    return read


def elements(data: bytes, read: Callable[[bytes], Any]) -> Iterable[Any]:
    """The items of an array, each a length and a value."""
    position = 0
    while position < len(data):
        size = INT.unpack_from(data, position)[0]
        position += INT.size
        yield None if size < 0 else read(data[position : position + size])
        position += max(size, 0)


def spelled(name: str) -> str:
    """A type as Windmill's messages spell it: `xml` is Xml, `_uuid` UuidArray."""
    base = name.removeprefix("_")
    made = SPELLED.get(base) or "".join(part.capitalize() for part in base.split("_"))
    return f"{made}Array" if name.startswith("_") else made
