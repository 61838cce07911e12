"""PHP scripts, on a process that was started ahead; packages by composer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.environments import composer
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, Kept, Runner, RunnerError, RunRequest
from flexwm_nb.server.runners.ecmascript import AHEAD, PROGRAMS, key_of
from flexwm_nb.server.runners.jsonb import normalize
from flexwm_nb.server.runners.runtimes import COMPOSER, PHP, located
from flexwm_nb.server.runners.stages import Stage
from flexwm_nb.signatures import parse_signature

# errors go to the log once, whatever php.ini says, and tell no arguments
OPTIONS = ("display_errors=stderr", "log_errors=0", "html_errors=0", "zend.exception_ignore_args=1")
# the class of a type of resources, whose values become its properties
RESOURCES = "resources.php"
RESOURCE = """#[AllowDynamicProperties]
class %s {
    public function __construct($value) { foreach ($value as $name => $part) $this->$name = $part; }
}
"""
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|\\")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is known of one parameter."""

    name: str
    optional: bool  # is left out where it is not given
    resource: str | None  # the class that the script expects


class Php(Runner):
    """php, by its function `main` or another one; arguments by position, as Windmill passes them."""

    languages = ("php",)
    program = "php run"

    def settle(self, request: RunRequest) -> RunRequest | None:
        """The packages, None where they must be installed. Raises RunnerError."""
        located(PHP, request.language)
        check(request)
        manifest, text = wanted(request)
        if manifest is None:
            return request
        found = composer.find(self.cache, manifest, text)
        if found is None:
            located(COMPOSER, "A script with `// require:`")
        return None if found is None else replace(request, prepared=found / composer.VENDOR)

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Install the packages. Raises ToolFailed."""
        return replace(request, prepared=await self.install(request, stage) / composer.VENDOR)

    def needs_lock(self, content: str, path: str | None) -> bool:
        """Whether it asks for packages."""
        return composer.manifest_of(content) is not None

    async def lock(self, request: RunRequest, stage: Stage) -> str:
        """What composer found. Raises RunnerError and ToolFailed."""
        return composer.lock_in(await self.install(request, stage))

    async def install(self, request: RunRequest, stage: Stage) -> Path:
        """The folder with the packages. Raises RunnerError and ToolFailed."""
        manifest, text = wanted(request)
        program = located(COMPOSER, "A script with `// require:`")
        stage.note(composer.INSTALL)
        return await composer.install(self.cache, program, manifest or "{}", text, stage)

    def kept(self, request: RunRequest) -> Kept | None:
        """A process that was started ahead."""
        options = [part for option in OPTIONS for part in ("-d", option)]
        order = {
            "files": {},
            "environment": {},
            "limits": request.limits.as_dict(),
            "waits": True,
            "command": [located(PHP, request.language), *options, str(PROGRAMS / "script.php")],
        }
        return Kept(key=key_of(order), order=order, single_use=True, ahead=AHEAD)

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner, and a warning where a parameter gets another one's argument."""
        moved = shifted(request)
        text = f"\nwarning: {moved} Windmill passes arguments by position" if moved else ""
        return f"\n\n--- PHP CODE EXECUTION ---\n{text}"

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Require the script and call its function."""
        vendor: Path | None = request.prepared
        classes = {found.name: pascal_case(found.resource) if found.resource else None for found in passed(request)}
        return {
            "files": {
                "main.php": request.content,
                "args.json": request.arguments,
                RESOURCES: "<?php\n" + "\n".join(RESOURCE % name for name in classes.values() if name),
            },
            "links": {} if vendor is None else {composer.VENDOR: str(vendor)},
            "required": [RESOURCES] if vendor is None else [f"{composer.VENDOR}/autoload.php", RESOURCES],
            "environment": request.environment,
            "function": request.entrypoint or "main",
            "passed": classes,
            "step": request.flow_step_id,
        }

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the function returned; what it streamed is no part of it."""
        text, limit = ending.reply or "null", request.limits.result_bytes
        if len(text) > limit:
            return False, failures.too_large(limit, size=len(text), step=request.flow_step_id)
        return True, normalize(text)


def wanted(request: RunRequest) -> tuple[str | None, str | None]:
    """The composer.json and the text of composer's lock, where there are such. Raises RunnerError."""
    if request.lock:
        return composer.split(request.lock)
    return composer.manifest_of(request.content), None


@lru_cache(maxsize=512)
def parameters(content: str, entrypoint: str | None) -> tuple[Parameter, ...]:
    """The parameters of the function. Raises InvalidSource."""
    return tuple(
        Parameter(
            name=found["name"],
            optional=found["has_default"],
            resource=found["typ"].get("resource") if isinstance(found["typ"], dict) else None,
        )
        for found in parse_signature("php", content, entrypoint)["args"]
    )


def check(request: RunRequest) -> None:
    """Raise RunnerError when the parser refuses the source."""
    try:
        parameters(request.content, request.entrypoint)
    except InvalidSource as error:
        raise RunnerError(f"Error: Error parsing code: {error} @flexwm") from None


def passed(request: RunRequest) -> list[Parameter]:
    """The parameters for which something is passed, in their order; what is not given and has no default is null."""
    given = json.loads(request.arguments)
    return [
        found for found in parameters(request.content, request.entrypoint) if found.name in given or not found.optional
    ]


def shifted(request: RunRequest) -> str:
    """Which parameter gets the argument of another one, empty where none does."""
    taken = passed(request)
    for place, found in zip(taken, parameters(request.content, request.entrypoint)):
        if place.name != found.name:
            return f"${found.name} is left out, so it gets what is given for ${place.name}:"
    return ""


def pascal_case(name: str) -> str:
    """A type of resources as the name of a class."""
    return "".join(word.capitalize() for word in WORD.findall(name))
