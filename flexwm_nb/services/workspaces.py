"""Workspaces: which there are, and who asks."""

from __future__ import annotations

import builtins

from flexwm_nb.client.client import Client
from flexwm_nb.errors import Conflict
from flexwm_nb.models.workspace import User, Workspace


class WorkspaceService:
    """The workspaces of one engine."""

    def __init__(self, client: Client) -> None:
        """Work through this client."""
        self._client = client

    def list(self) -> builtins.list[Workspace]:
        """Those that the token's owner is a member of."""
        return self._client.read_all(Workspace, "/workspaces/list")

    def exists(self, workspace: str) -> bool:
        """Whether it is there."""
        return bool(self._client.post("/workspaces/exists", {"id": workspace}, repeat=True).json())

    def create(self, workspace: str, name: str | None = None) -> None:
        """Make one. Raises Conflict when it exists, and PermissionDenied."""
        self._client.post("/workspaces/create", {"id": workspace, "name": name or workspace})

    def ensure(self, workspace: str) -> bool:
        """Make one unless it exists; whether that was needed. Raises PermissionDenied."""
        if self.exists(workspace):
            return False
        try:
            self.create(workspace)
        except Conflict:  # another was faster
            return False
        return True

    def whoami(self) -> User:
        """Whom the token stands for in the client's workspace. Raises AuthenticationFailed."""
        return self._client.read(User, f"{self._client.workspace}/users/whoami")
