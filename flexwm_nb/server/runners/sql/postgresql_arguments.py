"""Arguments as PostgreSQL's driver sends them: a type and a text, after Windmill's coercions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.postgresql_texts import BITS, TEXT_READERS
from flexwm_nb.signatures.postgresql import PLACEHOLDER, SPACED, TYPED

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
UNSIGNED_MOST, SIGNED_MOST = 2**64 - 1, 2**63 - 1
TEXTS = ("text", "varchar")
AS_TEXT = (*TEXTS, "char", "uuid")  # with every type that is not known: what Windmill's parser takes for text


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


@lru_cache(maxsize=64)
def types_said(script: str) -> Mapping[int, str]:
    """The parameters' types, by number, as far as the script says them: by a declaration, else by the first cast.

    The form takes the last cast; what runs takes the first, also on Windmill.
    """
    found = {int(match["number"]): match["kind"].lower() for match in TYPED.finditer(script)}
    for match in PLACEHOLDER.finditer(script):
        if match["kind"] is not None:
            kind = match["kind"].lower()
            short = SPACED.get("".join(kind.split()))
            is_list = short is not None and script.startswith("[]", match.end())
            found.setdefault(int(match["number"]), f"{short or kind}{'[]' if is_list else ''}")
    return found


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
