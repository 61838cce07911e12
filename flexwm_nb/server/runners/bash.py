"""Bash scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, Runner, RunRequest
from flexwm_nb.server.runners.jsonb import Unstorable, normalize
from flexwm_nb.signatures import parse_signature

BEGIN = Path(__file__).with_name("bash_begin.sh")
SIGNALLED = 128  # what a shell adds to the number of a signal
TERMINATE_GRACE = 5.0  # seconds, as Windmill's MAX_WAIT_FOR_SIGTERM


class Bash(Runner):
    """bash: positional arguments, and the last line of the output as result."""

    languages = ("bash",)
    program = "bash run"
    result_files = ("result.json", "result.out")
    grace = TERMINATE_GRACE
    farewell = "\nTerminating child processes..."

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner."""
        return "\n\n--- BASH CODE EXECUTION ---\n"

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Run the script's file with the arguments that the parser finds."""
        given = json.loads(request.arguments)
        names = [found["name"] for found in parse_signature("bash", request.content)["args"]]
        return {
            "files": {"main.sh": f"set -e\n{request.content}"},
            "environment": {**request.environment, "BASH_ENV": str(BEGIN)},
            "limits": request.limits.as_dict(),
            "waits": True,
            "command": ["bash", "./main.sh", *(as_text(given, name) for name in names)],
        }

    def signalled(self, number: int, log: str, step: str | None) -> str:
        """As Windmill's shell around the script reports it: an exit code."""
        return failures.exit_code(self.program, SIGNALLED + number, log, step=step)

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """`result.json`, else `result.out`, else the last line."""
        limit = request.limits.result_bytes
        for name, data in ending.files.items():
            if len(data) > limit:
                message = f"{name} is too large, the limit is {limit / 1e6:.0f} MB. Return a summary, or a file's name"
                return False, failures.error("ResultTooLarge", message, step=request.flow_step_id)
        if "result.json" in ending.files:
            return True, normalize(ending.files["result.json"].decode("utf-8", "replace"))
        if "result.out" in ending.files:
            return True, encode_text(ending.files["result.out"].decode("utf-8", "replace"))
        return True, encode_text(ending.last_line.strip())


def encode_text(text: str) -> str:
    """A text as JSON. Raises Unstorable when jsonb would refuse it."""
    if "\0" in text:
        raise Unstorable("unsupported Unicode escape sequence")
    return json.dumps(text, ensure_ascii=False)


def as_text(given: dict[str, Any], name: str) -> str:
    """An argument as bash gets it: texts as they are, others as compact JSON, a missing one empty."""
    if name not in given:
        return ""
    value = given[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\0", "")
