"""What goes into a transition and what comes out of it: events, questions, commands."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from flexwm_nb.server.interpreter.nodes import Place

T = TypeVar("T")
Asking: TypeAlias = Generator["Question", Any, T]


class Broken(Exception):
    """The flow itself is at fault, not a step; the text is what is said."""


class Unevaluated(Exception):
    """An expression has no value; the text is what is said."""


# Events


@dataclass(frozen=True, slots=True)
class Started:
    """The flow begins, or goes on from another run."""


@dataclass(frozen=True, slots=True)
class Woken:
    """Somebody approved or disapproved, or the time to do so is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A step ended its flow early."""

    skip: bool = False  # the flow counts as skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A step's job has ended."""

    job: str
    success: bool
    result: str  # JSON
    started_at: str | None = None
    duration_ms: int | None = None
    stop: Stop | None = None  # of a flow inside
    handled: bool = False  # a failure module ran in a flow inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """The flow is to end; nothing that it started runs any more."""


Event: TypeAlias = Started | Woken | Ended | Canceled


# Questions, and what answers them


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """An expression's value, as Python has JSON. Answered with ExpressionError where it has none."""

    expression: str
    names: Mapping[str, Any]  # values, or JsonText
    results: bool = True  # whether results of other steps are seen


class JsonText(str):
    """A value of a name that is still text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Results:
    """What jobs returned, as JSON texts."""

    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a job was given, as JSON text."""

    job: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the list that the present loop goes over, as JSON text."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindScript:
    """A registered script's fields, None where there is none."""

    path: str
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class FindFlow:
    """A deployed flow's fields, None where there is none."""

    path: str


@dataclass(frozen=True, slots=True)
class Approvals:
    """What was said about going on after a job: a list of Approval, oldest first."""

    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One wish that a flow goes on, or not."""

    resume_id: int
    value: Any  # JSON
    approver: str
    approved: bool


Question: TypeAlias = Evaluate | Results | Arguments | Item | FindScript | FindFlow | Approvals


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Store a job of the flow, and run it when it is due."""

    id: str
    kind: str
    step_id: str
    arguments: str
    path: str | None = None
    hash: int | None = None
    language: str | None = None
    raw_code: str | None = None
    raw_lock: str | None = None
    raw_flow: str | None = None
    tag: str | None = None
    entrypoint: str | None = None
    timeout: int | None = None  # seconds
    priority: int | None = None
    cache_ttl: int | None = None  # seconds
    interpreter: str | None = None
    delay: float = 0.0  # seconds
    place: Place | None = None  # of a loop's or branch's flow
    suspend: int | None = None  # ends of others that it waits for
    outcome: tuple[bool, str] | None = None  # success and result of a job that needs no run
    same_worker: bool = False
    delete_after: int | None = None  # seconds


@dataclass(frozen=True, slots=True)
class KeepItems:
    """Keep the list that a loop goes over."""

    items: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Wait for events, that long at most."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Release:
    """Let the next of these jobs start that waits for others' ends."""

    jobs: list[str]


@dataclass(frozen=True, slots=True)
class SetArguments:
    """Replace what the flow was given by what its preprocessor made of it."""

    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The flow ends."""

    status: str  # success, failure, canceled, skipped
    result: str  # JSON
    stop: Stop | None = None
    handled: bool = False
    note: str = ""  # for the log


Command: TypeAlias = Push | KeepItems | Park | Release | SetArguments | Finish
