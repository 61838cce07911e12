"""The error objects of jobs that failed, as Windmill 1.743 writes them (reference: its worker's error handling)."""

from __future__ import annotations

import json
import re
from typing import Any

from flexwm_nb.server.runners.jsonb import Unstorable, normalize, rank

TAIL = 600  # characters of the log that an error shows
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
MARK = "CODE EXECUTION ---"


def error(name: str, message: str, *, step: str | None = None, **more: Any) -> str:
    """`{"error": {...}}` as JSON."""
    body: dict[str, Any] = {"name": name, "message": message, **more}
    if step is not None:
        body["step_id"] = step
    return json.dumps({"error": {key: body[key] for key in sorted(body, key=rank)}}, ensure_ascii=False)


def given(text: str) -> str:
    """The error that a script's own program describes, in JSON."""
    try:
        return normalize(f'{{"error": {text}}}')
    except Unstorable:  # the text of an exception may hold anything
        return json.dumps({"error": json.loads(text)}, ensure_ascii=False)


def empty() -> str:
    """The error of a process that ended well and left no result."""
    return error("InternalErr", "Internal: Result of job is invalid json (empty)")


def tail(log: str) -> str:
    """The end of a log as errors show it: after the last banner, without colours."""
    end = log[-TAIL:]
    return ANSI.sub("", end.rpartition(MARK)[2]).strip()


def exit_code(program: str, code: int, log: str, *, step: str | None = None) -> str:
    """The error of a process that ended with a code other than 0."""
    message = f'exit code for "{program}": {code}, last log lines:\n{tail(log)}'
    return error("ExecutionErr", message, step=step, exit_code=code)


def execution(text: str, *, step: str | None = None) -> str:
    """The error of what the worker itself found wrong."""
    return error("ExecutionErr", f"execution error:\n{text}", step=step)


def excess(limit: str, used: int, limits: dict[str, int]) -> str:
    """Why a job was ended that used too much of something."""
    if limit == "memory":
        amounts = f"{used / 1e9:.1f} GB of memory, more than the {limits['memory_bytes'] / 1e9:.1f} GB"
        return f"job process terminated due to memory: with all that it started it used {amounts} that it may"
    return f"job process terminated due to {limit}: it had started {used}, more than the {limits[limit]} that it may"


def signalled(number: int, *, step: str | None = None) -> str:
    """The error of a process that a signal ended."""
    hint = ". Out of memory is a common cause" if number == 9 else ""
    text = f"process terminated by signal: Some({number}), stopped_signal: None, core_dumped: false{hint}"
    return execution(text, step=step)


def too_large(limit: int, *, size: int | None = None, step: str | None = None) -> str:
    """The error of a result over the limit; sizes in bytes."""
    found = "" if size is None else f"{size / 1e6:.1f} MB, "
    message = (
        f"the result is too large: {found}the limit is {limit / 1e6:.1f} MB. Return a summary, or write it to a file"
    )
    return error("ResultTooLarge", message, step=step)


def unstorable(job_id: str, text: str) -> str:
    """The error of a result that PostgreSQL's jsonb would refuse."""
    message = f"Internal: Could not add completed job {job_id}: error returned from database: {text} @flexwm"
    return error("InternalErr", message)
