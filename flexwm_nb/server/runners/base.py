"""What a runner is given and what it answers.

A language is one subclass of `Runner` in a file of its own, named in `registry.RUNNERS`. What becomes of a job:

1. `settle` looks, without waiting, whether all that the job needs is there, and says so in the request. Where it is
   not, `make_ready` resolves, installs or builds it as a part of the job (see `stages`), then `settle` is passed over.
2. `kept` may name a process that waits for jobs of this kind (see `kept`); without one the job gets a fresh child of
   the zygote, which forks them ahead of time.
3. `banner` goes to the log, `order` to the process, and `result` judges what it leaves.

An order is a JSON object. For a fresh child: `files` to write in its directory, `environment`, `limits`, and `command`
to execute or `python` to call; a command with `waits` is executed at once and waits for one byte on its control socket,
descriptor 3 or the one that `descriptor` names. For a process that is kept it is whatever its program understands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from flexwm_nb.server.isolation.limits import Limits
from flexwm_nb.server.runners import failures

if TYPE_CHECKING:
    from flexwm_nb.server.environments.cache import Cache
    from flexwm_nb.server.runners.stages import Stage


def no_scripts(path: str) -> str | None:
    """No script of a workspace."""
    return None


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
    workspace: str = ""
    lock: str | None = None  # the pinned dependencies, as stored; None = there is none yet, empty = none are needed
    scripts: Callable[[str], str | None] = no_scripts  # path -> source of a script of the workspace
    temporary: Mapping[str, str] = field(
        default_factory=dict
    )  # path -> hash of a source that stands there for it alone
    preprocess: bool = False  # whether its preprocessor makes the arguments of what it is given
    dedicated: bool = False  # the script has a process that is kept for it
    prepared: Any = None  # what `settle` or `make_ready` found, for the runner's own use
    log_head: str = ""  # the log's first line, which early errors quote
    flow_step_id: str | None = None  # put in errors, as Windmill does for a flow's step
    shared: str | None = None  # name of the directory that it shares with other jobs as ./shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended."""

    success: bool
    result: str  # JSON, keys in PostgreSQL's order
    stream: str | None = None  # what was streamed
    arguments: str | None = None  # JSON object: what a preprocessor made
    columns: str | None = None  # JSON list: of rows that a database gave, in their order
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kind of process that waits for jobs. Those with equal keys are interchangeable.

    The process is started by `order`. It then takes what `Runner.order` says, job by job, over its control socket; one
    that is for a single use is an ordinary job's process that was started ahead of time.
    """

    key: str
    order: dict[str, Any]
    single_use: bool = False
    ahead: int = 0  # processes that wait, once a first job of the kind has come
    interpreter: str | None = None  # whose zygote starts it
    idle: float = 600.0  # seconds without a job after which it is ended


class Runner:
    """One language: how its process starts, and how what it leaves becomes a result."""

    languages: tuple[str, ...]
    program: ClassVar[str]  # as named in `exit code for "..."`
    result_files: ClassVar[tuple[str, ...]] = ()  # of the job's directory, read when it has ended
    arguments_file: ClassVar[str] = ""  # of that directory, with what a preprocessor made; empty = a frame has it
    grace: ClassVar[float] = 0.0  # seconds between SIGTERM and SIGKILL; 0 = SIGKILL at once
    farewell: ClassVar[str] = ""  # what the log says at SIGTERM

    def __init__(self, cache: Cache) -> None:
        """Keep in this cache what jobs need and can share."""
        self.cache = cache

    def settle(self, request: RunRequest) -> RunRequest | None:
        """The request with what is at hand of its dependencies; None = `make_ready` has to get them. Does not wait.

        Raises RunnerError.
        """
        return request

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Get what is missing, and give the request that can run. Raises RunnerError and ToolFailed."""
        raise NotImplementedError

    def needs_lock(self, content: str, path: str | None) -> bool:
        """Whether versions have to be found for a script that is registered without a lock."""
        return False

    async def is_outdated(self, lock: str, interpreter: str | None) -> bool:
        """Whether a lock has other versions than the interpreter that it was found for has now."""
        return False

    async def lock(self, request: RunRequest, stage: Stage) -> str:
        """The lock of a script. Raises RunnerError and ToolFailed."""
        raise NotImplementedError

    def kept(self, request: RunRequest) -> Kept | None:
        """The kind of waiting process that takes this job; None = a fresh child. Raises RunnerError."""
        return None

    def banner(self, request: RunRequest) -> str:
        """The log's text before the first line of output."""
        raise NotImplementedError

    def order(self, request: RunRequest) -> dict[str, Any]:
        """What the waiting process is told to do. Raises RunnerError when the source is refused."""
        raise NotImplementedError

    def signalled(self, number: int, log: str, step: str | None) -> str:
        """The error of a process that a signal ended; `log` is the end of its log."""
        return failures.signalled(number, step=step)

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """Success, and the JSON result, of a process that ended by itself with exit code 0."""
        raise NotImplementedError


class RunnerError(Exception):
    """The job cannot be run; the text stands in its error after `execution error:`."""


class ToolFailed(Exception):
    """A tool that prepares the job ended with a code other than 0; the end of its output stands in the job's error."""

    def __init__(self, program: str, code: int) -> None:
        """`program` as Windmill names it: `bun install`, `go build`."""
        super().__init__(f"{program} ended with {code}")
        self.program, self.code = program, code
