"""A signature's JSON schema, as Windmill's front end makes it (windmill-utils-internal 1.7.0)."""

from __future__ import annotations

from typing import Any

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SIMPLE: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "contentEncoding": "base64", "originalType": "bytes"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "email": {"type": "string", "format": "email"},
    "sql": {"type": "string", "format": "sql"},
    "yaml": {"type": "string", "format": "yaml"},
}


def schema_of(signature: dict[str, Any], connection: tuple[str, str] | None = None) -> dict[str, Any]:
    """The schema of a signature's arguments, after that of the resource that its runner connects to.

    Of two arguments with one name the last gives the property, in the place of the first.
    """
    properties = {} if connection is None else {connection[0]: of_resource(connection[1])}
    required = [*properties, *(found["name"] for found in signature["args"] if not found["has_default"])]
    for found in signature["args"]:
        properties[found["name"]] = of_argument(found)
    return {"$schema": DRAFT, "type": "object", "properties": properties, "required": list(dict.fromkeys(required))}


def of_resource(kind: str) -> dict[str, Any]:
    """The property of a resource that must be given."""
    return {"description": "", "type": "object", "format": f"resource-{kind}"}


def of_argument(found: dict[str, Any]) -> dict[str, Any]:
    """One argument's property."""
    made = {"description": "", **of_type(found["typ"]), "default": found["default"]}
    otyp = found.get("otyp")
    if otyp and "|" in otyp and "[" in otyp:
        made["originalType"] = otyp
    return made


def of_type(kind: Any) -> dict[str, Any]:
    """The part of a property that says its type."""
    if isinstance(kind, str):
        return dict(SIMPLE.get(kind, {"type": ""}))
    name, inner = next(iter(kind.items()))
    if name == "str":
        return enumerated(inner) if inner is not None else {"type": "string", "originalType": "string"}
    if name == "resource":
        return {"type": "object", "format": f"resource-{inner}"}
    if name in ("dynselect", "dynmultiselect"):
        return {"type": "object", "format": f"{name}-{inner}"}
    if name == "object":
        return of_object(inner)
    if name == "oneof":
        return {"type": "object", "oneOf": [of_variant(variant) for variant in inner]}
    return {"type": "array", **of_items(inner)} if name == "list" else {"type": ""}


def enumerated(values: list[str]) -> dict[str, Any]:
    """A string of a given set."""
    return {"type": "string", "originalType": "enum", "enum": values}


def of_object(inner: dict[str, Any]) -> dict[str, Any]:
    """An object, with its format when it is named and its properties when they are known."""
    made: dict[str, Any] = {"type": "object"}
    if inner.get("name"):
        made["format"] = f"resource-{inner['name']}"
    if inner.get("props") is not None:
        made["properties"] = of_properties(inner["props"])
    return made


def of_properties(props: list[dict[str, Any]]) -> dict[str, Any]:
    """The properties of an object type; they have no defaults and none is required."""
    return {found["key"]: {"description": "", **of_type(found["typ"])} for found in props}


def of_variant(variant: dict[str, Any]) -> dict[str, Any]:
    """One alternative of a oneOf."""
    return {"type": "object", "title": variant["label"], "properties": of_properties(variant["properties"])}


def of_items(inner: Any) -> dict[str, Any]:
    """What a list holds."""
    if inner in ("int", "float"):
        return {"items": {"type": "number"}, "originalType": "number[]"}
    if inner == "bytes":
        return {"items": {"type": "string", "contentEncoding": "base64"}, "originalType": "bytes[]"}
    if isinstance(inner, dict):
        name, value = next(iter(inner.items()))
        if name == "str" and value is not None:
            return {"items": {"type": "string", "enum": value}, "originalType": "enum[]"}
        if name == "str":
            return {"items": {"type": "string"}, "originalType": "string[]"}
        if name == "resource" and value:
            return {"items": {"type": "resource", "resourceType": value}, "originalType": "resource[]"}
        if name == "object":
            return of_records(value)
    return {"items": {"type": "object"}, "originalType": "object[]"}


def of_records(inner: dict[str, Any]) -> dict[str, Any]:
    """What a list of objects holds; the name of the object's type stands on the list."""
    items = of_object(inner if inner.get("props") else {**inner, "props": None})
    named = {"format": items.pop("format")} if "format" in items else {}
    return {**named, "items": items, "originalType": "record[]"}
