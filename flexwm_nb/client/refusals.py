"""From the engine's refusals, a status and a plain text, to typed errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flexwm_nb import errors
from flexwm_nb.errors import FlexwmError

SOURCE_POSITION = re.compile(r"\s*(?:\([\w./-]+\.rs:\d+\)|@\s*[\w./:-]+|\(flexwm\))\s*$")
PREFIX = re.compile(
    r"^(?:Not found|Not authorized|Not implemented|Permission denied|Bad request|SqlErr|Internal|Error|Bad gateway"
    r"|Bad config): "
)
SHOWN = 500  # characters of an answer that an error shows


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that is recognised by its status and text."""

    statuses: frozenset[int]  # empty = any
    pattern: str  # searched for, ignoring case
    kind: type[FlexwmError]
    what: str | None = None  # None = the kind's own words
    remedy: str | None = None

    def fits(self, status: int, text: str) -> bool:
        """Whether it is this one."""
        return (not self.statuses or status in self.statuses) and bool(re.search(self.pattern, text, re.I))


def _refusal(
    status: int | None, pattern: str, kind: type[FlexwmError], what: str | None = None, remedy: str | None = None
) -> Refusal:
    return Refusal(frozenset() if status is None else frozenset({status}), pattern, kind, what, remedy)


# the first that fits counts
REFUSALS: tuple[Refusal, ...] = (
    _refusal(401, r"^Not authorized: (?!Unauthorized\s*$)", errors.PermissionDenied),
    _refusal(401, r"", errors.AuthenticationFailed),
    _refusal(400, r"Invalid login", errors.AuthenticationFailed, "The e-mail or password is wrong"),
    _refusal(400, r"As a non logged in user", errors.AuthenticationFailed),
    _refusal(403, r"Require Admin", errors.PermissionDenied, remedy="Ask an administrator of the workspace"),
    _refusal(403, r"", errors.PermissionDenied),
    _refusal(404, r"\bscript\b.*not found", errors.ScriptNotFound),
    _refusal(404, r"\bflow\b.*not found", errors.FlowNotFound),
    _refusal(404, r"\bjob\b|QueuedJob", errors.JobNotFound),
    _refusal(404, r"\bworkspace\b.*not found", errors.WorkspaceNotFound),
    _refusal(404, r"", errors.NotFound),
    _refusal(500, r"(archiving|deleting) script", errors.ScriptNotFound),
    _refusal(400, r"no rows returned by a query", errors.NotFound),
    _refusal(None, r"violates check constraint \"proper_id", errors.InvalidPath),
    _refusal(400, r"script with same hash|\"script_pkey\"", errors.ScriptExists, "This very version exists already"),
    _refusal(400, r"Path conflict|lineage must be linear|parent hash does not", errors.Conflict),
    _refusal(400, r"already exists", errors.Conflict, "It exists already", "Choose another name"),
    _refusal(409, r"", errors.Conflict),
    _refusal(422, r"\blanguage: unknown variant", errors.UnknownLanguage),
    _refusal(None, r"no space left|disk is full", errors.StoreFull),
    _refusal(None, r"readonly database|store cannot be written", errors.StoreUnwritable),
    _refusal(None, r"disk image is malformed|store is damaged", errors.StoreCorrupt),
    _refusal(500, r"^timeout after", errors.ExecutionTimeout),
    _refusal(400, r"Quota exceeded|queue limit", errors.ConcurrencyLimit),
    _refusal(
        413, r"", errors.RequestRefused, "The request is too large", "Upload data with engine.files.upload instead"
    ),
    _refusal(415, r"", errors.RequestRefused, "The engine does not take this kind of body"),
    _refusal(405, r"", errors.RequestRefused, "The engine does not know this request"),
    _refusal(429, r"", errors.RequestRefused, "The engine is asked too often", "Try again in a moment"),
    _refusal(501, r"", errors.RequestRefused, "The engine does not have this"),
    _refusal(502, r"", errors.EngineUnreachable),
    _refusal(503, r"", errors.EngineUnreachable),
    _refusal(504, r"", errors.EngineUnreachable),
)
REDIRECTS = range(300, 400)


def refused(status: int, text: str, *, url: str, location: str | None = None, attempt: int = 1) -> FlexwmError:
    """The error for a refused request.

    Its details: `status`, `body` (the engine's text), `url` and `attempt` (above 1 when it was repeated).
    """
    details: dict[str, Any] = {"status": status, "body": text, "url": url, "attempt": attempt}
    if status in REDIRECTS:
        return errors.RequestRefused(
            "The engine's address leads elsewhere", why=location, remedy=f"Connect to {location}", **details
        )
    found = next((refusal for refusal in REFUSALS if refusal.fits(status, text)), None)
    why = readable(text) or f"HTTP status {status} from {url}"
    if found is None:
        return errors.RequestRefused(why=why, **details)
    return found.kind(found.what, why=why, remedy=found.remedy, **details)


def readable(text: str) -> str:
    """An engine's text without its prefix and the position in its source; a page of HTML says nothing."""
    stripped = text.strip()
    if stripped.startswith("<"):
        return ""
    return SOURCE_POSITION.sub("", PREFIX.sub("", stripped))[:SHOWN]
