"""Schedules: scripts and flows that an engine starts by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from flexwm_nb.models.wire import Wire


class Schedule(Wire):
    """When what is started, with which arguments."""

    path: str
    cron: str = Field(alias="schedule")  # six fields, seconds first
    timezone: str
    script_path: str  # of the script or flow
    is_flow: bool = False
    enabled: bool = False
    arguments: dict[str, Any] | None = Field(None, alias="args")
    summary: str | None = None
    description: str | None = None
    tag: str | None = None
    no_flow_overlap: bool = False
    edited_by: str | None = None
    edited_at: datetime | None = None
    error: str | None = None  # why it was switched off
    paused_until: datetime | None = None
