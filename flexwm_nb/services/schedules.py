"""Schedules: what an engine starts by the clock."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flexwm_nb.client.client import Client
from flexwm_nb.models.schedules import Schedule
from flexwm_nb.services.paths import quoted

FIELDS_WITHOUT_SECONDS = 5


class ScheduleService:
    """The schedules of one workspace."""

    def __init__(self, client: Client) -> None:
        """Work through this client."""
        self._client = client

    def set(
        self,
        path: str,
        cron: str,
        script_path: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        is_flow: bool = False,
        timezone: str = "UTC",
        enabled: bool = True,
        **settings: Any,
    ) -> None:
        """Make or change a schedule of a script or flow.

        `cron` has six fields, seconds first; with five, the seconds are 0. More `settings` are Windmill's own, such as
        `summary` or `no_flow_overlap`. Raises InvalidPath, and RequestRefused for a cron text or zone that is none.
        """
        body = {"schedule": with_seconds(cron), "timezone": timezone, "args": dict(arguments or {}), **settings}
        if self.exists(path):
            current = self.get(path)
            if (current.script_path, current.is_flow) == (script_path, is_flow):
                self._client.post(self._url("update", path), body)
                if current.enabled != enabled:
                    self.enable(path, enabled)
                return
            self.delete(path)
        whole = {**body, "path": path, "script_path": script_path, "is_flow": is_flow, "enabled": enabled}
        self._client.post(f"{self._client.workspace}/schedules/create", whole)

    def get(self, path: str) -> Schedule:
        """A schedule. Raises NotFound."""
        return self._client.read(Schedule, self._url("get", path))

    def list(self, path_start: str | None = None, *, of: str | None = None) -> builtins.list[Schedule]:
        """The schedules; those `of` one script or flow."""
        query = {"path_start": path_start, "path": of}
        found = self._client.request("GET", f"{self._client.workspace}/schedules/list", query=query).json()
        return [Schedule.read(item) for item in found]

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        return bool(self._client.get(self._url("exists", path)))

    def enable(self, path: str, enabled: bool = True) -> None:
        """Switch it on or off. Raises NotFound."""
        self._client.post(self._url("setenabled", path), {"enabled": enabled})

    def delete(self, path: str) -> None:
        """Remove it. Raises NotFound."""
        self._client.delete(self._url("delete", path))

    def next_runs(self, cron: str, timezone: str = "UTC") -> builtins.list[datetime]:
        """When a cron text comes next, five times. Raises RequestRefused for one that is none."""
        body = {"schedule": with_seconds(cron), "timezone": timezone}
        answer = self._client.post("/schedules/preview", body, repeat=True).json()
        return [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in answer]

    def _url(self, verb: str, path: str) -> str:
        return f"{self._client.workspace}/schedules/{verb}/{quoted(path)}"


def with_seconds(cron: str) -> str:
    """A cron text with the field of seconds."""
    return f"0 {cron.strip()}" if len(cron.split()) == FIELDS_WITHOUT_SECONDS else cron.strip()
