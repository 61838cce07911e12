"""Flows as an engine keeps them: versions of a document under a path."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from flexwm_nb.models.wire import Wire

with warnings.catch_warnings():  # pydantic's own, long deprecated, `schema` method gives way to Windmill's field
    warnings.filterwarnings("ignore", message='Field name "schema"', category=UserWarning)

    class DeployedFlow(Wire):
        """One version of a flow."""

        path: str
        value: dict[str, Any]  # the OpenFlow value as it was sent; `models.flows.OpenFlow` reads it
        summary: str = ""
        description: str | None = ""
        schema: dict[str, Any] | None = None  # type: ignore[assignment]
        version_id: int | None = None
        edited_by: str | None = None
        edited_at: datetime | None = None
        archived: bool = False
        tag: str | None = None
        timeout: int | None = None  # seconds
        labels: list[str] | None = None
        lock_error_logs: str | None = None


class FlowSummary(Wire):
    """A flow in a list: no document."""

    path: str
    summary: str | None = ""
    description: str | None = None
    edited_by: str | None = None
    edited_at: datetime | None = None
    archived: bool = False
    starred: bool = False
    labels: list[str] | None = None


class FlowHistoryItem(Wire):
    """A version in a flow's history."""

    id: int
    created_at: datetime | None = None
    deployment_message: str | None = Field(None, alias="deployment_msg")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """A version of a flow, counted from 1."""

    path: str
    id: int  # the engine's
    number: int
    created_at: datetime | None = None
    deployment_message: str | None = None

    def __str__(self) -> str:
        """The reference that names exactly this version."""
        return f"{self.path}@v{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRegistration:
    """What registering a flow did."""

    path: str
    id: int  # of the version that is current now
    number: int  # of that version, from 1
    status: str  # registered, updated or unchanged
    steps: int = 0  # loops and branches count as one
    warnings: tuple[str, ...] = ()  # what may not be meant
    previous_number: int | None = None
    added: int = 0  # lines of the document as YAML
    removed: int = 0

    def __str__(self) -> str:
        """One line, such as `f/a/b v1 → v2 (+3 −1) · 3 steps`."""
        steps = f"{self.steps} step{'' if self.steps == 1 else 's'}"
        if self.status == "unchanged":
            return f"{self.path} v{self.number} unchanged · {steps}"
        if self.previous_number is None:
            return f"{self.path} v{self.number} registered · {steps}"
        change = f"v{self.previous_number} → v{self.number} (+{self.added} −{self.removed})"
        return f"{self.path} {change} · {steps}"
