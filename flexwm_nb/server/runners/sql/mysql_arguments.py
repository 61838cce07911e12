"""Arguments as MySQL gets them, after Windmill's coercions."""

from __future__ import annotations

import json
import re
import struct
from typing import Any

from flexwm_nb.server.runners.base import RunnerError

INTEGER_TYPES = ("int", "integer", "smallint", "bigint")
REAL_TYPES = ("real", "dec", "fixed")
MOMENT_TYPES = ("timestamp", "datetime", "date", "time")
WITH_ZONE = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\.(\d+)Z")
SPACED = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NO_MOMENT = "0000-00-00"
MIDNIGHT = " 00:00:00"


def bind(value: Any, kind: str) -> Any:
    """An argument as it is sent. Raises RunnerError."""
    if value is None:
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return moment(value) if kind in MOMENT_TYPES else value
    if isinstance(value, int) and (kind in INTEGER_TYPES or (kind == "uint" and value >= 0)):
        return value
    if isinstance(value, (int, float)) and kind == "float":
        return struct.unpack("f", struct.pack("f", value))[0]
    if isinstance(value, (int, float)) and kind in REAL_TYPES:
        return float(value)
    raise RunnerError(f'Unsupported type in query: {shown(value)} and signature "{kind}"')


def moment(text: str) -> str:
    """A date and a time as MySQL writes them, at midnight the date; what is none becomes the year 0, as on Windmill."""
    if found := WITH_ZONE.search(text):
        microseconds = int(found[3][:9])
        whole = f"{found[1]} {found[2]}" + (f".{microseconds:06d}" if microseconds else "")
        return whole.removesuffix(MIDNIGHT)
    if found := SPACED.search(text):
        return f"{found[1]} {found[2]}".removesuffix(MIDNIGHT)
    return text if DAY.fullmatch(text) else NO_MOMENT


def shown(value: Any) -> str:
    """A value as Windmill's messages show it."""
    if value is None or isinstance(value, bool):
        return "Null" if value is None else f"Bool({str(value).lower()})"
    if isinstance(value, (int, float)):
        return f"Number({json.dumps(value)})"
    if isinstance(value, list):
        return f"Array [{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(name)}: {shown(item)}" for name, item in value.items())
        return f"Object {{{inner}}}"
    return f"String({json.dumps(value, ensure_ascii=False)})"
