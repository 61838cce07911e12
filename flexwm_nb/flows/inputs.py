"""A step's inputs against what its script or flow takes: missing ones, unknown ones, values of another type; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flexwm_nb.flows import expressions
from flexwm_nb.flows.problems import WARNING, Problem, meant, unknown_input
from flexwm_nb.flows.schemas import schema_of, takes_anything
from flexwm_nb.models.flows import AiAgent, FlowModule, PathFlow, PathScript, RawScript, Transform

Schema = Mapping[str, Any]
MARKS = ("$var:", "$res:", "$jsonvar:", "$encrypted:", "$")  # texts that become something else when the job starts
TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def input_problems(
    module: FlowModule,
    flow_schema: Schema | None,
    schemas: Callable[[str, str], Schema | None] | None,
    *,
    in_loop: bool,
) -> Iterator[Problem]:
    """What is wrong with a step's inputs."""
    value = module.value
    if not isinstance(value, RawScript | PathScript | PathFlow | AiAgent) or (module.mock and module.mock.enabled):
        return
    declared = _properties(flow_schema)
    for name, transform in value.input_transforms.items():
        yield from _unknown_flow_input(module.id, name, transform, declared)
    schema = _schema(value, schemas)
    if schema is None:
        return
    properties = _properties(schema)
    for name in schema.get("required") or []:
        if name not in value.input_transforms:
            yield Problem(module.id, f"input {name}", "it is required and missing")
    open_ended = isinstance(value, RawScript) and takes_anything(value.language, value.content)
    for name, transform in value.input_transforms.items():
        if name in properties:
            yield from _type_problems(module.id, name, transform, properties[name], declared)
        elif not open_ended:
            yield Problem(module.id, f"input {name}", unknown_input("the step", name, properties), WARNING)


def _schema(value: Any, schemas: Callable[[str, str], Schema | None] | None) -> Schema | None:
    """What the step's script or flow takes."""
    if isinstance(value, RawScript):
        return schema_of(value.language, value.content)
    if isinstance(value, AiAgent) or schemas is None:
        return None
    kind = "flow" if isinstance(value, PathFlow) else "script"
    version = getattr(value, "hash", None)
    return schemas(kind, f"{value.path}@{version}" if version else value.path)


def _properties(schema: Schema | None) -> Mapping[str, Any]:
    found = (schema or {}).get("properties")
    return found if isinstance(found, Mapping) else {}


def _unknown_flow_input(step: str, name: str, transform: Transform, declared: Schema) -> Iterator[Problem]:
    for wanted in expressions.inputs_in(transform.expr) if declared and transform.type == "javascript" else []:
        if wanted not in declared:
            yield Problem(step, f"input {name}", f"the flow has no input {wanted}{meant(wanted, declared)}", WARNING)


def _type_problems(step: str, name: str, transform: Transform, wanted: Any, declared: Schema) -> Iterator[Problem]:
    if not isinstance(wanted, Mapping):
        return
    if transform.type == "static":
        why = _mismatch(transform.value, wanted)
    else:
        read = expressions.only_input(transform.expr)
        why = _other_type(declared.get(read), wanted, read) if read is not None else None
    if why is not None:
        yield Problem(step, f"input {name}", why)


def _mismatch(value: Any, wanted: Mapping[str, Any]) -> str | None:
    """Why a value is not of a type."""
    kind = str(wanted.get("type") or "")
    if value is None or kind not in TYPES or (isinstance(value, str) and value.startswith(MARKS)):
        return None
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return None
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return f"{value!r} is not of type {kind}"
    choices = wanted.get("enum")
    if isinstance(choices, list) and choices and value not in choices:
        return f"{value!r} is none of {', '.join(map(str, choices))}"
    return None


def _other_type(given: Any, wanted: Mapping[str, Any], name: str) -> str | None:
    """Why an input of the flow is not of the type that the step takes."""
    one, two = str((given or {}).get("type") or ""), str(wanted.get("type") or "")
    if one not in TYPES or two not in TYPES or one == two or {one, two} == {"integer", "number"}:
        return None
    return f"the flow's input {name} is of type {one}, the step's of type {two}"
