"""Where Windmill's view of a PHP script would surprise its author."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flexwm_nb.signatures import trees

DECLARED = ("class_declaration", "interface_declaration", "trait_declaration", "enum_declaration")
BUILT_IN = (
    "datetime", "datetimeimmutable", "datetimeinterface", "dateinterval", "stdclass", "closure", "generator",
    "exception", "throwable", "arrayaccess", "arrayobject", "iterator", "traversable", "countable", "stringable",
)  # fmt: skip
MAYBE_NULL = re.compile(r"\?\s*(string|int|float|bool|array|object)", re.IGNORECASE)
NEWER = {"property_hook_list": "a property's hook", "visibility_modifier": "`(set)`", "|>": "`|>`"}
ASYMMETRIC = re.compile(r"\(\s*set\s*\)")

Told = Iterator[tuple[int, str]]


def surprises_of(root: Any, main: Any, declared: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    """One sentence each, with its line; `declared` are main's parameters with what Windmill reads of them."""
    told = list(_newer(root))
    told += _unseen(root) if main is None else [*_parameters(root, declared), *_positions(declared)]
    told += _preprocessor(root)
    return [f"line {line}: {text}" for line, text in sorted(told)]


def line_of(node: Any) -> int:
    """The number of its first line."""
    return int(node.start_point[0]) + 1


def _named(node: Any) -> str:
    name = node.child_by_field_name("name")
    return "" if name is None else trees.text(name)


def _newer(root: Any) -> Told:
    """What Windmill's parser does not know yet."""
    for node in trees.walk(root):
        known = node.type != "visibility_modifier" or ASYMMETRIC.search(trees.text(node)) is not None
        if node.type in NEWER and known:
            yield line_of(node), f"Windmill's parser refuses {NEWER[node.type]}, and with it the script"
        elif node.type == "const_declaration" and node.child_by_field_name("type") is not None:
            yield line_of(node), "Windmill's parser refuses a type of a constant, and with it the script"


def _unseen(root: Any) -> Told:
    """A main that is not found."""
    for node in trees.walk(root):
        if node.type == "function_definition" and _named(node).lower() == "main":
            yield (
                line_of(node),
                "Windmill finds only a function `main` outside of namespaces and blocks, in small letters",
            )


def _parameters(root: Any, declared: list[tuple[Any, dict[str, Any]]]) -> Told:
    """Parameters whose default or type is not understood."""
    taken, kinds = set(_classes(root)), list[str]()
    for node, found in declared:
        name, line, kind = f"${found['name']}", line_of(node), node.child_by_field_name("type")
        if not trees.text(node).isascii():
            yield line, f"Windmill reads ASCII alone here, and takes {name} for something else"
        if node.child_by_field_name("default_value") is not None and not found["has_default"]:
            reads = "of defaults it reads texts, positive numbers, true and false"
            yield line, f"Windmill requires {name}, and passes null to a run without it: {reads}"
        if kind is not None and (nullable := MAYBE_NULL.fullmatch(trees.text(kind))) is not None:
            yield line, f"Windmill takes {name} for a value of any type; write {nullable[1]} alone"
        if isinstance(found["typ"], dict) and "resource" in found["typ"]:
            yield from _resource(line, name, trees.text(kind), taken, kinds)
            kinds.append(trees.text(kind).lower())


def _resource(line: int, name: str, kind: str, taken: set[str], before: list[str]) -> Told:
    """A class, which Windmill takes for a type of resources and declares itself."""
    if "\\" in kind or "_" in kind:
        yield line, f"the run fails: Windmill declares a class for {name} itself, and cannot name it {kind}"
    elif kind.lower() in taken or kind.lower() in BUILT_IN:
        yield line, f"the run fails: Windmill declares a class {kind} itself, for {name}; write array or object"
    elif kind.lower() in before:
        yield line, f"the run fails: Windmill declares a class {kind} twice; write object for {name}"


def _classes(root: Any) -> Iterator[str]:
    """The names of classes that are declared or imported here."""
    for node in trees.walk(root):
        if node.type in DECLARED:
            yield _named(node).lower()
        elif node.type == "namespace_use_clause":
            yield re.split(r"\\|\s+as\s+", trees.text(node))[-1].strip().lower()


def _positions(declared: list[tuple[Any, dict[str, Any]]]) -> Told:
    """Parameters that get another one's argument."""
    optional = [position for position, (_, found) in enumerate(declared) if found["has_default"]]
    if optional and optional[0] < len(declared) - 1:
        node, found = declared[optional[0]]
        after = declared[optional[0] + 1][1]
        text = f"a run that gives ${after['name']} and leaves out ${found['name']} gives it to ${found['name']}"
        yield line_of(node), f"Windmill passes arguments by position: {text}"


def _preprocessor(root: Any) -> Told:
    """A preprocessor, which is not run."""
    for node in root.named_children:
        if node.type == "function_definition" and _named(node) == "preprocessor":
            yield line_of(node), "Windmill does not run the preprocessor of a php script"
