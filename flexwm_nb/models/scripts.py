"""Scripts: versions of source under a path."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from flexwm_nb.models.wire import Wire

with warnings.catch_warnings():  # pydantic's own, long deprecated, `schema` method gives way to Windmill's field
    warnings.filterwarnings("ignore", message='Field name "schema"', category=UserWarning)

    class Script(Wire):
        """One version of a script."""

        hash: str
        path: str
        summary: str = ""
        description: str = ""
        content: str = ""
        language: str
        schema: dict[str, Any] | None = None  # type: ignore[assignment]
        parent_hashes: list[str] | None = None
        created_by: str | None = None
        created_at: datetime | None = None
        archived: bool = False
        deleted: bool = False
        kind: str = "script"
        tag: str | None = None
        lock: str | None = None
        lock_error_logs: str | None = None
        timeout: int | None = None  # seconds
        interpreter: str | None = None  # on a local engine: the Python whose packages it sees


class ScriptSummary(Wire):
    """A script in a list: no source, no schema."""

    hash: str
    path: str
    summary: str | None = ""
    description: str | None = None
    created_at: datetime | None = None
    archived: bool = False
    language: str | None = None
    kind: str | None = "script"
    tag: str | None = None
    starred: bool = False
    labels: list[str] | None = None


class HistoryItem(Wire):
    """A version in a script's history."""

    hash: str = Field(alias="script_hash")
    created_at: datetime | None = None
    deployment_message: str | None = Field(None, alias="deployment_msg")


class Deployment(Wire):
    """Whether a script can be run yet: its dependencies are locked, or could not be."""

    lock: str | None = None
    lock_error_logs: str | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptVersion:
    """A version of a script, counted from 1."""

    path: str
    hash: str  # 16 hex digits
    number: int
    created_at: datetime | None = None
    deployment_message: str | None = None

    def __str__(self) -> str:
        """The reference that names exactly this version."""
        return f"{self.path}@v{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptDraft:
    """A script to be registered. A setting that is None keeps what the current version has."""

    path: str
    language: str
    content: str
    summary: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None  # None = inferred from the source
    tag: str | None = None  # which workers may run it
    lock: str | None = None  # the pinned packages; None = found by the engine
    timeout: int | None = None  # seconds
    kind: str | None = None  # script, failure, trigger, approval or preprocessor
    envs: list[str] | None = None
    cache_ttl: int | None = None  # seconds that a result is reused
    concurrent_limit: int | None = None  # jobs of it at once
    concurrency_time_window_s: int | None = None
    priority: int | None = None  # 0 to 100
    labels: list[str] | None = None
    deployment_message: str | None = None
    library: bool = False  # has no main: other scripts import it
    more: Mapping[str, Any] | None = None  # Windmill's other settings by their names, such as dedicated_worker
    exact: bool = False  # a setting that is None is not kept but cleared; schema and lock stay the engine's business


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What registering a script did."""

    path: str
    hash: str  # of the version that is current now
    number: int  # of that version, from 1
    status: str  # registered, updated or unchanged
    previous_number: int | None = None  # of the version before, None with the first
    added: int = 0  # lines
    removed: int = 0  # lines

    def __str__(self) -> str:
        """One line, such as `f/a/b v1 → v2 (+3 −1)`."""
        if self.status == "unchanged":
            return f"{self.path} v{self.number} unchanged"
        if self.previous_number is None:
            return f"{self.path} v{self.number} registered"
        return f"{self.path} v{self.previous_number} → v{self.number} (+{self.added} −{self.removed})"
