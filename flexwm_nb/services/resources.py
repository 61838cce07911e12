"""Resources: named JSON values, such as a database's address, that scripts read."""

from __future__ import annotations

import builtins
from typing import Any

from flexwm_nb.client.client import Client
from flexwm_nb.errors import Conflict
from flexwm_nb.models.workspace import Resource
from flexwm_nb.services.paths import quoted

ANY_TYPE = "any"  # the type of a resource that names none


class ResourceService:
    """The resources of one workspace."""

    def __init__(self, client: Client) -> None:
        """Work through this client."""
        self._client = client

    def get(self, path: str, *, interpolated: bool = False) -> Any:
        """A resource's value; `interpolated` with the variables that it names put in. Raises NotFound."""
        verb = "get_value_interpolated" if interpolated else "get_value"
        return self._client.get(self._url(verb, path))

    def read(self, path: str) -> Resource:
        """The whole resource. Raises NotFound."""
        return self._client.read(Resource, self._url("get", path))

    def set(self, path: str, value: Any, *, resource_type: str | None = None, description: str | None = None) -> None:
        """Make a resource, or change it; a type or description that is None stays as it is. Raises InvalidPath."""
        given = {"resource_type": resource_type, "description": description}
        changes = {name: wanted for name, wanted in given.items() if wanted is not None}
        body = {"path": path, "value": value, "resource_type": ANY_TYPE, "description": "", **changes}
        try:
            self._client.post(f"{self._client.workspace}/resources/create", body)
        except Conflict:
            self._client.post(self._url("update", path), {"value": value, **changes}, repeat=True)
            if value is None:  # which an update takes for "as it was"
                self._client.post(self._url("update_value", path), {"value": None}, repeat=True)

    def list(self, path_start: str | None = None, *, resource_type: str | None = None) -> builtins.list[Resource]:
        """The resources, without their values."""
        return self._client.read_all(
            Resource,
            f"{self._client.workspace}/resources/list",
            path_start=path_start,
            resource_type=resource_type,
        )

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        return bool(self._client.get(self._url("exists", path)))

    def delete(self, path: str) -> None:
        """Remove it. Raises NotFound."""
        self._client.delete(self._url("delete", path))

    def _url(self, verb: str, path: str) -> str:
        return f"{self._client.workspace}/resources/{verb}/{quoted(path)}"
