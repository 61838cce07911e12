"""How a version of a script is named: `PATH`, `PATH@v2`, `PATH@HASH`, `PATH@2026-11-01`; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timezone

from flexwm_nb.errors import InvalidInput, ScriptNotFound
from flexwm_nb.models.scripts import ScriptVersion

NUMBER = re.compile(r"v?(\d{1,9})")
HASH = re.compile(r"[0-9a-f]{16}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
FORMS = "Write PATH@v2, PATH@HASH or PATH@2026-11-01"


@dataclass(frozen=True, slots=True)
class Reference:
    """A script's path and which version of it is meant; None = the current one."""

    path: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Take a reference apart. Raises InvalidInput for a version that is none."""
        path, mark, version = text.strip().partition("@")
        version = version.strip()
        if mark and not (NUMBER.fullmatch(version) or HASH.fullmatch(version) or _moment(version)):
            raise InvalidInput(f"{version!r} names no version", remedy=FORMS)
        return cls(path.strip().strip("/"), version or None)

    @property
    def hash(self) -> str | None:
        """The version's hash, where it is named by it."""
        return self.version if self.version and HASH.fullmatch(self.version) else None

    def find(self, history: Sequence[ScriptVersion]) -> ScriptVersion:
        """The version that is meant among all of the script's, newest first. Raises ScriptNotFound."""
        if self.version is None:
            return history[0]
        found = next((version for version in history if self._fits(version)), None)
        if found is None:
            raise ScriptNotFound(f"{self.path} has no version {self.version}", remedy=_offered(history), path=self.path)
        return found

    def _fits(self, version: ScriptVersion) -> bool:
        """Whether it is this one, or, by time, the newest that was current then."""
        if self.hash:
            return version.hash == self.hash
        if number := NUMBER.fullmatch(self.version or ""):
            return version.number == int(number[1])
        moment = _moment(self.version or "")
        return moment is not None and version.created_at is not None and version.created_at <= moment


def _moment(text: str) -> datetime | None:
    """A point in time, in UTC where no zone is given; a day stands for its end."""
    try:
        if DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max, timezone.utc)
        moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _offered(history: Sequence[ScriptVersion]) -> str:
    first, last = history[-1], history[0]
    if first is last:
        return f"Its only version is v{last.number}"
    since = f", the first of {first.created_at:%Y-%m-%d %H:%M} UTC" if first.created_at else ""
    return f"It has v{first.number} to v{last.number}{since}"
