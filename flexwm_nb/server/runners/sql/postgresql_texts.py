"""Texts given for PostgreSQL's other types: read in the forms that Windmill takes, refused in its words."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NoReturn
from uuid import UUID

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.values import clock, day

SPOKEN: Final = {"int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double"}
BITS: Final = {"char": 8, "int2": 16, "int4": 32, "int8": 64}
BOOLS: Final = dict.fromkeys(("true", "t", "yes", "y", "1", "on"), True) | dict.fromkeys(
    ("false", "f", "no", "n", "0", "off"), False
)

DAY = r"(?P<day>\d{4}-\d{1,2}-\d{1,2})"
CLOCK = r"(?P<clock>\d{1,2}:\d{1,2}:\d{1,2})(?P<fraction>\.\d+)?"
ZONE = r" ?(?:(?P<utc>Z|UTC)|(?P<zone>[+-]\d{2}(?::?\d{2})?))?"
DATES = re.compile(rf"{DAY}(?:T{CLOCK}Z?)?")
TIMES = re.compile(rf"(?P<short>\d{{1,2}}:\d{{1,2}})|(?:{DAY}T)?{CLOCK}")
TIMES_OF_STAMPS = re.compile(rf"{DAY}T{CLOCK}Z")
TIMESTAMPS = re.compile(rf"{DAY}(?: {CLOCK}|T(?P<clock_t>\d{{1,2}}:\d{{1,2}}:\d{{1,2}})(?P<fraction_t>\.\d+)?Z?)")
TIMESTAMPTZS = re.compile(rf"{DAY}[ T]{CLOCK}{ZONE}")
INTEGER = re.compile(r"[+-]?[0-9]+")
DECIMAL = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)")
FLOATING = re.compile(r"[+-]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)", re.IGNORECASE)


def read_integer(text: str, name: str) -> str:
    """A text that is an integer of its size."""
    unsigned = name == "oid"
    least, most = (0, 2**32 - 1) if unsigned else (-(1 << BITS[name] - 1), (1 << BITS[name] - 1) - 1)
    if not text:
        refuse(text, name, "cannot parse integer from empty string")
    if not INTEGER.fullmatch(text) or (unsigned and text[0] == "-"):
        refuse(text, name, "invalid digit found in string")
    value = int(text)
    if not least <= value <= most:
        refuse(text, name, f"number too {'large' if value > 0 else 'small'} to fit in target type")
    return str(value)


def refuse(text: str, name: str, why: str) -> NoReturn:
    """Raise RunnerError in Windmill's words."""
    raise RunnerError(f"Error: Cannot parse '{text}' as {SPOKEN.get(name, name)}: {why}")


def read_float(text: str, name: str) -> str:
    """A text that is a number."""
    if not FLOATING.fullmatch(text):
        refuse(text, name, "invalid float literal" if text else "cannot parse float from empty string")
    value = float(text)
    return repr(struct.unpack("f", struct.pack("f", value))[0] if name == "float4" and abs(value) < 3e38 else value)


def read_numeric(text: str, name: str) -> str:
    """A text that is a decimal."""
    if not DECIMAL.fullmatch(text):
        refuse(text, name, f"Invalid decimal: {'unknown character' if text else 'empty'}")
    return text.replace("_", "")


def read_bool(text: str, name: str) -> str:
    """A text that is a truth value."""
    if text.lower() not in BOOLS:
        refuse(text, name, "invalid literal")
    return str(BOOLS[text.lower()]).lower()


def read_uuid(text: str, name: str) -> str:
    """A text that is a UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        refuse(text, name, "it is no UUID")


def read_bytes(text: str, name: str) -> str:
    """Base64; what is none is no bytes at all, as on Windmill."""
    try:
        return f"\\x{base64.b64decode(text, validate=True).hex()}"
    except (binascii.Error, ValueError):
        return "\\x"


def read_moment(text: str, name: str) -> str:
    """A text that is a date, a time of the day or both, in one of the forms that Windmill takes."""
    patterns = {"date": (DATES,), "time": (TIMES, TIMES_OF_STAMPS), "timestamp": (TIMESTAMPS,)}
    found = next(filter(None, (one.fullmatch(text) for one in patterns.get(name, (TIMESTAMPTZS,)))), None)
    if found is None:
        # the words of the parser that Windmill uses
        why = "premature end of input" if re.fullmatch(r"[\d:T-]*", text) else "input contains invalid characters"
        raise RunnerError(f"Cannot parse '{text}' as {name}: {why}")
    try:
        return moment(found.groupdict(), name)
    except (ValueError, OverflowError):
        raise RunnerError(f"Cannot parse '{text}' as {name}: input is out of range") from None


def moment(parts: Mapping[str, str | None], name: str) -> str:
    """What was found, in the form that PostgreSQL always reads. Raises ValueError and OverflowError."""
    year, month, of_month = map(int, (parts.get("day") or "2000-1-1").split("-"))
    found = parts.get("clock") or parts.get("clock_t") or f"{parts.get('short') or '0:0'}:0"
    hour, minute, second = map(int, found.split(":"))
    digits = (parts.get("fraction") or parts.get("fraction_t") or ".0")[1:7].ljust(6, "0")
    made = datetime(year, month, of_month, hour, minute, second, int(digits))
    if name == "timestamptz":
        made -= offset(parts.get("zone"))
        return f"{day(made)} {clock(made)}+00"
    return {"date": day(made), "time": clock(made)}.get(name, f"{day(made)} {clock(made)}")


def offset(zone: str | None) -> timedelta:
    """`+02`, `+02:00` or `+0200`."""
    if not zone:
        return timedelta()
    digits = zone[1:].replace(":", "")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -span if zone[0] == "-" else span


TEXT_READERS: Final[dict[str, Callable[[str, str], str]]] = {
    "bool": read_bool, "bytea": read_bytes, "int2": read_integer, "int4": read_integer, "int8": read_integer,
    "oid": read_integer, "float4": read_float, "float8": read_float, "numeric": read_numeric, "uuid": read_uuid,
    "date": read_moment, "time": read_moment, "timestamp": read_moment, "timestamptz": read_moment,
}  # fmt: skip
