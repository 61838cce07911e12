"""Where Windmill's view of a TypeScript script would surprise its author."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from flexwm_nb.signatures import trees
from flexwm_nb.signatures.typescript_text import identifier
from flexwm_nb.signatures.typescript_types import inner

VALUES = ("lexical_declaration", "variable_declaration")
HELD = {"Array": "T[]", "ReadonlyArray": "T[]", "Record": "object", "Map": "object", "Partial": "object"}
READ = ("string", "number", "true", "false", "null", "undefined")


def surprises_of(language: str, root: Any, function: Any) -> list[str]:
    """One sentence each, with its line."""
    told = _unseen(root) if function is None else chain(_head(root, function), _parameters(language, root, function))
    return [f"line {line}: {text}" for line, text in sorted(told)]


def line_of(node: Any) -> int:
    """The number of its first line."""
    return int(node.start_point[0]) + 1


def _unseen(root: Any) -> Iterator[tuple[int, str]]:
    """A main that is no function declaration."""
    remedy = "write `export async function main(…)`"
    for node in root.named_children:
        declaration = node.child_by_field_name("declaration") if node.type == "export_statement" else node
        if node.type == "export_statement" and trees.child_of(node, "default") is not None:
            yield line_of(node), f"Windmill does not see a default export as main; {remedy}"
        elif declaration is not None and declaration.type in VALUES and "main" in names_of(declaration):
            yield line_of(node), f"Windmill finds no parameters of a main that is a variable, and passes none; {remedy}"


def names_of(declaration: Any) -> list[str]:
    """What a declaration declares."""
    found = (node for node in declaration.named_children if node.type == "variable_declarator")
    return [trees.text(node.child_by_field_name("name")) for node in found]


def _head(root: Any, function: Any) -> Iterator[tuple[int, str]]:
    """The function itself."""
    if function.parent.type == "program" and not exported(root):
        yield line_of(function), "main is not exported, so the job fails: write `export async function main(…)`"
    if function.type == "generator_function_declaration" and trees.child_of(function, "async") is None:
        yield line_of(function), "Windmill does not read a generator that is not async: its result is {}"


def exported(root: Any) -> bool:
    """Whether `export { main }` stands somewhere."""
    specifiers = (node for node in trees.walk(root) if node.type == "export_specifier")
    return any(trees.text(node.child_by_field_name("name")) == "main" for node in specifiers)


def _parameters(language: str, root: Any, function: Any) -> Iterator[tuple[int, str]]:
    """Parameters that mean something else."""
    enums = {
        identifier(node.child_by_field_name("name")) for node in trees.walk(root) if node.type == "enum_declaration"
    }
    anonymous = 0
    for node in parameters_of(function):
        pattern = node.child_by_field_name("pattern")
        if pattern is None:
            continue
        name = trees.text(pattern)
        if pattern.type == "object_pattern":
            anonymous += 1
            name = f"anon{anonymous}"
            yield line_of(node), f"Windmill calls the parameter {trees.text(pattern)} {name}; give it a name"
        yield from _type(name, node, enums)
        yield from _default(language, name, node)


def parameters_of(function: Any) -> list[Any]:
    """The nodes of the parameters."""
    found = function.child_by_field_name("parameters")
    kinds = ("required_parameter", "optional_parameter")
    return [] if found is None else [node for node in found.named_children if node.type in kinds]


def _type(name: str, node: Any, enums: set[str]) -> Iterator[tuple[int, str]]:
    """An annotation that becomes a resource."""
    annotation = node.child_by_field_name("type")
    kind = None if annotation is None else inner(annotation)
    if kind is None:
        return
    shown = trees.text(kind)
    if shown in enums:
        remedy = 'write the values as a union such as "a" | "b"'
        yield line_of(node), f"Windmill takes {name}: {shown} for a resource, not for the enum; {remedy}"
    if kind.type == "generic_type" and (other := HELD.get(trees.text(kind.child_by_field_name("name")))):
        yield line_of(node), f"Windmill takes {name}: {shown} for a resource; write {other}"


def _default(language: str, name: str, node: Any) -> Iterator[tuple[int, str]]:
    """A default that is not known to the form, or does not apply."""
    value = node.child_by_field_name("value")
    if value is None:
        return
    if language in ("nativets", "bunnative") and value.type not in ("null", "undefined"):
        shown = f"{trees.text(value)} of {name}"
        yield line_of(node), f"without an argument {language} passes null, so the default {shown} does not apply"
    elif value.type not in (*READ, "array", "object"):
        yield line_of(node), f"Windmill's form does not show the default {trees.text(value)} of {name}; it does apply"
