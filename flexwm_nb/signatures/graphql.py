"""GraphQL: the variables of the operations (Windmill's parser, regex 1.692.0)."""

from __future__ import annotations

import re
from typing import Any

from flexwm_nb.signatures.base import Language, argument, signature

VARIABLE = re.compile(
    r"\$(?P<name>\w+)\s*:\s*(?P<kind>\w+|\[\w+!?\])(?P<required>!)?(?:\s*=\s*\"?(?P<default>\w+)\"?)?", re.ASCII
)
KINDS: dict[str, Any] = {
    "String": {"str": None},
    "ID": {"str": None},
    "Int": "int",
    "Float": "float",
    "Boolean": "bool",
}


class GraphQl(Language):
    """graphql."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """Every `$name: Type` of the source, in order; those with `!` must be given."""
        return signature([entry(match) for match in VARIABLE.finditer(content)])

    def connection(self, content: str) -> tuple[str, str] | None:
        """The resource that says where the server is."""
        return "api", "graphql"


def entry(match: re.Match[str]) -> dict[str, Any]:
    """One variable's entry."""
    otyp = match["kind"].replace("!", "")
    kind = {"list": kind_of(otyp[1:-1])} if otyp.startswith("[") else kind_of(otyp)
    has_default = match["required"] is None or match["default"] is not None
    return argument(match["name"], kind, default_of(match["default"], kind), has_default, otyp)


def kind_of(name: str) -> Any:
    """A type: an object, where its name is none of GraphQL's own."""
    return KINDS.get(name, {"object": {"name": None, "props": []}})


def default_of(text: str | None, kind: Any) -> Any:
    """A default: a number where one is wanted, else text."""
    if text is None or kind not in ("int", "float"):
        return text
    if not text.isdigit():
        return None
    return int(text) if kind == "int" else float(text)


LANGUAGE = GraphQl()
