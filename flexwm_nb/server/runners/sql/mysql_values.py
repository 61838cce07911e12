"""MySQL's values, from the rows of its binary protocol to what Windmill writes in a result."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Any, Final

from mysql.connector import FieldType
from mysql.connector.constants import FieldFlag

from flexwm_nb.server.runners.sql.values import number

INTEGERS: Final = {
    FieldType.TINY: ("b", 1), FieldType.SHORT: ("h", 2), FieldType.YEAR: ("h", 2), FieldType.INT24: ("i", 4),
    FieldType.LONG: ("i", 4), FieldType.LONGLONG: ("q", 8),
}  # fmt: skip
MOMENTS = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TIMESTAMP, FieldType.NEWDATE})
DECIMALS = frozenset({FieldType.DECIMAL, FieldType.NEWDECIMAL})
BINARIES = frozenset({FieldType.BLOB, FieldType.MEDIUM_BLOB, FieldType.LONG_BLOB, FieldType.TINY_BLOB})
CHARACTERS = frozenset({FieldType.VARCHAR, FieldType.VAR_STRING, FieldType.STRING, FieldType.ENUM, FieldType.SET})
BINARY_CHARSET = 63


def binary_row(columns: Sequence[Any], packet: bytes, charset: str = "utf-8") -> tuple[Any, ...]:
    """A row of the binary protocol, its values as a result has them."""
    nulls = packet[: (len(columns) + 9) // 8]
    position = len(nulls)
    values: list[Any] = []
    for index, column in enumerate(columns, start=2):
        if nulls[index // 8] & 1 << index % 8:
            values.append(None)
            continue
        value, position = binary_value(packet, position, column)
        values.append(value)
    return tuple(values)


def binary_value(packet: bytes, position: int, column: Sequence[Any]) -> tuple[Any, int]:
    """One value and where the next one begins."""
    kind = column[1]
    if kind in INTEGERS:
        code, size = INTEGERS[kind]
        code = code.upper() if column[7] & FieldFlag.UNSIGNED else code
        return struct.unpack_from(f"<{code}", packet, position)[0], position + size
    if kind in (FieldType.FLOAT, FieldType.DOUBLE):
        code, size = ("<f", 4) if kind == FieldType.FLOAT else ("<d", 8)
        return number(struct.unpack_from(code, packet, position)[0]), position + size
    size, position = length(packet, position)
    data = packet[position : position + size]
    if kind in MOMENTS:
        return moment_text(data, kind), position + size
    if kind == FieldType.TIME:
        return time_text(data), position + size
    return data_value(data, kind, column[8]), position + size


def length(packet: bytes, position: int) -> tuple[int, int]:
    """A length and where what has it begins."""
    first = packet[position]
    if first < 251:
        return first, position + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(packet[position + 1 : position + 1 + size], "little"), position + 1 + size


def moment_text(data: bytes, kind: int) -> str:
    """`2024-01-02 03:04:05.120000`; at midnight `2024-01-02`, as Windmill's driver writes it."""
    year, month, of_month, hour, minute, second, rest = struct.unpack("<HBBBBBI", data.ljust(11, b"\0"))
    text = f"{year:04d}-{month:02d}-{of_month:02d}"
    if kind in (FieldType.DATE, FieldType.NEWDATE) or not (hour or minute or second or rest):
        return text
    return f"{text} {hour:02d}:{minute:02d}:{second:02d}" + (f".{rest:06d}" if rest else "")


def time_text(data: bytes) -> str:
    """`-026:04:05.120000`: MySQL's times are spans."""
    negative, days, hour, minute, second, rest = struct.unpack("<BIBBBI", data.ljust(12, b"\0"))
    sign = "-" if negative else ""
    return f"{sign}{days * 24 + hour:03d}:{minute:02d}:{second:02d}" + (f".{rest:06d}" if rest else "")


def text_or_base64(data: bytes) -> str:
    """Bytes as the text that Windmill makes of all; those that are none, and would be lost, in base64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


def data_value(data: bytes, kind: int, charset: int) -> Any:
    """What comes with a length: decimals, texts and bytes."""
    if kind in DECIMALS:
        return number(float(data))
    if kind == FieldType.BIT:
        return base64.b64encode(data).decode()
    if kind in BINARIES and charset == BINARY_CHARSET:
        return text_or_base64(data)
    if kind in CHARACTERS or kind in BINARIES or kind == FieldType.JSON:
        return data.decode("utf-8", "replace")
    return f"Unsupported type MYSQL_TYPE_{FieldType.get_info(kind) or kind}"
