"""What the languages of TypeScript and JavaScript have in common."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.runners import imports
from flexwm_nb.server.runners.base import Kept, Runner, RunnerError, RunRequest
from flexwm_nb.server.runners.imports import Sources
from flexwm_nb.signatures import parse_signature

PROGRAMS = Path(__file__).parent / "programs"
UNLIMITED = -1  # of address space, of which these runtimes reserve far more than they use
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "TZ")
PREPROCESSOR = "preprocessor"
AHEAD = 1  # processes that wait for a next job


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job needs: its sources, and the folder with its packages."""

    sources: Sources
    modules: Path | None = None
    entry: str = imports.ENTRY


class EcmaScript(Runner):
    """A language whose script is imported by a program of ours, in a process that was started ahead."""

    native: ClassVar[bool] = False  # web interfaces alone
    serves: ClassVar[bool] = True  # whether its program takes one job after another

    def command(self, request: RunRequest, *arguments: str) -> dict[str, Any]:
        """The order that starts a process which waits for jobs. Raises RunnerError without the runtime."""
        raise NotImplementedError

    def needs_lock(self, content: str, path: str | None) -> bool:
        """Whether it imports packages, or scripts that may."""
        return imports.needs_others(content)

    def check(self, request: RunRequest) -> None:
        """Raise RunnerError when the parser refuses the source."""
        try:
            taken(request.language, request.content, request.entrypoint)
        except InvalidSource as error:
            text = f"Error: Error while parsing code, it is invalid TypeScript: {error} @flexwm"
            raise RunnerError(text) from None

    def gather(self, request: RunRequest) -> Sources:
        """The sources. Raises RunnerError."""
        return imports.gather(request.content, request.path, request.scripts)

    def kept(self, request: RunRequest) -> Kept | None:
        """A process that was started ahead, or one that is kept for a dedicated script."""
        if request.dedicated and self.serves:
            parts = (request.workspace, request.path, request.lock, request.content, request.limits.as_dict())
            return Kept(key=key_of(request.language, *parts), order=self.command(request, "serve"))
        order = self.command(request)
        return Kept(key=key_of(order), order=order, single_use=True, ahead=AHEAD)

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Import the script and call its function."""
        prepared: Prepared = request.prepared
        parameters = taken(request.language, request.content, request.entrypoint)
        return {
            "files": prepared.sources.files,
            "links": {} if prepared.modules is None else {"node_modules": str(prepared.modules)},
            "environment": request.environment,
            "entry": prepared.entry,
            "function": request.entrypoint or "main",
            "arguments": request.arguments,
            "everything": bool(request.entrypoint) and not parameters,
            "parameters": parameters,
            "preprocessor": taken(request.language, request.content, PREPROCESSOR) if request.preprocess else None,
            "native": self.native,
            "step": request.flow_step_id,
        }

    def waiting(self, request: RunRequest, command: list[str], **more: Any) -> dict[str, Any]:
        """The order that starts this command, which waits for jobs."""
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return {
            "files": {},
            "environment": {**environment, **more.pop("environment", {})},
            "limits": {**request.limits.as_dict(), "memory_bytes": UNLIMITED},
            "waits": True,
            "command": command,
            **more,
        }


@lru_cache(maxsize=512)
def taken(language: str, content: str, entrypoint: str | None) -> tuple[dict[str, Any], ...]:
    """The parameters of the function. Raises InvalidSource."""
    signature = parse_signature(language, content, entrypoint)
    return tuple({"name": found["name"], "date": found["typ"] == "datetime"} for found in signature["args"])


def key_of(*parts: Any) -> str:
    """The digest of what makes processes interchangeable."""
    return sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def has(content: str, annotation: str) -> bool:
    """Whether the source begins with that annotation."""
    return annotation in content and any(found == annotation for found in imports.remarks(content))
