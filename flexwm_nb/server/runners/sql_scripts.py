"""SQL scripts: each on a process that keeps its connection to the database for the next one."""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from flexwm_nb.server.runners.base import Ending, Kept, Runner, RunRequest
from flexwm_nb.server.runners.runtimes import DRIVERS, located
from flexwm_nb.server.runners.sql import statements

PROGRAM = "flexwm_nb.server.runners.sql.program"
PACKAGES = Path(__file__).parents[3]
IDLE = 60.0  # seconds that a connection is kept, as on Windmill
GRACE = 2.0  # seconds for the database to be told that its statement is to end


class Sql(Runner):
    """postgresql, mysql and duckdb."""

    languages = ("postgresql", "mysql", "duckdb")
    program = "sql run"
    grace = GRACE

    def settle(self, request: RunRequest) -> RunRequest:
        """See that the database's driver is installed. Raises RunnerError."""
        located(DRIVERS[self.languages.index(request.language)], request.language)
        return request

    def banner(self, request: RunRequest) -> str:
        """SQL jobs have none."""
        return ""

    def kept(self, request: RunRequest) -> Kept:
        """A process for this language and database."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TZ") if name in os.environ}
        order = {
            "files": {},
            "environment": {**environment, "PYTHONPATH": str(PACKAGES)},
            "limits": request.limits.as_dict(),
            "waits": True,
            "command": [sys.executable, "-m", PROGRAM, request.language],
        }
        return Kept(key=f"{request.language} {request.workspace} {fingerprint(request)}", order=order, idle=IDLE)

    def order(self, request: RunRequest) -> dict[str, Any]:
        """The script with all that it needs."""
        return {
            "content": request.content,
            "arguments": request.arguments,
            "environment": request.environment,
            "limits": request.limits.as_dict(),
            "job_id": request.job_id,
            "path": request.path,
            "step": request.flow_step_id,
        }

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the program made of the rows."""
        return True, ending.reply or "null"


def fingerprint(request: RunRequest) -> str:
    """What tells one database from another, without telling its password."""
    if request.language == "duckdb":
        return ""
    path = statements.database(request.content)
    database = path if path is not None else json.loads(request.arguments).get("database")
    return sha256(json.dumps(database, sort_keys=True).encode()).hexdigest()
