"""Variables: named texts, possibly secret, that scripts read."""

from __future__ import annotations

import builtins

from flexwm_nb.client.client import Client
from flexwm_nb.errors import Conflict, NotFound
from flexwm_nb.models.workspace import Variable
from flexwm_nb.services.paths import quoted


class VariableService:
    """The variables of one workspace."""

    def __init__(self, client: Client) -> None:
        """Work through this client."""
        self._client = client

    def get(self, path: str) -> str:
        """A variable's value, secrets included. Raises NotFound."""
        return self.read(path).value or ""

    def read(self, path: str) -> Variable:
        """The whole variable. Raises NotFound."""
        return self._client.read(Variable, self._url("get", path))

    def set(self, path: str, value: str, *, secret: bool | None = None, description: str | None = None) -> None:
        """Make a variable, or change it; what is None stays as it is (a new one is not secret). Raises InvalidPath."""
        body = {"path": path, "value": value, "is_secret": bool(secret), "description": description or ""}
        try:
            self._client.post(f"{self._client.workspace}/variables/create", body)
        except Conflict:
            given = {"is_secret": secret, "description": description}
            changes = {name: wanted for name, wanted in given.items() if wanted is not None}
            self._client.post(self._url("update", path), {"value": value, **changes}, repeat=True)

    def list(self, path_start: str | None = None) -> builtins.list[Variable]:
        """The variables by path; secrets without their values."""
        return self._client.read_all(Variable, f"{self._client.workspace}/variables/list", path_start=path_start)

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        return bool(self._client.get(self._url("exists", path)))

    def delete(self, path: str) -> None:
        """Remove it. Raises NotFound."""
        if not self.exists(path):
            raise NotFound(f"There is no variable {path}", path=path)
        self._client.delete(self._url("delete", path))

    def _url(self, verb: str, path: str) -> str:
        return f"{self._client.workspace}/variables/{verb}/{quoted(path)}"
