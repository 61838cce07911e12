"""What a workspace holds beside scripts and jobs, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from flexwm_nb.models.wire import Wire

HIDDEN = "**********"


class Variable(Wire):
    """A named text, possibly secret."""

    path: str
    value: str | None = None  # None for a secret in a list
    is_secret: bool = False
    description: str | None = ""

    def __repr_args__(self) -> Any:
        """What a repr shows: a secret's value never."""
        shown = super().__repr_args__()
        if not self.is_secret or self.value is None:
            return shown
        return [(name, HIDDEN if name == "value" else value) for name, value in shown]

    __str__ = Wire.__repr__


class Resource(Wire):
    """A named JSON value of a resource type."""

    path: str
    value: Any = None  # None in a list
    resource_type: str = ""
    description: str | None = ""
    created_by: str | None = None
    edited_at: datetime | None = None


class Workspace(Wire):
    """A workspace."""

    id: str
    name: str = ""
    owner: str | None = None
    deleted: bool = False


class User(Wire):
    """Who the token stands for in a workspace."""

    email: str
    username: str
    workspace_id: str | None = None
    is_admin: bool = False
    is_super_admin: bool = False
    operator: bool = False
    groups: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


class IsolationLack(Wire):
    """A level of isolation that an engine does not have."""

    level: str
    why: str
    remedy: str


class EngineFacts(Wire):
    """What the local engine says of itself."""

    version: str
    protocol: int
    pid: int
    started_at: datetime | None = None
    store: str | None = None
    workspace: str | None = None
    workers: int | None = None
    python: str | None = None
    languages: tuple[str, ...] = ()
    sqlite: str | None = None
    journal_mode: str | None = None
    isolation: str | None = None  # level at which jobs run
    isolation_gives: str | None = None
    isolation_lacks: tuple[IsolationLack, ...] = ()  # better levels
    isolation_wanted: str | None = None  # auto, required or a level
    network: str | None = None  # that jobs may reach: full, none, or hosts
    unfinished: bool | None = None  # whether it has jobs that wait or run


class RuntimeFacts(Wire):
    """A program that runs languages on the local engine."""

    name: str
    languages: tuple[str, ...] = ()
    path: str | None = None  # None = it is not there
    version: str | None = None
    remedy: str = ""  # the one thing to install


class Worker(Wire):
    """A worker of the engine."""

    worker: str
    last_ping: int | None = None  # seconds ago
    jobs_executed: int = 0
    worker_group: str | None = None
    custom_tags: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One named check of an engine."""

    name: str
    status: Literal["ok", "warn", "fail"]
    message: str
    remedy: str | None = None  # the next thing to type, when it is not ok


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDescription:
    """Which engine is in use."""

    kind: str  # local, remote or managed
    version: str
    url: str
    workspace: str
    healthy: bool
    workspace_is_new: bool = False  # it was made when the engine was connected

    def __str__(self) -> str:
        """One line."""
        health = "healthy" if self.healthy else "not healthy (see %windmill_doctor)"
        new = " (new)" if self.workspace_is_new else ""
        return f"{self.kind} engine {self.version} at {self.url} · workspace {self.workspace}{new} · {health}"
