"""Where Windmill's view of a Go script would surprise its author."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import trees

UNREAD = {"*": "a pointer", ".": "a type of a package", "[": "a generic type"}
NUMBERS = ("int8", "uint", "uint8", "uint16", "uint32", "uint64", "byte", "float32", "float64")


def surprises_of(content: str, parameters: Any) -> list[str]:
    """One sentence each, with its line."""
    try:
        declared = parameters(content)
    except InvalidSource as error:
        return [f"line {error.line}: Windmill's parser refuses this script: {error.why}"]
    root = trees.parse("go", content)
    main = next((node for node in root.children if is_main(node)), None)
    if main is None:
        return []
    found = [*_parameters(main, declared), *_result(main)]
    return [f"line {line}: {text}" for line, text in sorted(found)]


def is_main(node: Any) -> bool:
    """Whether a node is the function main."""
    return node.type == "function_declaration" and trees.text(node.child_by_field_name("name")) == "main"


def _parameters(main: Any, declared: list[Any]) -> Iterator[tuple[int, str]]:
    """Parameters that are lost, or of whose type nothing is known."""
    for node in main.child_by_field_name("parameters").named_children:
        line = node.start_point[0] + 1
        names = [trees.text(name) for name in node.children_by_field_name("name")]
        for lost in names[1:]:
            yield line, f"Windmill does not see the parameter {lost}: write its type by itself, `{lost} …`"
        kind = node.child_by_field_name("type")
        if kind is not None and names and trees.text(kind) in NUMBERS:
            yield line, f"Windmill takes {names[0]} of type {trees.text(kind)} for a value of any type; check it"
    if not declared and re.search(r"\w", trees.text(main.child_by_field_name("parameters"))):
        yield main.start_point[0] + 1, "Windmill sees no parameters of main"


def _result(main: Any) -> Iterator[tuple[int, str]]:
    """A result that Windmill's caller does not take."""
    result = main.child_by_field_name("result")
    count = 0 if result is None else 1
    if result is not None and result.type == "parameter_list":
        count = sum(max(len(node.children_by_field_name("name")), 1) for node in result.named_children)
    if count != 2:
        yield main.start_point[0] + 1, "Windmill needs two results of main: write `(interface{}, error)`"
