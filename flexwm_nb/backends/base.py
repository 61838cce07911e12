"""What every kind of engine offers to the client."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from flexwm_nb.client.endpoint import Endpoint, Reopen


class Backend(Protocol):
    """Where an engine comes from.

    The engine calls `open` at its start. The client calls `reopen`, where there is one, from any of its threads (one
    at a time) after the engine went away. `close` is called when its user leaves. `stop` ends an engine that is ours to
    end.
    """

    @property
    def kind(self) -> str:
        """The kind of engine: local, managed or remote."""

    @property
    def reopen(self) -> Reopen | None:
        """Finds the engine again after it went away; None where that is not our business."""

    @property
    def makes_workspaces(self) -> bool:
        """Whether a workspace that is asked for by name is made where it is missing."""

    @property
    def runs(self) -> bool:
        """Whether it is there without being started; true for one that runs elsewhere. Raises EngineError."""

    @property
    def log(self) -> Path | None:
        """What the engine says, where that is a file of this machine."""

    def open(self) -> Endpoint:
        """Find the engine, start it where that is our business, and say where it is. Raises EngineError and its kin."""

    def close(self) -> None:
        """Leave the engine: this user needs it no more."""

    def stop(self, *, force: bool = False) -> bool:
        """End the engine; whether one was running. Raises EngineError where it is not ours to end."""
