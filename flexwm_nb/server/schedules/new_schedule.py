"""A schedule as it is sent to be created or updated: its fields and the row that is stored of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from flexwm_nb.server.clock import parse_time
from flexwm_nb.server.jobs.job_arguments import normal
from flexwm_nb.server.schedules import cron
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import bad_request
from flexwm_nb.server.web.http import Identity

ENTERPRISE = "{} is only available in enterprise version"
# fields that are kept in the column `settings`
SETTINGS = (
    "on_failure", "on_failure_times", "on_failure_exact", "on_failure_extra_args", "retry", "labels",
    "dynamic_skip",
)  # fmt: skip


class EditSchedule(msgspec.Struct, kw_only=True):
    """A schedule's new state."""

    schedule: str
    timezone: str
    args: dict[str, Any] | None = None
    summary: str | None = None
    description: str | None = None
    no_flow_overlap: bool | None = None
    on_failure: str | None = None
    on_failure_times: int | None = None
    on_failure_exact: bool | None = None
    on_failure_extra_args: dict[str, Any] | None = None
    on_recovery: str | None = None
    on_success: str | None = None
    retry: dict[str, Any] | None = None
    tag: str | None = None
    paused_until: str | None = None
    cron_version: str | None = None
    dynamic_skip: str | None = None
    ws_error_handler_muted: bool | None = None
    labels: list[str] | None = None
    permissioned_as: str | None = None
    preserve_permissioned_as: bool | None = None


class NewSchedule(EditSchedule, kw_only=True):
    """A schedule to be made."""

    path: str
    script_path: str
    is_flow: bool
    enabled: bool | None = None


def check(new: EditSchedule) -> None:
    """Raise Failure 400 for what cannot be scheduled, and what Windmill's community edition cannot."""
    for name in ("on_recovery", "on_success"):
        if getattr(new, name) is not None:
            raise bad_request(ENTERPRISE.format(name))
    if (new.on_failure_times or 1) > 1:
        raise bad_request(ENTERPRISE.format("on_failure with a number of times > 1"))
    if new.on_failure is not None and not new.on_failure.startswith(("script/", "flow/")):
        raise bad_request(f"on_failure: {new.on_failure} is neither script/PATH nor flow/PATH")
    paths.check_text(new.summary, new.description)
    cron.parse(new.schedule, new.timezone, new.cron_version)


def stored(new: EditSchedule, who: Identity) -> dict[str, Any]:
    """The columns that a creation and an update share."""
    settings = {name: value for name in SETTINGS if (value := getattr(new, name)) is not None}
    return {
        **{name: getattr(new, name) for name in ("schedule", "timezone", "summary", "description", "tag")},
        "args": None if new.args is None else normal(json.dumps(new.args, ensure_ascii=False)),
        "no_flow_overlap": bool(new.no_flow_overlap),
        "ws_error_handler_muted": bool(new.ws_error_handler_muted),
        "paused_until": _time(new.paused_until),
        "cron_version": new.cron_version,
        "settings": json.dumps(settings, ensure_ascii=False),
        "edited_by": who.username,
    }


def _time(text: str | None) -> int | None:
    try:
        return None if text is None else parse_time(text)
    except ValueError:
        raise bad_request(f"paused_until is not a time: {json.dumps(text)}") from None


def acts_as(new: EditSchedule, who: Identity) -> str:
    """Whom the jobs act as: who asks, or whom an administrator keeps."""
    kept = new.permissioned_as if new.preserve_permissioned_as and who.is_admin else None
    return kept or who.owner
