"""The types that Windmill's Python parser knows."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import Any

BASIC: dict[str, Any] = {
    "str": {"str": None},
    "int": "int",
    "float": "float",
    "bool": "bool",
    "bytes": "bytes",
    "datetime": "datetime",
    "datetime.datetime": "datetime",
    "date": "date",
    "datetime.date": "date",
    "Sql": "sql",
    "sql": "sql",
}
ENUM_BASES = ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")
MODEL_BASES = ("BaseModel", "pydantic.BaseModel")
DATACLASSES = ("dataclass", "dataclasses.dataclass", "pydantic.dataclasses.dataclass")
MOST_FIELDS = 200  # of a model
DYNAMIC = re.compile(r"(DynSelect|DynMultiselect)_(\w+)")


def empty_object() -> dict[str, Any]:
    """An object of which nothing is known."""
    return {"object": {"name": None, "props": []}}


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a name or attribute, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def outline(content: str) -> list[ast.stmt]:
    """The classes and plain functions at the start of a line, each with the indented lines below it.

    Windmill looks for enumerations and docstrings there, whatever else the file has; empty where it does not parse.
    """
    lines = []
    inside = False
    for line in content.split("\n"):
        if line.strip() and not line[0].isspace():
            inside = line.startswith(("class ", "def "))
        if inside:
            lines.append(line)
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError):
        return []


class Models:
    """The classes of a file that types may name."""

    def __init__(self, content: str) -> None:
        """Look at the classes of this source; enumerations are unknown until `enums` is set."""
        self._content = content
        self.enums: dict[str, ast.ClassDef] = {}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Those at the top of a source that parses, by name."""
        try:
            body = ast.parse(self._content).body
        except (SyntaxError, ValueError, RecursionError):
            return {}
        return classes_in(body)

    def enum(self, name: str) -> dict[str, str]:
        """The text members of an Enum class, by name; empty for anything else."""
        node = self.enums.get(name)
        if node is None:
            return {}
        members = {}
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                for target in statement.targets:
                    if isinstance(target, ast.Name) and isinstance(statement.value.value, str):
                        members[target.id] = statement.value.value
        return {member: value for member, value in members.items() if not member.startswith("_")}

    def model(self, name: str) -> ast.ClassDef | None:
        """The dataclass or pydantic model of that name."""
        node = self.classes.get(name)
        if node is None:
            return None
        decorators = (item.func if isinstance(item, ast.Call) else item for item in node.decorator_list)
        is_model = any(dotted(base) in MODEL_BASES for base in node.bases)
        return node if is_model or any(dotted(item) in DATACLASSES for item in decorators) else None

    def fields(self, node: ast.ClassDef, seen: tuple[str, ...]) -> dict[str, Any]:
        """The type of a model, its fields in order."""
        if node.name in seen:
            return {"object": {"name": node.name, "props": None}}
        annotated = [
            item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        ]
        props = [
            {"key": item.target.id, "typ": field_type(item.annotation, self, (*seen, node.name))}
            for item in annotated[:MOST_FIELDS]
            if isinstance(item.target, ast.Name)
        ]
        return {"object": {"name": node.name, "props": props or None}}


def classes_in(body: list[ast.stmt]) -> dict[str, ast.ClassDef]:
    """Classes by name."""
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


def enums_in(body: list[ast.stmt]) -> dict[str, ast.ClassDef]:
    """Enumerations by name: classes with a base that is called so."""
    return classes_in([node for node in body if isinstance(node, ast.ClassDef) and is_enum(node)])


def is_enum(node: ast.ClassDef) -> bool:
    """Whether a base of a class is one of the enumerations by its bare name."""
    return any(isinstance(base, ast.Name) and base.id in ENUM_BASES for base in node.bases)


def type_of(node: ast.expr | None, models: Models) -> tuple[Any, bool]:
    """A parameter's type, and whether its annotation makes it optional."""
    if node is None:
        return "unknown", False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        is_none = isinstance(node.right, ast.Constant) and node.right.value is None
        return (type_of(node.left, models)[0], True) if is_none else ("unknown", False)
    if isinstance(node, ast.Subscript):
        return of_subscript(node, models)
    if isinstance(node, ast.Name):
        return of_name(node.id, models), False
    if isinstance(node, ast.Attribute):
        return of_attribute(node, models), False
    return "unknown", False


def of_subscript(node: ast.Subscript, models: Models) -> tuple[Any, bool]:
    """list[T], Optional[T], Literal[...]; anything else is unknown."""
    outer = node.value.id if isinstance(node.value, ast.Name) else ""
    if outer in ("list", "List"):
        return {"list": of_item(node.slice, models)}, False
    if outer == "Optional":
        return type_of(node.slice, models)[0], True
    if outer == "Literal":
        return of_literal(node.slice), False
    return "unknown", False


def of_item(node: ast.expr, models: Models) -> Any:
    """What a list holds: a class of the file that is an Enum stays a resource there."""
    found = type_of(node, models)[0]
    if isinstance(node, ast.Name) and models.enum(node.id):
        return {"resource": node.id}
    return found


def of_literal(node: ast.expr) -> Any:
    """The texts of a Literal; fewer than two make a plain text."""
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    values = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return {"str": values if isinstance(node, ast.Tuple) and values else None}


def of_name(name: str, models: Models) -> Any:
    """A bare name: a known type, a class of the file, else a resource of that name."""
    if name in BASIC:
        return BASIC[name]
    if name == "dict":
        return empty_object()
    if name == "list":
        return {"list": "unknown"}
    if found := DYNAMIC.fullmatch(name):
        return {found[1].lower(): found[2]}
    if (model := models.model(name)) is not None:
        return models.fields(model, ())
    if members := models.enum(name):
        return {"str": list(members.values())}
    return {"resource": "s3_object" if name == "S3Object" else name}


def of_attribute(node: ast.Attribute, models: Models) -> Any:
    """A dotted name: `wmill.X` is X, `datetime.X` is itself, others are unknown."""
    name = dotted(node)
    if name in BASIC:
        return BASIC[name]
    head, _, rest = name.partition(".")
    if head == "wmill" and "." not in rest:
        return of_name(rest, models)
    return {"resource": name} if head == "datetime" else "unknown"


def field_type(node: ast.expr, models: Models, seen: tuple[str, ...]) -> Any:
    """The type of a model's field."""
    if isinstance(node, ast.Subscript):
        return of_field_subscript(node, models, seen)
    name = dotted(node)
    if name in BASIC and name not in ("Sql", "sql"):
        return BASIC[name]
    if name in ("dict", "Dict"):
        return empty_object()
    if name in ("list", "List"):
        return {"list": "unknown"}
    model = models.model(name)
    return models.fields(model, seen) if model is not None else "unknown"


def of_field_subscript(node: ast.Subscript, models: Models, seen: tuple[str, ...]) -> Any:
    """list[T], Optional[T], Dict[...], Annotated[T, ...] of a field."""
    outer = dotted(node.value).rpartition(".")[2]
    if outer in ("list", "List"):
        return {"list": field_type(node.slice, models, seen)}
    if outer == "Optional":
        return field_type(node.slice, models, seen)
    if outer in ("dict", "Dict"):
        return empty_object()
    if outer == "Annotated" and isinstance(node.slice, ast.Tuple):
        return field_type(node.slice.elts[0], models, seen)
    return "unknown"
