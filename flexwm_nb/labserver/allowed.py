"""What of an engine's interface the browser may use: what people see and do there, nothing that hands out secrets."""

from __future__ import annotations

import re

AREAS = "scripts|flows|schedules|resources|variables|jobs|jobs_u|folders"
GENERAL = re.compile(r"version|users/whoami|workspaces/(list|users)|workers/list|flexwm/engine|health/status")
IN_WORKSPACE = re.compile(rf"w/[\w-]+/(?:(?:{AREAS})/.+|users/whoami)")
SECRET = re.compile(
    r"w/[\w-]+/(?:"
    r"variables/(?:get|get_value|encrypt)\b.*"
    r"|resources/(?:get|get_value|get_value_interpolated)/.*"
    r"|(?:jobs|jobs_u)/(?:resume_urls|job_signature|slack_approval|teams_approval)/.*"
    r")"
)
BY_LINK = re.compile(r"w/[\w-]+/jobs_u/(?:resume|cancel|get_flow)/.*")  # they change something when they are read
METHODS = ("GET", "POST", "DELETE")


def is_allowed(method: str, path: str) -> bool:
    """Whether a request may be handed on; the path is what stands after /api/, decoded."""
    if method not in METHODS or ".." in path.split("/"):
        return False
    if GENERAL.fullmatch(path):
        return method == "GET"
    return bool(IN_WORKSPACE.fullmatch(path)) and not SECRET.fullmatch(path) and not BY_LINK.fullmatch(path)
