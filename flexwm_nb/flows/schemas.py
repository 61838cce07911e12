"""The schemas of inputs: of steps, from their sources, and of flows, from what their steps take; pure."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from flexwm_nb import signatures
from flexwm_nb.errors import FlexwmError

NOISE: Mapping[str, Any] = {"description": "", "default": None, "originalType": ..., "type": ""}  # ... = any value
FORMAT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(language: str, content: str) -> dict[str, Any] | None:
    """The schema of a script's inputs; None where it cannot be found out."""
    try:
        return signatures.infer_schema(language, content)
    except FlexwmError:
        return None


def takes_anything(language: str, content: str) -> bool:
    """Whether a script takes inputs that it does not name."""
    try:
        return bool(signatures.parse_signature(language, content)["star_kwargs"])
    except FlexwmError:
        return True


def property_of(annotation: Any = None, default: Any = ..., description: str | None = None) -> dict[str, Any]:
    """The schema of one input, from a Python type (or its text) and a default; `...` is no default."""
    text = annotation if isinstance(annotation, str) else _text_of(annotation)
    head = "value" if text is None else f"value: {text}"
    found = (schema_of("python3", f"def main({head}): pass") or {"properties": {"value": {}}})["properties"]["value"]
    made = tidy(found)
    if description:
        made["description"] = description
    if default is not ...:
        made["default"] = default
    return made


def tidy(found: Mapping[str, Any]) -> dict[str, Any]:
    """A property without what says nothing."""
    kept = {name: value for name, value in found.items() if name not in NOISE or NOISE[name] not in (..., value)}
    return {"type": kept.pop("type"), **kept} if "type" in kept else kept


def flow_schema(properties: Mapping[str, Mapping[str, Any]], required: list[str]) -> dict[str, Any]:
    """The schema of a flow's inputs."""
    return {"$schema": FORMAT, "type": "object", "properties": dict(properties), "required": required}


def _text_of(annotation: Any) -> str | None:
    """A type as Windmill's parser reads it."""
    if annotation is None:
        return None
    text = inspect.formatannotation(annotation)
    return text.replace("typing.", "")
