"""Every error the package raises, in one tree.

FlexwmError
├── InvalidConfig               a setting is wrong
├── InvalidInput                what the user gave cannot be taken
│   ├── InvalidPath             breaks Windmill's path rule
│   ├── InvalidSource           a script's source does not parse (line, column)
│   ├── InvalidArguments        arguments do not fit the script's schema (fields)
│   ├── InvalidFlow             a flow's document is wrong (problems: step, field, message)
│   ├── UnknownLanguage         no engine runs this language
│   └── ScriptTooLarge          the source is over the size limit
├── EngineError                 the engine itself
│   ├── EngineNotReady          not started, or still starting
│   ├── EngineUnreachable       no answer at its address
│   ├── EngineVersionMismatch   client and engine are of different versions
│   ├── BinaryNotFound          no Windmill program on this machine
│   ├── BinaryUnusable          the program is no Windmill, is too old, or others can change it
│   ├── BuildImpossible         what a build needs is missing (missing)
│   ├── BuildFailed             the build ended with an error (log)
│   ├── BuildCanceled           the build was stopped
│   ├── DownloadFailed          the program could not be fetched, or is not the one that was meant
│   ├── DatabaseUnusable        the database does not answer, refuses or is too old
│   ├── PortTaken               another program listens at the port
│   └── StoreError              the local engine's store
│       ├── StoreLocked         another server owns it
│       ├── StoreUnwritable     read-only or no permission
│       ├── StoreFull           no space left
│       ├── StoreCorrupt        the file is damaged
│       └── StoreTooNew         written by a newer version
├── RequestRefused              the server answered with an error (status, body)
│   ├── AuthenticationFailed    the token is refused
│   ├── PermissionDenied        the token may not do this
│   ├── NotFound
│   │   ├── ScriptNotFound
│   │   ├── FlowNotFound
│   │   ├── JobNotFound
│   │   └── WorkspaceNotFound
│   └── Conflict                something else got there first
│       └── ScriptExists
└── ExecutionError              a job did not end well (job_id)
    ├── JobFailed               the job raised (error)
    ├── JobCanceled             somebody cancelled it (by, reason)
    ├── ExecutionTimeout        it, or the wait for it, took too long
    ├── ConcurrencyLimit        too many are running
    └── ResultTooLarge          the result is over the size limit

A class's docstring is its default message; its second sentence, where there is one, says what to do next.
"""

from __future__ import annotations

import re
from typing import Any


class FlexwmError(Exception):
    """Something went wrong in flexwm_nb."""

    def __init__(
        self,
        what: str | None = None,
        *,
        why: str | None = None,
        remedy: str | None = None,
        **details: Any,
    ) -> None:
        """Make the error.

        Parameters: `what` happened, in one sentence (the class's own by default); `why`, the cause; `remedy`,
        the one next step; `details`, named facts (a job id, fields, a line), readable as attributes.
        """
        default_what, _, default_remedy = " ".join((type(self).__doc__ or "").split()).partition(". ")
        self.what = what or default_what.rstrip(".")
        self.why = why
        self.remedy = remedy or default_remedy.rstrip(".") or None
        self.details = details
        super().__init__(self.what)

    @property
    def code(self) -> str:
        """A stable name for programs, such as `script-not-found`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    def __getattr__(self, name: str) -> Any:
        """Give a named detail."""
        try:
            return self.__dict__["details"][name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling, details included."""
        return _rebuild, (type(self), self.what, self.why, self.remedy, self.details)

    def __str__(self) -> str:
        """One line: what, why and what to do next."""
        text = self.what if self.why is None else f"{self.what}: {self.why}"
        return text if self.remedy is None else f"{text}. {self.remedy}"


def _rebuild(
    kind: type[FlexwmError], what: str, why: str | None, remedy: str | None, details: dict[str, Any]
) -> FlexwmError:
    """Make a pickled error again."""
    return kind(what, why=why, remedy=remedy, **details)


class InvalidConfig(FlexwmError):
    """The configuration is not valid."""


class InvalidInput(FlexwmError):
    """The input is not valid."""


class InvalidPath(InvalidInput):
    """The path breaks Windmill's rule.

    Write it as u/USER/NAME, f/FOLDER/NAME or g/GROUP/NAME with letters, digits, _ and -.
    """


class InvalidSource(InvalidInput):
    """The source cannot be parsed."""


class InvalidArguments(InvalidInput):
    """The arguments do not fit the script."""


class InvalidFlow(InvalidInput):
    """The flow is not valid."""


class UnknownLanguage(InvalidInput):
    """No engine runs this language. See %windmill_health for those that it does."""


class ScriptTooLarge(InvalidInput):
    """The script's source is too large. Put data into a file or a resource and read it from there."""


class EngineError(FlexwmError):
    """The engine has a problem."""


class EngineNotReady(EngineError):
    """The engine is not ready. Start it with %windmill_connect or flexwm_nb.connect()."""


class EngineUnreachable(EngineError):
    """The engine does not answer. See %windmill_doctor or flexwm doctor."""


class EngineVersionMismatch(EngineError):
    """The engine is of another version than this package. Stop it with flexwm stop; it starts again by itself."""


class BinaryNotFound(EngineError):
    """There is no Windmill program on this machine.

    Name one with WINDMILL_BINARY_PATH, or build it from a checkout: flexwm build, %windmill_connect --build.
    """


class BinaryUnusable(EngineError):
    """The Windmill program cannot be used. Name another with WINDMILL_BINARY_PATH."""


class BuildImpossible(EngineError):
    """Windmill cannot be built on this machine. Name a finished program in WINDMILL_BINARY_PATH."""


class BuildFailed(EngineError):
    """The build of Windmill failed. What is built already is kept: mend the cause and run flexwm build again."""


class BuildCanceled(EngineError):
    """The build of Windmill was stopped. What is built already is kept: flexwm build goes on from there."""


class DownloadFailed(EngineError):
    """The Windmill program could not be downloaded. Try again: it goes on where it broke off."""


class DatabaseUnusable(EngineError):
    """The database cannot be used. Check DATABASE_URL, or leave it out to have one started here."""


class PortTaken(EngineError):
    """Another program listens at the port. Choose another with FLEXWM_PORT, or 0 for any free one."""


class StoreError(EngineError):
    """The local engine's store has a problem."""


class StoreLocked(StoreError):
    """Another server owns the store. Wait until it has ended, or choose another store with FLEXWM_STORE."""


class StoreUnwritable(StoreError):
    """The store cannot be written. Check its permissions or choose another with FLEXWM_STORE."""


class StoreFull(StoreError):
    """There is no space left for the store. Free some and try again: nothing acknowledged is lost."""


class StoreCorrupt(StoreError):
    """The store is damaged. It is left untouched; choose another with FLEXWM_STORE or restore a backup."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of flexwm_nb.

    Upgrade the package or choose another store with FLEXWM_STORE.
    """


class RequestRefused(FlexwmError):
    """The engine refused the request."""


class AuthenticationFailed(RequestRefused):
    """The engine refused the token. Give a valid one with WM_TOKEN or connect(token=…)."""


class PermissionDenied(RequestRefused):
    """The token may not do this. Use one of somebody who may, or ask an administrator of the workspace."""


class NotFound(RequestRefused):
    """It does not exist on this engine. Look at its path, and at the workspace that %windmill_connect names."""


class ScriptNotFound(NotFound):
    """The script does not exist. See %windmill_scripts for those that do."""


class FlowNotFound(NotFound):
    """The flow does not exist. See %windmill_flows for those that do."""


class JobNotFound(NotFound):
    """The job does not exist on this engine. See %windmill_jobs for those that do."""


class WorkspaceNotFound(NotFound):
    """The workspace does not exist on this engine. Choose another with workspace=… or --workspace."""


class Conflict(RequestRefused):
    """Somebody else changed it at the same time. Look at the current version, then try again."""


class ScriptExists(Conflict):
    """A script exists at this path. Choose another path, or archive the one that is there."""


class ExecutionError(FlexwmError):
    """The job did not end well."""


class JobFailed(ExecutionError):
    """The job failed."""


class JobCanceled(ExecutionError):
    """The job was cancelled."""


class ExecutionTimeout(ExecutionError):
    """The job took too long. Allow it more with timeout=… or --timeout."""


class ConcurrencyLimit(ExecutionError):
    """Too many jobs are running. Wait for some, cancel some, or allow more with FLEXWM_MAX_CONCURRENT."""


class ResultTooLarge(ExecutionError):
    """The result is too large. Return a summary, or write it to a file and return the file."""
