"""JSON bodies and query strings into typed values, refused in the words of Windmill's deserialiser (serde, axum).

Clients and recorded cases read these texts.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from flexwm_nb.server.jobs.job_ids import parse_id
from flexwm_nb.server.web import json_places
from flexwm_nb.server.web.failures import Failure

T = TypeVar("T", bound=msgspec.Struct)

BODY = "Failed to deserialize the JSON body into the target type: "

MISSING = re.compile(r"Object missing required field `([^`]+)`")
EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
ANY_KEY = "[...]"
PLACE = re.compile(r" - at `\$([^`]*)`")
UNSIGNED = frozenset({"page", "per_page"})  # of a query
WORDS = {
    "str": "a string",
    "bool": "a boolean",
    "int": "i64",
    "float": "f64",
    "array": "a sequence",
    "object": "a map",
}


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind)


@cache
def _quoted_fields(kind: type[msgspec.Struct]) -> tuple[bytes, ...]:
    return tuple(f'"{name}"'.encode() for name in kind.__struct_encode_fields__)


def decode(raw: bytes, kind: type[T]) -> T:
    """The document as a `kind`. Raises Failure 400 (not JSON) or 422 (another shape)."""
    try:
        value: T = _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise _wrong_shape(raw, kind, str(error)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Failure(400, f"Failed to parse the request body as JSON: {malformed(raw, str(error))}") from None
    if any(raw.count(name) > 1 for name in _quoted_fields(kind)):
        _refuse_duplicates(raw, kind)
    return value


def decode_text(raw: bytes) -> str:
    """A text. Raises Failure 400 (not JSON) or 422 (another shape)."""
    value = _any(raw)
    if not isinstance(value, str):
        raise _refused_at("", f"invalid type: {describe(value)}, expected a string", raw)
    return value


def decode_texts(raw: bytes) -> list[str]:
    """A list of texts. Raises Failure 400 (not JSON) or 422 (another shape)."""
    values = _list(raw)
    for number, value in enumerate(values):
        if not isinstance(value, str):
            raise _refused_at(f"[{number}]", f"invalid type: {describe(value)}, expected a string", raw)
    return values


def decode_ids(raw: bytes) -> list[str]:
    """A list of UUIDs. Raises Failure 400 (not JSON) or 422 (another shape)."""
    return [_identifier(value, f"[{number}]", raw) for number, value in enumerate(_list(raw))]


def _list(raw: bytes) -> list[Any]:
    values = _any(raw)
    if not isinstance(values, list):
        raise _refused_at("", f"invalid type: {describe(values)}, expected a sequence", raw)
    return values


def _any(raw: bytes) -> Any:
    """The document, whatever it is. Raises Failure 400."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Failure(400, f"Failed to parse the request body as JSON: {malformed(raw, str(error))}") from None


def _identifier(value: Any, place: str, raw: bytes) -> str:
    if not isinstance(value, str):
        raise _refused_at(place, f"invalid type: {describe(value)}, expected a UUID string", raw)
    try:
        return parse_id(value)
    except ValueError as error:
        raise _refused_at(place, f"UUID parsing failed: {error}", raw) from None


def _refuse_duplicates(raw: bytes, kind: type[msgspec.Struct]) -> None:
    """Raise Failure 422 when the document's own keys repeat a field."""
    names = frozenset(kind.__struct_encode_fields__)
    pairs: list[tuple[str, Any]] = json.loads(raw, object_pairs_hook=lambda found: found)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen and name in names:
            raise _refused(f"duplicate field `{name}`", raw)
        seen.add(name)


def _refused(text: str, raw: bytes) -> Failure:
    return Failure(422, f"{BODY}{text} at {_end(raw)}")


def _refused_at(place: str, text: str, raw: bytes) -> Failure:
    """The refusal of one value."""
    return Failure(422, f"{BODY}{f'{place}: ' if place else ''}{text} at {json_places.position(raw, place)}")


def _end(raw: bytes) -> str:
    """The position after the document."""
    lines = raw.split(b"\n")
    return f"line {len(lines)} column {len(lines[-1])}"


def _wrong_shape(raw: bytes, kind: type[msgspec.Struct], text: str) -> Failure:
    """The 422 answer for what msgspec said."""
    where = PLACE.search(text)
    place = _with_key(raw, where[1].removeprefix(".")) if where else ""
    prefix = f"{place}: " if place else ""
    if found := MISSING.search(text):
        return _refused(f"{prefix}missing field `{found[1]}`", raw)
    value = _value_at(raw, place)
    if found := EXPECTED.search(text):
        wanted = WORDS.get(found[1].split(" | ")[0], found[1]) if place else f"struct {kind.__name__}"
        return _refused_at(place, f"invalid type: {describe(value)}, expected {wanted}", raw)
    if text.startswith("Invalid enum value"):
        return _refused_at(place, _unknown_variant(kind, place, value), raw)
    return _refused(f"{prefix}{text[: where.start()] if where else text}", raw)


def _with_key(raw: bytes, place: str) -> str:
    """The place in a map of texts, of which msgspec does not say the key: the first with another value."""
    if not place.endswith(ANY_KEY):
        return place
    above = place.removesuffix(ANY_KEY)
    found = _value_at(raw, above)
    keys = [key for key, value in found.items() if not isinstance(value, str)] if isinstance(found, dict) else []
    return f"{above}.{keys[0]}" if keys else above


def _unknown_variant(kind: type[msgspec.Struct], place: str, value: Any) -> str:
    return f"unknown variant `{value}`, expected one of {_list_variants(kind, place)}"


def _list_variants(kind: type[msgspec.Struct], place: str) -> str:
    return ", ".join(
        f"`{name}`"
        for name in _variants(get_type_hints(kind).get(place.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]))
    )


def _variants(hint: Any) -> tuple[str, ...]:
    """The strings of the Literal inside a type."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next((found for inner in get_args(hint) if (found := _variants(inner))), ())


def _value_at(raw: bytes, place: str) -> Any:
    """The value at msgspec's place (`a.b[0]`), None when it cannot be followed."""
    value = json.loads(raw)
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def describe(value: Any) -> str:
    """A value as serde names it in `invalid type`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"{'integer' if isinstance(value, int) else 'floating point'} `{value}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    return "map" if isinstance(value, dict) else "sequence"


def malformed(raw: bytes, text: str) -> str:
    """What serde says of a document that is not JSON; `text` is what msgspec said."""
    stripped = raw.rstrip()
    if "truncated" in text:
        opened = {b"{": "an object", b"[": "a list", b'"': "a string"}.get(stripped[-1:], "a value")
        return f"EOF while parsing {opened} at {_end(raw)}"
    position = int(found[1]) if (found := re.search(r"byte (\d+)", text)) else len(raw)
    line = raw.count(b"\n", 0, position) + 1
    column = position - raw.rfind(b"\n", 0, position)
    return f"expected value at line {line} column {column}"


def why_malformed(raw: bytes) -> str:
    """What serde says of a document that is not JSON."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return malformed(raw, str(error))
    return "expected value at line 1 column 1"


def decode_query(items: list[tuple[str, str]], kind: type[T]) -> T:
    """The query string as a `kind`. Raises Failure 400."""
    fields = _query_fields(kind)
    values: dict[str, Any] = {}
    for name, text in items:
        if name in fields:
            values[name] = _convert(name, text, fields[name])
    for name in _required(kind):
        if name not in values:
            raise _bad_query(f"missing field `{name}`")
    return kind(**values)


def _bad_query(text: str) -> Failure:
    return Failure(400, f"Failed to deserialize query string: {text}")


@cache
def _query_fields(kind: type[msgspec.Struct]) -> dict[str, type]:
    """The plain type of each field, without None."""
    return {name: _plain(hint) for name, hint in get_type_hints(kind).items()}


@cache
def _required(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that a query must give."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind) if field.required)


def _plain(hint: Any) -> type:
    inner = [found for found in get_args(hint) if found is not type(None)]
    found: type = inner[0] if inner and get_origin(hint) is not Literal else hint
    return found


def _convert(name: str, text: str, wanted: Any) -> Any:
    """One query value."""
    if wanted is bool:
        if text not in ("true", "false"):
            raise _bad_query(f"{name}: provided string was not `true` or `false`")
        return text == "true"
    if wanted in (int, float):
        if name in UNSIGNED and text.startswith("-"):
            raise _bad_query(f"{name}: invalid digit found in string")
        try:
            return wanted(text)
        except ValueError:
            kind = "digit" if wanted is int else "float literal"
            raise _bad_query(f"{name}: invalid {kind} found in string") from None
    if (variants := _variants(wanted)) and text not in variants:
        listed = ", ".join(f"`{variant}`" for variant in variants)
        raise _bad_query(f"{name}: unknown variant `{text}`, expected one of {listed}")
    return text
