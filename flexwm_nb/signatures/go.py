"""Go: the parameters of the first line that starts with `func main(` (Windmill's parser, go 1.510.1).

That parser reads this line and what stands up to its closing parenthesis, counted naively, and nothing else.
"""

from __future__ import annotations

import re
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import trees
from flexwm_nb.signatures.base import Language, argument, heading, up_to_closing
from flexwm_nb.signatures.go_surprises import surprises_of

KINDS: dict[str, Any] = {
    "string": {"str": None},
    "bool": "bool",
    "int": "int",
    "int16": "int",
    "int32": "int",
    "int64": "int",
}
ANYTHING = "interface{}"
TAG = re.compile(r'`json:"([^,]*?)(?:,.*)?"`')
Found = tuple[str | None, Any]  # the type as text, where it is understood, and Windmill's type


class Go(Language):
    """go."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature of main; the name of another function is not looked at."""
        args = [entry(node) for node in parameters(content)]
        return {
            "star_args": False,
            "star_kwargs": False,
            "args": args,
            "no_main_func": False,
            "has_preprocessor": None,
        }

    def check(self, content: str) -> None:
        """Look for what Go's grammar does not know."""
        trees.refuse_errors("go", trees.parse("go", content), content)

    def surprises(self, content: str) -> list[str]:
        """Where Windmill reads less than Go does."""
        return surprises_of(content, parameters)


def parameters(content: str) -> list[Any]:
    """The declarations of main's parameters. Raises InvalidSource."""
    found = heading(content, ("func main(",))
    if found is None:
        text = content.split("\n", maxsplit=1)[0]
        why = "there is no line that starts with `func main(`"
        raise InvalidSource(why=why, line=1, column=1, text=text, language="Go")
    before, first, rest = found
    root, function = head_of(first, rest)
    trees.refuse_errors("go", root, function, before)
    declared = [node for node in declarations(root) if node.type != "comment"]
    if len({node.child_by_field_name("name") is None for node in declared}) > 1:
        raise trees.at_node(declared[0], "some parameters have a name and some have none", function, "go", before)
    return declared


def head_of(first: str, rest: str) -> tuple[Any, str]:
    """The function's head and its source; the line break after its first line is lost, as in Windmill.

    Fields of a struct need nothing between them there, so what the grammar refuses is tried with a semicolon.
    """
    is_parted = rest[:1].isspace() or not first[-1:].isalnum()
    for glue in ("", ";") if is_parted else ("",):
        function = f"{up_to_closing(first + glue + rest)} {{}}"
        root = trees.parse("go", function)
        if not root.has_error:
            return root, function
    function = f"{up_to_closing(first + rest)} {{}}"
    return trees.parse("go", function), function


def declarations(root: Any) -> list[Any]:
    """The parameters of the first function below a node."""
    function = next(node for node in trees.walk(root) if node.type == "function_declaration")
    found: list[Any] = function.child_by_field_name("parameters").named_children
    return found


def entry(node: Any) -> dict[str, Any]:
    """One declaration's entry: of `a, b string` only the first."""
    name = node.child_by_field_name("name")
    otyp, kind = (None, "unknown") if node.type.startswith("variadic") else type_of(node.child_by_field_name("type"))
    return argument("" if name is None else trees.text(name), kind, otyp=otyp)


def type_of(node: Any) -> Found:
    """A type; pointers, functions, channels and the types of packages are not understood."""
    if node.type == "type_identifier":
        name = trees.text(node)
        return name, KINDS.get(name, "unknown")
    if node.type in ("slice_type", "array_type"):
        text, kind = type_of(node.child_by_field_name("element"))
        return None if text is None else f"[]{text}", {"list": kind}
    if node.type == "map_type":
        return f"map[string]{ANYTHING}", {"object": {"name": None, "props": []}}
    if node.type == "interface_type":
        return ANYTHING, {"object": {"name": None, "props": []}}
    return of_struct(node) if node.type == "struct_type" else (None, "unknown")


def of_struct(node: Any) -> Found:
    """A struct's fields, named as in JSON."""
    declared = trees.child_of(node, "field_declaration_list")
    texts = []
    props = []
    for field in declared.named_children:
        if field.type == "field_declaration":
            text, prop = of_field(field)
            texts.append(text)
            props.append(prop)
    return f"struct {{ {'; '.join(texts)} }}", {"object": {"name": None, "props": props}}


def of_field(field: Any) -> tuple[str, dict[str, Any]]:
    """A field: its text and its property; of `A, B int` only the first."""
    named = field.child_by_field_name("name")
    name = "" if named is None else trees.text(named)
    otyp, kind = type_of(field.child_by_field_name("type"))
    tag = field.child_by_field_name("tag")
    match = None if tag is None else TAG.fullmatch(trees.text(tag))
    key = match[1] if match else name
    return f'{name} {otyp or ANYTHING} `json:"{key}"`', {"key": key, "typ": kind}


LANGUAGE = Go()
