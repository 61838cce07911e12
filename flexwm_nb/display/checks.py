"""An engine's checks as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flexwm_nb.display.tables import Table
from flexwm_nb.display.wording import Face

if TYPE_CHECKING:
    from flexwm_nb.models.workspace import HealthCheck


def checks(found: Iterable[HealthCheck], face: Face = "rich") -> Table:
    """Named checks: status, message and what to do; only names and states with a plain face."""
    items = list(found)
    if face == "plain":
        return Table(("check", "status"), tuple((item.name, item.status) for item in items))
    rows = tuple((item.name, item.status, item.message, item.remedy or "") for item in items)
    return Table(("check", "status", "message", "what to do"), rows)
