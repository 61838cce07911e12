"""What the tests of languages share: previews, deployed scripts, results and logs."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx

W = "/w/demo"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
PATIENCE = 60.0  # seconds


def preview(http: httpx.Client, language: str, content: str, args: Any = None, **more: Any) -> str:
    """Start a preview; its job."""
    body = {"language": language, "content": content, "args": args or {}, **more}
    answer = http.post(f"{W}/jobs/run/preview", json=body)
    assert answer.status_code == 201, answer.text
    return answer.text


def run(http: httpx.Client, job: str) -> tuple[bool, Any]:
    """Whether a job succeeded, and its result, as soon as it has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = http.get(f"{W}/jobs_u/completed/get_result_maybe/{job}").json()
        if found["completed"]:
            return found["success"], found["result"]
        time.sleep(0.01)
    raise AssertionError(f"job {job} does not end")


def log_of(http: httpx.Client, job: str) -> str:
    """A job's log after its first line, without colours."""
    text = ANSI.sub("", http.get(f"{W}/jobs_u/get_logs/{job}").text)
    return text.partition(f"job={job}")[2].partition("\n")[2]


def deployed(http: httpx.Client, path: str, language: str, content: str, **more: Any) -> str:
    """Store a script, as a new version where there is one; its hash."""
    body = {
        "path": path,
        "language": language,
        "content": content,
        "summary": "",
        "lock": "",
        "auto_parent": True,
        **more,
    }
    answer = http.post(f"{W}/scripts/create", json=body)
    assert answer.status_code == 201, answer.text
    return wait_for_lock(http, answer.text)


def wait_for_lock(http: httpx.Client, hashed: str) -> str:
    """Wait until a version can be run on every engine; its hash."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = http.get(f"{W}/scripts/deployment_status/h/{hashed}").json()
        if found["lock"] is not None or found["lock_error_logs"] is not None:
            return hashed
        time.sleep(0.01)
    raise AssertionError(f"script {hashed} gets no lock")
