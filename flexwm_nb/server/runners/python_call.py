"""Calling a script's function as Windmill's Python wrapper does. Standard library alone: it runs in other environments.

Behaviour: Windmill 1.743, its worker's Python wrapper (reference: languages.md section 2).
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import sys
import traceback
from datetime import date, datetime
from typing import Any

RESULT, ERROR, UNSTORABLE, ARGUMENTS = b"R", b"E", b"U", b"G"
KEPT = (str, dict, list, bytes, tuple, set, frozenset, range, memoryview, bytearray)
OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
DATE_FORMATS = ("%d-%m-%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d")
CALL = "<function call>"  # how a default that is a call is shown; as a value it means the default

_spec = importlib.util.spec_from_file_location(
    "flexwm_jsonb", os.path.join(os.path.dirname(os.path.abspath(__file__)), "jsonb.py")
)
assert _spec is not None and _spec.loader is not None
jsonb = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(jsonb)


def call(module: Any, task: dict[str, Any], tell: Any = None) -> tuple[bytes, str]:
    """Call the function and give a frame: its result, or its error. What a preprocessor makes is told before."""
    given = json.loads(task["arguments"])
    if task.get("preprocessor") is not None:
        try:
            made = preprocess(module, given, task)
        except BaseException as error:
            return ERROR, json.dumps(describe(error, task.get("step")), default=str)
        tell(ARGUMENTS, made)
        given = json.loads(made)
    arguments = convert(given, task)
    try:
        function = getattr(module, task["function"])
        if not callable(function):
            raise ValueError("%s function is missing" % task["function"])
        value = function(**arguments)
        if streams(value):
            stream(value)
            value = None
        text = render(value, task)
    except jsonb.Unstorable as error:
        return UNSTORABLE, str(error)
    except BaseException as error:
        return ERROR, json.dumps(describe(error, task.get("step")), default=str)
    if len(text) > task["result_bytes"]:
        return ERROR, json.dumps(too_large(len(text), task))
    return RESULT, text


def preprocess(module: Any, given: dict[str, Any], task: dict[str, Any]) -> str:
    """What the script's preprocessor makes of the arguments, as JSON in jsonb's form."""
    function = getattr(module, "preprocessor", None)
    if not callable(function):
        raise ValueError("preprocessor function is missing")
    made = function(**convert(given, dict(task, **task["preprocessor"])))
    if not isinstance(made, dict):
        raise TypeError("the preprocessor must return a dict of main's arguments, not %s" % type(made).__name__)
    return render(made, task)


def too_large(size: int, task: dict[str, Any]) -> dict[str, Any]:
    """The error of a result over the limit."""
    message = "the result is too large: %.1f MB, the limit is %.1f MB. Return a summary, or write it to a file" % (
        size / 1e6,
        task["result_bytes"] / 1e6,
    )
    error = {"name": "ResultTooLarge", "message": message}
    return dict(error, step_id=task["step"]) if task.get("step") else error


def convert(given: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments: those of the signature, by name."""
    if task["everything"]:
        return given
    arguments: dict[str, Any] = {}
    for parameter in task["parameters"]:
        name = parameter["name"]
        value = given.get(name)
        if value == CALL:
            continue
        if value is None:
            if not parameter["optional"]:
                arguments[name] = None
            continue
        arguments[name] = CONVERSIONS.get(parameter["type"], lambda same: same)(value)
    return arguments


def to_bytes(value: Any) -> Any:
    """Bytes of base64 text."""
    return base64.b64decode(value)


def to_datetime(value: Any) -> Any:
    """A time of ISO text; Pythons before 3.11 do not know the Z."""
    if sys.version_info < (3, 11) and isinstance(value, str) and value.endswith("Z"):
        value = value[:-1] + "+00:00"
    return datetime.fromisoformat(value)


def to_date(value: Any) -> Any:
    """A date in any of the formats that forms give; text that is none stays."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(value, form).date()
        except ValueError:
            pass
    return value


CONVERSIONS = {"bytes": to_bytes, "datetime": to_datetime, "date": to_date}


def streams(value: Any) -> bool:
    """Whether the result is to be streamed: it can be iterated and is no usual container."""
    return hasattr(value, "__iter__") and not isinstance(value, KEPT) and type(value).__name__ != "DataFrame"


def stream(value: Any) -> None:
    """Print each item as a line that the worker takes for the stream."""
    for item in value:
        print("WM_STREAM: " + item.replace("\n", "\\n"), flush=True)


def render(value: Any, task: dict[str, Any]) -> str:
    """The result as JSON in jsonb's form."""
    if type(value).__name__ == "DataFrame":
        value = value.values.tolist() if hasattr(value, "values") else value.rows()
    elif isinstance(value, bytes):
        value = base64.b64encode(value).decode("ascii")
    elif isinstance(value, dict):
        value = {key: base64.b64encode(item).decode("ascii") if isinstance(item, bytes) else item
                 for key, item in value.items()}  # fmt: skip
    text = json.dumps(value, default=str, ensure_ascii=False)
    if not task["verbatim"]:
        text = json_only(text)
    made = str(jsonb.normalize(text))
    if not made.isascii():
        jsonb.refuse_halves(made)
    return made


def json_only(text: str) -> str:
    """NaN and the infinities become null, an escaped NUL ` null `."""
    if "NaN" in text or "Infinity" in text:
        text = OUTSIDE.sub(lambda found: found[0] if found[0].startswith('"') else "null", text)
    return NUL.sub(r"\1 null ", text) if "\\u0000" in text else text


def describe(error: BaseException, step: Any) -> dict[str, Any]:
    """The error object of an exception."""
    own = os.path.dirname(os.path.abspath(__file__))
    frames = [
        line
        for frame, line in zip(traceback.extract_tb(error.__traceback__), traceback.format_tb(error.__traceback__))
        if os.path.dirname(os.path.abspath(frame.filename)) != own
    ]
    found = {"message": str(error), "name": type(error).__name__, "stack": "\n".join(frames)}
    extra = dict(getattr(error, "__dict__", {}))
    if extra:
        found["extra"] = json.loads(json_only(json.dumps(extra, default=str, skipkeys=True)))
    if step:
        found["step_id"] = step
    return found
