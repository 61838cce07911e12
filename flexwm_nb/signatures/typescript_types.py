"""The types that Windmill's TypeScript parser knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from flexwm_nb.signatures import trees
from flexwm_nb.signatures.base import snake_case
from flexwm_nb.signatures.typescript_text import identifier, unquoted

KEYWORDS: dict[str, Any] = {
    "string": {"str": None},
    "number": "float",
    "boolean": "bool",
    "bigint": "int",
    "object": {"object": {"name": None, "props": []}},
}
NAMES = {"Date": "datetime", "Base64": "bytes", "Email": "email", "Sql": "sql"}
DYNAMIC = re.compile(r"(DynSelect|DynMultiselect)_(.*)", re.DOTALL)
NOTHING = ("null", "undefined")
LABELS = ("label", "kind")
IMPORTED = "_"  # stands, many times, for an `import("x")` that is a type
IMPORT = re.compile(f"{IMPORTED}{{9,}}")  # as short as one can be written is import("")
TIMES = 2  # that a type may hold itself before it is cut
Found = tuple[Any, bool]  # Windmill's type, and whether it may be missing


def declarations(root: Any) -> Iterator[Any]:
    """The declarations at the top of a file; default exports are left out."""
    for statement in root.named_children:
        exported = statement.type == "export_statement" and trees.child_of(statement, "default") is None
        node = statement.child_by_field_name("declaration") if exported else statement
        if node is not None:
            yield node.named_children[0] if node.type == "ambient_declaration" else node


class Types:
    """What the types of one file mean."""

    def __init__(self, root: Any) -> None:
        """Of a file's tree."""
        self._root = root
        self._path: list[str] = []  # names that are being looked into

    @cached_property
    def declared(self) -> dict[str, Any]:
        """Interfaces and aliases by their names in snake case; the last of a name counts."""
        kinds = ("interface_declaration", "type_alias_declaration")
        found = (node for node in declarations(self._root) if node.type in kinds)
        return {snake_case(identifier(node.child_by_field_name("name"))): node for node in found}

    def of(self, node: Any) -> Found:
        """A type."""
        if node.type == "parenthesized_type":
            return self.of(inner(node))
        if node.type == "union_type":
            return self.of_union(members(node))
        if node.type == "array_type":
            return {"list": self.of(inner(node))[0]}, False
        if node.type == "object_type":
            return self.of_object(node), False
        if node.type == "literal_type" and (value := inner(node)) is not None and value.type == "string":
            return {"str": [unquoted(value)]}, False
        if node.type == "predefined_type":
            return KEYWORDS.get(trees.text(node), "unknown"), False
        return self.of_name(node)

    def of_name(self, node: Any) -> Found:
        """A name, of which only what stands behind the last point counts; anything else is unknown."""
        if node.type == "generic_type":
            name = type_name(node.child_by_field_name("name"))
            if name == "Resource":
                return {"resource": first_text(node.child_by_field_name("type_arguments"))}, False
        else:
            name = type_name(node)
        if not name:
            return "unknown", False
        if name in NAMES:
            return NAMES[name], False
        if name == "bigint":
            return "int", False
        if name == "Resource":
            return {"resource": "unknown"}, False
        if found := DYNAMIC.fullmatch(name):
            return {found[1].lower(): found[2]}, False
        return self.named(snake_case(name))

    def named(self, name: str) -> Found:
        """An interface or alias of the file, else a resource of that name."""
        node = self.declared.get(name)
        if node is None:
            return {"resource": name}, False
        if self._path.count(name) >= TIMES:
            return {"object": {"name": name, "props": None}}, False
        self._path.append(name)
        try:
            return self.of_declaration(name, node)
        finally:
            self._path.pop()

    def of_declaration(self, name: str, node: Any) -> Found:
        """What a declared name stands for; it is passed on to what has no name of its own."""
        if node.type == "interface_declaration":
            return {"object": {"name": name, "props": self.of_interface(node, (name,))}}, False
        kind, optional = self.of(node.child_by_field_name("value"))
        return renamed(kind, name), optional

    def of_interface(self, node: Any, seen: tuple[str, ...]) -> list[dict[str, Any]]:
        """The properties of an interface's parents, then its own."""
        props = []
        clause = trees.child_of(node, "extends_type_clause")
        for parent in [] if clause is None else clause.named_children:
            name = snake_case(type_name(parent.child_by_field_name("name") or parent))
            found = self.declared.get(name) if parent.type != "nested_type_identifier" else None
            if found is not None and found.type == "interface_declaration" and name not in seen:
                props += self.of_interface(found, (*seen, name))
        return props + self.properties(node.child_by_field_name("body"))

    def of_object(self, node: Any) -> Any:
        """An object type; a mapped type is unknown."""
        if any(one.type == "index_signature" and trees.child_of(one, "mapped_type_clause") for one in node.children):
            return "unknown"
        return {"object": {"name": None, "props": self.properties(node)}}

    def properties(self, node: Any) -> list[dict[str, Any]]:
        """The properties whose key is a plain name."""
        return [
            {"key": key, "typ": "unknown" if kind is None else self.of(kind)[0]} for key, kind in plain_properties(node)
        ]

    def of_union(self, parts: list[Any]) -> Found:
        """Alternatives: something or nothing, texts, or kinds of objects; else unknown."""
        if len(parts) == 1:
            return self.of(parts[0])
        nothing = [is_nothing(part) for part in parts]
        if len(parts) == 2 and any(nothing):
            return self.of(parts[0 if nothing[1] else 1])[0], True
        texts = [text_of(part) for part in parts]
        if all(text is not None or none or is_string(part) for part, text, none in zip(parts, texts, nothing)):
            return {"str": [text for text in texts if text is not None]}, any(nothing)
        depth = len(self._path)
        variants = [self.variant(part) for part in parts]
        del self._path[depth:]
        return ({"oneof": variants} if None not in variants else "unknown"), False

    def variant(self, node: Any) -> dict[str, Any] | None:
        """One kind of object: a type that says its label, or a declared one, spelled in snake case."""
        if node.type == "object_type":
            labels = (text_of(kind) for key, kind in plain_properties(node) if key in LABELS and kind is not None)
            label = next((label for label in labels if label is not None), None)
            return None if label is None else {"label": label, "properties": self.properties(node)}
        named = node.child_by_field_name("name") if node.type == "generic_type" else node
        name = type_name(named) if named.type == "type_identifier" else ""
        if name not in self.declared:
            return None
        kind, _ = self.named(name)
        self._path.append(name)  # the alternatives of a union count together
        found = kind["object"] if isinstance(kind, dict) and "object" in kind else {"props": None}
        return None if found["props"] is None else {"label": name, "properties": found["props"]}


def renamed(kind: Any, name: str) -> Any:
    """A type under the name of its alias: objects without a name and resources take it, also in lists."""
    if not isinstance(kind, dict):
        return kind
    if "list" in kind:
        return {"list": renamed(kind["list"], name)}
    if "resource" in kind:
        return {"resource": name}
    if "object" in kind and kind["object"]["name"] is None:
        return {"object": {**kind["object"], "name": name}}
    return kind


def inner(node: Any) -> Any:
    """The first child that is no comment."""
    return next((child for child in node.named_children if child.type != "comment"), None)


def members(node: Any) -> list[Any]:
    """The alternatives of a union, in order."""
    if node.type != "union_type":
        return [node]
    return [part for child in node.named_children if child.type != "comment" for part in members(child)]


def is_nothing(node: Any) -> bool:
    """Whether a type is null or undefined."""
    return trees.text(node) in NOTHING


def is_string(node: Any) -> bool:
    """Whether a type is any text."""
    return node.type == "predefined_type" and trees.text(node) == "string"


def text_of(node: Any) -> str | None:
    """The text of a type that is one text."""
    value = inner(node) if node.type == "literal_type" else None
    return unquoted(value) if value is not None and value.type == "string" else None


def type_name(node: Any) -> str:
    """A type's name, without the namespaces before it; empty for what has no name."""
    if IMPORT.match(trees.text(node)):
        return ""
    if node.type == "nested_type_identifier":
        return identifier(node.child_by_field_name("name"))
    return identifier(node) if node.type in ("type_identifier", "identifier") else ""


def first_text(given: Any) -> str:
    """The text given to `Resource<"…">`."""
    found = None if given is None else inner(given)
    text = None if found is None else text_of(found)
    return "unknown" if text is None else text


def plain_properties(node: Any) -> Iterator[tuple[str, Any]]:
    """The properties with a plain key and their types, None where none is given."""
    for found in node.named_children:
        if found.type != "property_signature":
            continue
        name = found.child_by_field_name("name")
        if name.type == "computed_property_name":
            name = inner(name)
        if name.type in ("property_identifier", "identifier"):
            annotation = found.child_by_field_name("type")
            yield identifier(name), None if annotation is None else inner(annotation)


def one_or_many(node: Any) -> str | None:
    """The text of `T | T[]` or `T[] | T`."""
    parts = [] if node is None or node.type != "union_type" else members(node)
    if len(parts) != 2:
        return None
    names = [plain_name(inner(part) if part.type == "array_type" else part) for part in parts]
    many = [part.type == "array_type" for part in parts]
    if names[0] is None or names[0] != names[1] or many[0] == many[1]:
        return None
    return " | ".join(f"{name}[]" if array else name for name, array in zip(names, many) if name is not None)


def plain_name(node: Any) -> str | None:
    """The name of a type that Windmill can write down."""
    if node.type == "predefined_type":
        text = trees.text(node)
        return text if text in KEYWORDS or text == "any" else None
    if node.type == "generic_type":
        node = node.child_by_field_name("name")
    return identifier(node) if node.type == "type_identifier" else None
