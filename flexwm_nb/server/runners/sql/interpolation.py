"""`%%name%%` in a SQL script: text that is put in as it stands, after it was found harmless."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flexwm_nb.server.runners.base import RunnerError

ENUM, IDENTIFIER = "__sanitized_enum__", "__sanitized_raw_string__"
HARMLESS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
CONTEXTUAL = re.compile(r"%%(WM_\w+)%%")


def interpolated(
    script: str,
    parameters: Sequence[Mapping[str, Any]],
    arguments: Mapping[str, Any],
    contextual: Mapping[str, str],
) -> str:
    """The script with its declared `%%name%%` and the job's `%%WM_…%%` put in. Raises RunnerError."""
    script = CONTEXTUAL.sub(lambda match: contextual.get(match[1], match[0]), script)
    for parameter in parameters:
        if is_interpolated(parameter):
            script = script.replace(f"%%{parameter['name']}%%", harmless(parameter, arguments))
    return script


def harmless(parameter: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """The argument's text, which is one of those allowed and an identifier. Raises RunnerError."""
    name, is_enum = parameter["name"], parameter["otyp"] == ENUM
    value = arguments.get(name)
    if not isinstance(value, str):
        raise RunnerError(f"Error: Sanitized {'enum' if is_enum else 'raw string'} `{name}` needs to receive a string")
    if is_enum:
        variants = (parameter["typ"] or {}).get("str") or []
        if value not in variants:
            listed = ",".join(variants)
            raise RunnerError(
                f"Problem with arguments: Sanitized enum argument `{name}` expected one of `[{listed}]` "
                f"but received `{value}`"
            )
    if not value:
        raise RunnerError(f"Bad request: Interpolated argument `{name}` cannot be empty")
    if not HARMLESS.fullmatch(value):
        raise RunnerError(
            f"Bad request: Interpolated argument `{name}` contained forbidden characters. Received `{value}` "
            "but should only contain alphanumerical characters and `_`."
        )
    return value


def is_interpolated(parameter: Mapping[str, Any]) -> bool:
    """Whether a parameter of a signature is text that is put in."""
    return parameter["otyp"] in (ENUM, IDENTIFIER)
