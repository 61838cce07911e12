"""How tests run SQL scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Ran:
    """A job that has ended."""

    result: Any
    document: dict[str, Any]

    @property
    def error(self) -> str:
        """Why it failed."""
        return str(self.result["error"]["message"])

    @property
    def columns(self) -> Any:
        """The columns of its rows."""
        return self.document["result_columns"]


def start(http: httpx.Client, language: str, content: str, query: dict[str, Any] | None = None, **given: Any) -> str:
    """Start a job."""
    body = {"language": language, "content": content, "args": given}
    return http.post("/w/demo/jobs/run/preview", params=query or {}, json=body).text


def end(http: httpx.Client, job: str) -> Ran:
    """Wait for a job's end."""
    with http.stream("GET", f"/w/demo/jobs_u/getupdate_sse/{job}", params={"only_result": "true"}) as events:
        for _ in events.iter_lines():
            pass
    found = http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json()
    return Ran(found["result"], http.get(f"/w/demo/jobs_u/get/{job}").json())


def run(http: httpx.Client, language: str, content: str, **given: Any) -> Ran:
    """Run a script."""
    return end(http, start(http, language, content, **given))
