"""Which fields a document of a flow may have at a place, and what is wanted in each; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml

from flexwm_nb.models.flows import FlowValue, OpenFlow, Transform
from flexwm_nb.models.wire import Wire

MAYBE_TRANSFORMS = frozenset(["timeout", "parallelism", "user_groups_required"])
SCHEMA = ("$schema", "type", "properties", "required", "order")
PROPERTY = ("type", "description", "default", "enum", "format", "items", "properties", "required", "title")
TYPES = Literal["string", "number", "integer", "boolean", "array", "object"]


def kinds(wanted: Any) -> tuple[type[Wire], ...]:
    """The models that a value may be of."""
    if get_origin(wanted) is Annotated:
        return kinds(get_args(wanted)[0])
    if get_origin(wanted) in (Union, UnionType):
        return tuple(kind for part in get_args(wanted) for kind in kinds(part))
    return (wanted,) if isinstance(wanted, type) and issubclass(wanted, Wire) else ()


def plain_of(wanted: Any) -> Any:
    """What is wanted where something is."""
    if get_origin(wanted) not in (Union, UnionType):
        return wanted
    parts = [part for part in get_args(wanted) if part is not type(None)]
    return parts[0] if len(parts) == 1 else wanted


def item_of(wanted: Any) -> Any:
    """What is wanted in a list."""
    wanted = plain_of(wanted)
    return get_args(wanted)[0] if get_origin(wanted) is list else None


def kind_of(model: type[Wire]) -> str:
    """How a model says what it is; nothing where it does not."""
    field = model.model_fields.get("type")
    values = get_args(field.annotation) if field else ()
    return str(values[0]) if len(values) == 1 else ""


def fields(wanted: Any, node: yaml.Node | None) -> Mapping[str, Any]:
    """The fields that a mapping may have, and what is wanted in each."""
    plain = plain_of(wanted)
    if plain in (SCHEMA, PROPERTY):
        return dict.fromkeys(plain) | {"type": TYPES, "properties": (PROPERTY,), "items": PROPERTY}
    if plain == (PROPERTY,):
        return _Alike(PROPERTY)
    if get_origin(plain) is dict:
        return _Alike(get_args(plain)[1])
    models = kinds(wanted)
    named = scalars(node).get("type") if node is not None else None
    fitting = [model for model in models if len(models) == 1 or kind_of(model) == named]
    if not fitting:
        return {"type": Literal[tuple(map(kind_of, models))]} if models else {}
    fitting[0].model_rebuild()  # it may name models that were not there yet
    return {name: _annotation(fitting[0], name) for name in fitting[0].model_fields}


def _annotation(model: type[Wire], name: str) -> Any:
    if model is OpenFlow and name == "schema":
        return SCHEMA
    return Transform if name in MAYBE_TRANSFORMS and model is not FlowValue else model.model_fields[name].annotation


class _Alike(dict[str, Any]):
    """A mapping whose keys are free and whose values are alike; it has no names to offer."""

    def __init__(self, wanted: Any) -> None:
        super().__init__()
        self._wanted = wanted

    def get(self, key: str, default: Any = None) -> Any:
        """What is wanted for any key."""
        return self._wanted


def scalars(node: yaml.Node) -> Mapping[str, str]:
    """The keys of a mapping with their texts; empty for what is no text."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value.value if isinstance(value, yaml.ScalarNode) else "" for key, value in node.value}
