"""What strings such as `$var:u/admin/key` in arguments and resources stand for.

`$var:PATH` is a variable's text, `$jsonvar:PATH` the JSON in it, `$res:PATH` a resource with its own references put in.
A job's contextual variables (`$WM_WORKSPACE`) count only in an argument that holds one of those; other text stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.server.web.failures import Failure, internal, missing, not_found

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

MARKER = re.compile(r'"\$(?:var|jsonvar|res|encrypted):')
VARIABLE, JSON_VARIABLE, RESOURCE, ENCRYPTED = "$var:", "$jsonvar:", "$res:", "$encrypted:"
DEEPEST = 50  # objects, arrays and resources inside one another
DEEPEST_ARRAY = 2  # levels above an array whose items are looked at
LONGEST_ARRAY = 1_000  # items of an array that is looked at


async def interpolate(
    context: Context, workspace: str, arguments: dict[str, Any], *, contextual: Mapping[str, str]
) -> dict[str, Any]:
    """The arguments with what they refer to put in; those without a reference stay as they are.

    Raises Failure: a variable or resource that is missing, a path that is none, references that go round in a circle.
    """
    return {
        name: _Visit(context, workspace, contextual, name).value(value) if refers(value) else value
        for name, value in arguments.items()
    }


def resolve(context: Context, workspace: str, reference: str) -> Any:
    """What one `$var:PATH`, `$jsonvar:PATH` or `$res:PATH` stands for. Raises Failure."""
    return _Visit(context, workspace, {}, reference).value(reference)


def refers(value: Any) -> bool:
    """Whether a JSON value holds a reference."""
    return MARKER.search(json.dumps(value, ensure_ascii=False)) is not None


def variable_value(context: Context, workspace: str, path: str) -> str:
    """A variable's text, decrypted. Raises Failure 404, or 500 when it cannot be decrypted."""
    row = context.database.one("values_variable", workspace=workspace, path=path)
    if row is None:
        raise not_found(f"Variable {path} not found")
    return decrypted(context, path, row["value"]) if row["is_secret"] else str(row["value"])


def decrypted(context: Context, path: str, value: str) -> str:
    """A secret variable's text. Raises Failure 500 when it cannot be decrypted."""
    try:
        return context.secrets.decrypt(value) if value else ""
    except ValueError as error:
        raise internal(f"Error decrypting variable {path}: {error}") from None


def resource_value(context: Context, workspace: str, path: str, *, contextual: Mapping[str, str] | None = None) -> Any:
    """A resource with what it refers to put in.

    Raises Failure 404, or 500 for references that go round in a circle.
    """
    return _Visit(context, workspace, contextual or {}).resource(path)


@dataclass(frozen=True, slots=True)
class _Visit:
    """Where in the values we are; `argument` is None inside a resource."""

    context: Context
    workspace: str
    contextual: Mapping[str, str]
    argument: str | None = None
    depth: int = 0  # in all
    level: int = 0  # in this argument or resource

    def value(self, value: Any) -> Any:
        """A value with its references put in."""
        if self.depth >= DEEPEST:
            where = f" for `{self.argument}`" if self.argument is not None else ""
            raise internal(
                f"Maximum resource/variable interpolation depth ({DEEPEST}) exceeded{where}; "
                "this usually indicates a circular `$res:` or `$var:` reference"
            )
        if isinstance(value, str):
            return self._text(value) if value.startswith("$") else value
        if isinstance(value, dict):
            return {key: self._inside(key).value(item) for key, item in value.items()}
        if isinstance(value, list) and self.level <= DEEPEST_ARRAY and len(value) <= LONGEST_ARRAY:
            inside = self._inside(self.argument)
            return [inside.value(item) for item in value]
        return value

    def resource(self, path: str) -> Any:
        """A resource's value with its references put in."""
        row = self.context.database.one("values_resource", workspace=self.workspace, path=path)
        if row is None:
            raise missing("Resource", path) if self.level else not_found(f"Resource {path} not found")
        return None if row["value"] is None else self.value(json.loads(row["value"]))

    def _resource_inside(self, path: str) -> Any:
        """A resource that is referred to; levels count on but where an argument asks for it."""
        level = 0 if self.argument is not None else self.level + 1
        return replace(self, argument=None, depth=self.depth + 1, level=level).resource(path)

    def _inside(self, key: str | None) -> _Visit:
        argument = None if self.argument is None else key
        return replace(self, argument=argument, depth=self.depth + 1, level=self.level + 1)

    def _text(self, text: str) -> Any:
        if text.startswith(VARIABLE):
            return self._variable(text.removeprefix(VARIABLE))
        if text.startswith(JSON_VARIABLE):
            return self._json(text.removeprefix(JSON_VARIABLE))
        if text.startswith(RESOURCE):
            return self._resource(text.removeprefix(RESOURCE))
        if text.startswith(ENCRYPTED):
            raise internal("Failed to decrypt '$encrypted:' value: this engine does not encrypt arguments")
        return self.contextual.get(text[1:], text)

    def _variable(self, path: str) -> str:
        try:
            return variable_value(self.context, self.workspace, path)
        except Failure as failure:
            raise self._missing("Variable", path, failure) from None

    def _json(self, path: str) -> Any:
        try:
            return json.loads(self._variable(path))
        except ValueError as error:
            raise internal(f"Failed to parse $jsonvar value as JSON: {error}") from None

    def _resource(self, path: str) -> Any:
        if "/" not in path:
            place = f"Argument `{self.argument}` is an invalid" if self.argument is not None else "Invalid"
            raise internal(f"{place} resource path: {path}")
        try:
            return self._resource_inside(path)
        except Failure as failure:
            raise self._missing("Resource", path, failure) from None

    def _missing(self, kind: str, path: str, failure: Failure) -> Failure:
        """The failure as an argument words it; inside a resource it stands by itself."""
        if self.argument is None:
            return failure
        return not_found(f"{kind} {path} not found for `{self.argument}`: {failure.text}")
