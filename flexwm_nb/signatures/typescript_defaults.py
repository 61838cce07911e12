"""Default values as Windmill's TypeScript parser reads them.

Texts, numbers and truth values are read by themselves, arrays and objects as JSON, and where they are none by
JavaScript; anything else is no value that can be known.
"""

from __future__ import annotations

import json
import math
from typing import Any

from flexwm_nb.signatures import trees
from flexwm_nb.signatures.typescript_text import unquoted

MOST_INTEGER = 2**63
MOST_UNSIGNED = 2**64
DIGIT = 32  # bits of a digit, as big numbers are kept
TIME_LIMIT = 0.1  # seconds
MEMORY_LIMIT = 8 * 1024 * 1024  # bytes
# writes a value down so that whole numbers and others can be told apart
WRITE = """
const written = value => {
  if (value === undefined || value === null) return "null"
  if (typeof value === "string") return JSON.stringify(value.toWellFormed())
  if (typeof value === "boolean" || typeof value === "bigint") return String(value)
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return "null"
    const text = String(value)
    return Number.isSafeInteger(value) ? String(value + 0) : /[.e]/.test(text) ? text : text + ".0"
  }
  if (typeof value !== "object") throw new Error("no value")
  if (Array.isArray(value)) return "[" + Array.from(value, written).join(",") + "]"
  const pairs = Symbol.iterator in value ? [...value] : Object.entries(value)
  if (pairs.some(pair => typeof pair?.[0] !== "string")) throw new Error("no value")
  return "{" + pairs.map(([key, one]) => JSON.stringify(key) + ":" + written(one)).join(",") + "}"
}
"""


def default_of(node: Any, content: str) -> Any:
    """A default's value; None where it cannot be known. Raises InvalidSource where Windmill's parser fails."""
    if node.type == "string":
        return unquoted(node)
    if node.type == "number":
        return number(trees.text(node))
    if node.type in ("true", "false"):
        return node.type == "true"
    if node.type in ("array", "object"):
        return collection(node, content)
    return None


def number(text: str) -> Any:
    """A number as written; a bigint comes as its sign and digits, as Windmill gives it."""
    text = text.replace("_", "")
    if text.endswith("n"):
        return big(int(text[:-1], 0))
    value = as_float(text)
    if not math.isfinite(value):
        return None
    if value != math.trunc(value) or value > MOST_UNSIGNED:
        return value
    return min(int(value), MOST_UNSIGNED - 1)


def as_float(text: str) -> float:
    """A number as JavaScript reads it."""
    lowered = text.lower()
    if lowered[:2] in ("0x", "0o", "0b"):
        return float(int(lowered, 0))
    if len(text) > 1 and text[0] == "0" and text.isdigit() and not set(text) & {"8", "9"}:
        return float(int(text, 8))
    return float(text)


def big(value: int) -> list[Any]:
    """A bigint's sign and its digits, the smallest first."""
    digits = []
    sign = 1 if value else 0
    while value:
        digits.append(value % 2**DIGIT)
        value >>= DIGIT
    return [sign, digits]


def collection(node: Any, content: str) -> Any:
    """An array or object."""
    source = trees.text(node)
    try:
        return from_json(source)
    except ValueError:
        return evaluated(node, source, content)


def from_json(source: str) -> Any:
    """What JSON says. Raises ValueError."""
    found = json.loads(source, parse_int=whole, parse_float=finite, parse_constant=float_only)
    json.dumps(found, ensure_ascii=False).encode()
    return found


def whole(text: str) -> int | float:
    """A number without a fraction; one of more than 64 bits is a float, and so is -0."""
    value = int(text)
    is_float = text == "-0" or not -MOST_INTEGER <= value < MOST_UNSIGNED
    return finite(text) if is_float else value


def finite(text: str) -> float:
    """A number. Raises ValueError for one that is too large."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def float_only(text: str) -> Any:
    """Refuse NaN and the infinities, which JSON does not know."""
    raise ValueError(text)


def evaluated(node: Any, source: str, content: str) -> Any:
    """What JavaScript makes of it; None where that is no value. Raises InvalidSource where it fails."""
    from quickjs import Context, JSException

    context = Context()
    context.set_time_limit(TIME_LIMIT)
    context.set_memory_limit(MEMORY_LIMIT)
    context.eval(WRITE)
    try:
        context.eval(f"globalThis.found = ({source}\n)")
    except JSException as error:
        why = f"Windmill's parser cannot compute this default: {str(error).splitlines()[0]}"
        raise trees.at_node(node, why, content, "typescript") from None
    try:
        return json.loads(context.eval("written(found)"))
    except (JSException, ValueError, RecursionError):
        return None


def kind_of(value: Any) -> Any:
    """The type of a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -MOST_INTEGER <= value < MOST_INTEGER else "float"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return {"str": None}
    if isinstance(value, list):
        return {"list": kind_of(value[0]) if value else "unknown"}
    if isinstance(value, dict):
        return {"object": {"name": None, "props": [{"key": key, "typ": kind_of(one)} for key, one in value.items()]}}
    return "unknown"
