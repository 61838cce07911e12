"""Locks of scripts: the versions of packages that they were tried with.

On the local engine the lock of a python3 script is found before the script is registered, so that nothing is registered
whose packages cannot be had, and again when the kernel has other versions. A real Windmill finds it afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flexwm_nb.client.client import Client
from flexwm_nb.errors import ExecutionTimeout, FlexwmError, InvalidInput
from flexwm_nb.handshake import INTERPRETER_HEADER
from flexwm_nb.models.scripts import Script

FIRST_LOOK = 0.005  # seconds before the second look at a job
LONGEST_PAUSE = 0.5  # seconds between looks
SUBJECT = "the packages of this script cannot be had: "
REASON = "whoever waited for it went away"


class Locks:
    """Finds the locks of one workspace's scripts."""

    def __init__(self, client: Client, *, seconds: float) -> None:
        """Wait for a lock so long at most."""
        self._client, self._seconds = client, seconds

    @property
    def is_local(self) -> bool:
        """Whether the engine knows this kernel's packages."""
        return INTERPRETER_HEADER in dict(self._client.endpoint.headers)

    def before(self, document: Mapping[str, Any]) -> str | None:
        """The lock of a script that is to be registered; None where the engine finds it afterwards.

        Raises InvalidSource, InvalidInput and ExecutionTimeout.
        """
        if document["language"] != "python3" or document.get("lock") or not self.is_local:
            return None
        from flexwm_nb.signatures.python3_requirements import needs_of

        path, content = str(document["path"]), str(document["content"])
        if not needs_of(content, path):
            return None
        script = {"raw_code": content, "language": "python3", "path": path}
        asked = {"raw_scripts": [script], "entrypoint": path}
        job = self._client.post(f"{self._client.workspace}/jobs/run/dependencies_async", asked).text
        return self._of_job(job, path)

    def refresh(self, script: Script) -> None:
        """Have a lock found anew where this kernel has other versions now. Raises InvalidInput and ExecutionTimeout."""
        if script.lock and self.is_local:
            self._anew(script, outdated=True)

    def update(self, script: Script) -> None:
        """Have the local engine find a lock anew. Raises InvalidInput and ExecutionTimeout."""
        self._anew(script, outdated=False)

    def _anew(self, script: Script, *, outdated: bool) -> None:
        job = self._client.post(f"{self._client.workspace}/flexwm/lock/h/{script.hash}", outdated=outdated).text
        if job:
            self._of_job(job, script.path)

    def _of_job(self, job: str, path: str) -> str:
        """The lock that a job finds. Raises InvalidInput and ExecutionTimeout; the job ends with whoever waits."""
        url = f"{self._client.workspace}/jobs_u/completed/get_result_maybe/{job}"
        try:
            state = wait_for(lambda: _ended(self._client.get(url)), path=path, seconds=self._seconds)
        except BaseException:
            self._client.post(f"{self._client.workspace}/jobs_u/queue/cancel/{job}", {"reason": REASON})
            raise
        if not state["success"]:
            raise unavailable(path, state["result"]["error"]["message"].removeprefix("execution error:\n"), job_id=job)
        return str(state["result"]["lock"])


def _ended(state: dict[str, Any]) -> dict[str, Any] | None:
    return state if state["completed"] else None


def unavailable(path: str, logs: str, **details: Any) -> FlexwmError:
    """The error about packages that cannot be had, by what the engine says."""
    lines = [line.strip().rstrip(".") for line in logs.removeprefix(SUBJECT).splitlines() if line.strip()]
    return InvalidInput(
        f"The packages that {path} needs cannot be had",
        why=". ".join(lines[:-1]) or lines[0],
        remedy=lines[-1] if len(lines) > 1 else "Correct its imports or its # requirements:",
        path=path,
        logs=logs,
        **details,
    )


def wait_for(look: Callable[[], Any], *, path: str, seconds: float, first: float = FIRST_LOOK) -> Any:
    """What is seen when there is something, looked for with growing pauses. Raises ExecutionTimeout."""
    deadline, pause = time.monotonic() + seconds, first
    while not (found := look()):
        if time.monotonic() > deadline:
            why = f"not done after {seconds:.0f} s"
            remedy = "Is a worker there for dependency jobs? Register it again to go on waiting"
            raise ExecutionTimeout(f"The packages of {path} are still being looked for", why=why, remedy=remedy)
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return found


def changes(old: str, new: str) -> list[str]:
    """What differs between two locks, a line a package: `pandas 2.1 → 2.2`, `+ six 1.17`, `- numpy 2.0`."""
    before, after = packages(old), packages(new)
    lines = [f"{name} {found} → {after[name]}" for name, found in before.items() if after.get(name, found) != found]
    lines += [f"+ {name} {found}" for name, found in after.items() if name not in before]
    return lines + [f"- {name} {found}" for name, found in before.items() if name not in after]


def packages(lock: str) -> dict[str, str]:
    """The packages of a lock with their versions."""
    found = {}
    for line in lock.splitlines():
        text = line.partition(";")[0].partition(" --hash")[0].strip()
        if text and not text.startswith(("#", "-")):
            name, _, version = text.partition(" @ " if " @ " in text else "==")
            found[name.strip()] = version.strip()
    return found
