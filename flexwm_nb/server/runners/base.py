"""What a runner is given and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from flexwm_nb.server.isolation.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One job to run."""

    job_id: str
    language: str
    content: str
    path: str | None
    arguments: str  # JSON object, everything in it resolved
    entrypoint: str | None = None  # function to call instead of main
    environment: dict[str, str]  # complete environment of the process
    interpreter: str | None = None  # Python whose packages the script sees; None = the server's
    limits: Limits = field(default_factory=Limits)
    flow_step_id: str | None = None  # put in errors, as Windmill does for a flow's step
    shared: str | None = None  # name of the directory that it shares with other jobs as ./shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended."""

    success: bool
    result: str  # JSON, keys in PostgreSQL's order
    stream: str | None = None  # what was streamed
    memory_peak_kb: int | None = None
    exit_code: int | None = None


@dataclass(slots=True)
class Ending:
    """What a process left behind."""

    exit_code: int | None  # None when a signal ended it
    signal: int | None
    reply: str | None  # what the function returned, as JSON
    output: str  # the end of its log
    last_line: str
    stream: str
    files: dict[str, bytes]  # those of the runner's `result_files` that are regular files and not empty
    memory_peak_kb: int | None


class Runner:
    """One language: how its process starts, and how what it leaves becomes a result."""

    languages: ClassVar[tuple[str, ...]]
    program: ClassVar[str]  # as named in `exit code for "..."`
    result_files: ClassVar[tuple[str, ...]] = ()  # of the job's directory, read when it has ended
    grace: ClassVar[float] = 0.0  # seconds between SIGTERM and SIGKILL; 0 = SIGKILL at once

    def banner(self, request: RunRequest) -> str:
        """The log's text before the first line of output."""
        raise NotImplementedError

    def order(self, request: RunRequest) -> dict[str, Any]:
        """What the waiting process is told to do. Raises RunnerError when the source is refused."""
        raise NotImplementedError

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """Success, and the JSON result, of a process that ended by itself with exit code 0."""
        raise NotImplementedError


class RunnerError(Exception):
    """The job cannot be run; the text stands in its error after `execution error:`."""
