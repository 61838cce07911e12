"""Arguments as PostgreSQL's driver sends them: a type and a text, after Windmill's coercions."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn
from uuid import UUID

import msgspec

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.values import clock, day

OIDS: Final = {  # name: of the type, of its array
    "bool": (16, 1000), "bytea": (17, 1001), "char": (18, 1002), "int8": (20, 1016), "int2": (21, 1005),
    "int4": (23, 1007), "text": (25, 1009), "oid": (26, 1028), "json": (114, 199), "float4": (700, 1021),
    "float8": (701, 1022), "varchar": (1043, 1015), "date": (1082, 1182), "time": (1083, 1183),
    "timestamp": (1114, 1115), "timestamptz": (1184, 1185), "numeric": (1700, 1231), "uuid": (2950, 2951),
    "jsonb": (3802, 3807),
}  # fmt: skip
ALIASES: Final = {
    "boolean": "bool", "character": "char", "smallint": "int2", "smallserial": "int2", "serial2": "int2",
    "int": "int4", "integer": "int4", "serial": "int4", "bigint": "int8", "bigserial": "int8", "serial8": "int8",
    "real": "float4", "double": "float8", "double precision": "float8", "decimal": "numeric",
    "character varying": "varchar", "timetz": "time",
}  # fmt: skip
SPOKEN: Final = {"int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double"}
BITS: Final = {"char": 8, "int2": 16, "int4": 32, "int8": 64}
BOOLS: Final = dict.fromkeys(("true", "t", "yes", "y", "1", "on"), True) | dict.fromkeys(
    ("false", "f", "no", "n", "0", "off"), False
)
UNSIGNED_MOST, SIGNED_MOST = 2**64 - 1, 2**63 - 1
TEXTS = ("text", "varchar")
AS_TEXT = (*TEXTS, "char", "uuid")  # with every type that is not known: what Windmill's parser takes for text

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


SAID = re.compile(r"^-- \$(\d+) \w+ \(|\$(\d+)::\w", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Bound:
    """A parameter: its type's number, and its text; None is NULL."""

    oid: int
    text: str | None


def canonical(kind: str) -> str | None:
    """PostgreSQL's own name of a scalar type that Windmill binds by itself."""
    name = ALIASES.get(kind, kind)
    return name if name in OIDS else None


def is_known(kind: str) -> bool:
    """Whether Windmill tells the server this type, rather than asking what it is."""
    return canonical(kind.removesuffix("[]")) is not None


def said(script: str) -> frozenset[int]:
    """The numbers of the parameters whose type the script says, in a declaration or a cast."""
    return frozenset(int(match[1] or match[2]) for match in SAID.finditer(script))


def bind(value: Any, parameter: Mapping[str, Any], said: bool = True) -> Bound:
    """A value for a parameter of a signature; `said` where the script says its type. Raises RunnerError."""
    kind: str = parameter["otyp"]
    if kind.endswith("[]") and (value is None or isinstance(value, list)):
        return bind_list(value, kind[:-2])
    name = canonical(kind)
    if value is None:
        return Bound(OIDS[name or "text"][0], None)
    if isinstance(value, bool):
        return bind_bool(value, kind, name, said=said)
    if isinstance(value, (int, float)):
        return bind_number(value, kind, name, said=said)
    if isinstance(value, str):
        return bind_text(value, name)
    return bind_document(value, kind, name)


def bind_bool(value: bool, kind: str, name: str | None, *, said: bool) -> Bound:
    """A bool; a text where the script says that it is one."""
    text = "true" if value else "false"
    if said and name in TEXTS:
        return Bound(OIDS[name][0], text)
    if said and name == "char":
        raise RunnerError(
            f"Cannot bind a JSON bool to a `{kind}` arg. `char` and `character` are single-byte / fixed-width text — "
            'pass the value as a string (e.g. "t" / "f") or change the arg type to `bool`.'
        )
    return Bound(OIDS[name if name in ("json", "jsonb") else "bool"][0], text)


def bind_number(value: float, kind: str, name: str | None, *, said: bool) -> Bound:
    """A number, wrapped round where it is too large for its integer type."""
    whole = isinstance(value, int) and -SIGNED_MOST - 1 <= value <= UNSIGNED_MOST
    if name in TEXTS and said:
        return Bound(OIDS[name][0], written(value))
    if name in ("char", "int2", "int4") and whole and value <= SIGNED_MOST and kind != "character":
        return Bound(OIDS[name][0], integer_text(int(value), name))
    if name in ("float4", "float8", "numeric"):
        return Bound(OIDS[name][0], written(value))
    if name == "oid" and whole and value >= 0:
        return Bound(OIDS[name][0], str(int(value) % 2**32))
    if whole and (value <= SIGNED_MOST or name == "int8"):
        return Bound(OIDS["int8"][0], integer_text(int(value), "int8"))
    return Bound(OIDS["float8"][0], written(float(value)))


def integer_text(value: int, name: str) -> str:
    """The integer in so many bits; PostgreSQL's "char" is the character of that code."""
    size = 1 << BITS[name]
    wrapped = (value + size // 2) % size - size // 2
    if name != "char":
        return str(wrapped)
    return chr(wrapped) if wrapped > 0 else "" if not wrapped else f"\\{wrapped % 256:03o}"


def written(value: float) -> str:
    """A number as JSON has it."""
    return msgspec.json.encode(value).decode()


def bind_text(value: str, name: str | None) -> Bound:
    """A text, read as its type. Raises RunnerError where it cannot be."""
    read = TEXT_READERS.get(name or "")
    if name is None or read is None:
        return Bound(OIDS["varchar" if name == "varchar" else "text"][0], value)
    return Bound(OIDS[name][0], read(value, name))


def bind_document(value: Any, kind: str, name: str | None) -> Bound:
    """An object or a list: text for texts, else JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if name in ("json", "jsonb"):
        return Bound(OIDS[name][0], text)
    if name in AS_TEXT or name is None or kind == "int8":
        return Bound(OIDS["varchar" if name == "varchar" else "text"][0], text)
    return Bound(OIDS["jsonb"][0], text)


def bind_list(values: list[Any] | None, kind: str) -> Bound:
    """A list whose items are of one type. Raises RunnerError."""
    name = canonical(kind)
    if name is None:
        raise RunnerError("Error: Unsupported JSON array type")
    if values is None:
        return Bound(OIDS[name][1], None)
    if name in ("json", "jsonb"):
        texts: list[str | None] = [json.dumps(value, ensure_ascii=False) for value in values]
    else:
        texts = [None if value is None else item(value, name) for value in values]
    return Bound(OIDS[name][1], "{" + ",".join(map(quoted, texts)) + "}")


def item(value: Any, name: str) -> str:
    """One item's text. Raises RunnerError."""
    try:
        if isinstance(value, bool):
            fits = name == "bool"
        elif isinstance(value, (int, float)):
            whole = isinstance(value, int)
            fits = name in ("float4", "float8", "numeric") or (whole and (name in BITS or name == "oid"))
        else:
            fits = isinstance(value, str)
        if not fits:
            raise RunnerError("Error: Mixed types in array")
        bound = bind(value, {"otyp": name})
    except RunnerError:
        raise RunnerError("Error: Mixed types in array") from None
    return bound.text or ""


def quoted(text: str | None) -> str:
    """One item of an array's literal."""
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


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
