"""A flow's document as a typed model, or everything that is wrong with its shape; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.problems import Problem
from flexwm_nb.models.flows import OpenFlow

WANTED: Mapping[str, str] = {  # pydantic's kind of problem → what there should be
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
}
LISTS, HANDLERS = ("modules", "default"), ("failure_module", "preprocessor_module")  # where modules stand


def parse(document: Any) -> OpenFlow:
    """The document as a typed model. Raises InvalidFlow with every problem of its shape."""
    try:
        return OpenFlow.model_validate(document)
    except ValidationError as error:
        raise refused([_shape(document, item) for item in error.errors()]) from None


def refused(found: Iterable[Problem]) -> InvalidFlow:
    """The error about these problems."""
    errors = list(found)
    if len(errors) == 1:
        return InvalidFlow(why=str(errors[0]), problems=errors)
    lines = "".join(f"\n  {problem}" for problem in errors)
    return InvalidFlow(f"The flow has {len(errors)} problems", why=lines, problems=errors)


def _shape(document: Any, item: Any) -> Problem:
    """A problem that pydantic found, at its step and field."""
    step, names, place, way = "", list[str](), document, list[str | int]()
    for part in item["loc"]:
        if isinstance(place, Mapping) and part not in place and part == place.get("type"):
            continue  # the name of a kind of value, not of a field
        place = _part(place, part)
        names.append(str(part))
        way.append(part)
        if _names_module(names):
            step, names = _name_of(place, part), []
    return Problem(step, ".".join(names), _words(item), place=tuple(way))


def _part(place: Any, part: str | int) -> Any:
    """What stands there; nothing where that is missing."""
    try:
        return place[part]
    except (TypeError, KeyError, IndexError):
        return None


def _names_module(names: list[str]) -> bool:
    """Whether the way so far ends at a module."""
    return names[-1] in HANDLERS or (len(names) > 1 and names[-2] in LISTS and names[-1].isdigit())


def _name_of(module: Any, place: str | int) -> str:
    """Its id; where it has none, its place in the list."""
    found = module.get("id") if isinstance(module, Mapping) else None
    return str(found or (f"number {place + 1}" if isinstance(place, int) else place))


def _words(item: Any) -> str:
    kind, context = item["type"], item.get("ctx") or {}
    if kind == "union_tag_invalid":
        return f"there is no kind of step {context.get('tag')!r}: {context.get('expected_tags')}"
    if kind in ("missing", "union_tag_not_found"):
        return "type is missing" if kind != "missing" else "it is missing"
    if kind in WANTED:
        return f"it should be {WANTED[kind]}"
    text: str = item["msg"]
    return text[:1].lower() + text[1:]
