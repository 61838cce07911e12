"""Python scripts: called on a warm process of the interpreter that registered them."""

from __future__ import annotations

import json
import keyword
import os
import re
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.environments.gathering import Script
from flexwm_nb.server.environments.locking import find_lock
from flexwm_nb.server.environments.service import Environment, Environments, NoPackages, own_minor
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, Kept, Runner, RunnerError, RunRequest
from flexwm_nb.server.runners.results import with_stream
from flexwm_nb.signatures import parse_signature
from flexwm_nb.signatures.python3_requirements import needs_of

if TYPE_CHECKING:
    from flexwm_nb.server.environments.cache import Cache
    from flexwm_nb.server.runners.stages import Stage

VERBATIM = re.compile(r"^#\s*skip_result_postprocessing\s*$", re.MULTILINE)
PLAIN = Environment(interpreter=None, version=own_minor())
PREPROCESSOR = "preprocessor"
CONVERTED = ("bytes", "datetime", "date")


class Python3(Runner):
    """python3, by its `main` or another function."""

    languages = ("python3",)
    program = "python run"

    def __init__(self, cache: Cache) -> None:
        """Keep the packages that scripts need in this cache."""
        super().__init__(cache)
        self.environments = Environments(cache)

    def settle(self, request: RunRequest) -> RunRequest | None:
        """The request with its environment, where that is there. Raises RunnerError."""
        try:
            found = self.environments.at_hand(script_of(request))
        except NoPackages as error:
            raise RunnerError(str(error)) from None
        return None if found is None else within(request, found)

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Find and install what the script needs. Raises RunnerError."""
        try:
            return within(request, await self.environments.get(script_of(request), stage.note))
        except NoPackages as error:
            raise RunnerError(str(error)) from None

    def needs_lock(self, content: str, path: str | None) -> bool:
        """Whether it needs more than the standard library, as far as its source can be read."""
        try:
            return bool(needs_of(content, path))
        except InvalidSource:
            return True

    async def is_outdated(self, lock: str, interpreter: str | None) -> bool:
        """Whether the interpreter has a package of the lock in another version."""
        return await self.environments.is_outdated(lock, interpreter)

    async def lock(self, request: RunRequest, stage: Stage) -> str:
        """The versions that its kernel has, and others for what that lacks. Raises RunnerError."""
        try:
            return await find_lock(self.environments, script_of(request), stage.note)
        except NoPackages as error:
            raise RunnerError(str(error)) from None

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner with the Python's version."""
        return f"\n\n--- PYTHON ({environment_of(request).version}) CODE EXECUTION ---\n"

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Import the script and call it. Raises RunnerError when Windmill's parser refuses it."""
        function = request.entrypoint or "main"
        try:
            everything, parameters = taken(request.content, request.entrypoint)
            before = taken(request.content, PREPROCESSOR) if request.preprocess else None
        except InvalidSource as error:
            raise RunnerError(f"Error: Error parsing code: {error} @flexwm") from None
        module = module_name(request.path)
        return {
            "files": {module.replace(".", "/") + ".py": request.content},
            "environment": request.environment,
            "limits": request.limits.as_dict(),
            "packages": environment_of(request).packages,
            "scripts": dict(request.temporary),
            "python": {
                "module": module,
                "file": module.replace(".", "/") + ".py",
                "function": function,
                "arguments": request.arguments,
                "everything": everything,
                "parameters": parameters,
                "preprocessor": before and {"everything": before[0], "parameters": before[1]},
                "verbatim": VERBATIM.search(request.content) is not None,
                "result_bytes": request.limits.result_bytes,
                "step": request.flow_step_id,
            },
        }

    def kept(self, request: RunRequest) -> Kept | None:
        """A process that has imported the script, where it is a dedicated one."""
        if not request.dedicated:
            return None
        packages = environment_of(request).packages
        parts = (request.workspace, request.path, request.interpreter, request.lock, packages, request.content)
        key = sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return Kept(key=key, order={**self.order(request), "serves": True}, interpreter=request.interpreter)

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the function returned, or what it streamed."""
        if ending.reply is None:
            return False, failures.empty()
        return True, with_stream(ending.reply, ending.stream)


def script_of(request: RunRequest) -> Script:
    """What decides what a job's script needs."""
    return Script(
        content=request.content,
        path=request.path,
        lock=request.lock,
        interpreter=request.interpreter,
        scripts=request.scripts,
    )


def within(request: RunRequest, found: Environment) -> RunRequest:
    """The request with its environment; what it starts itself sees the same packages."""
    variables = request.environment
    if found.packages:
        programs = [f"{folder}/bin" for folder in found.packages]
        variables = variables | {
            "PYTHONPATH": os.pathsep.join(found.packages),
            "PATH": os.pathsep.join([*programs, variables.get("PATH", os.defpath)]),
        }
    return replace(request, interpreter=found.interpreter, environment=variables, prepared=found)


def environment_of(request: RunRequest) -> Environment:
    """What a request runs with."""
    return request.prepared if isinstance(request.prepared, Environment) else PLAIN


@lru_cache(maxsize=512)
def taken(content: str, entrypoint: str | None) -> tuple[bool, tuple[dict[str, Any], ...]]:
    """Whether the function takes every argument, and its parameters. Raises InvalidSource."""
    signature = parse_signature("python3", content, entrypoint)
    return bool(signature["star_kwargs"]), tuple(parameter(found) for found in signature["args"])


def parameter(found: dict[str, Any]) -> dict[str, Any]:
    """What the wrapper must know of a parameter."""
    kind = found["typ"]
    return {
        "name": found["name"],
        "optional": found["has_default"],
        "type": kind if isinstance(kind, str) and kind in CONVERTED else "",
    }


def module_name(path: str | None) -> str:
    """The module that a script at this path is: `f/a/my-script` is `f.a.my_script`; without a path `tmp.main`."""
    if not path:
        return "tmp.main"
    *packages, last = [part for part in path.split("/") if part]
    name = re.sub(r"\W", "_", last.lower())
    if not name or name[0].isdigit() or keyword.iskeyword(name):
        name = f"_{name}"
    return ".".join([*(re.sub(r"\W", "_", part) for part in packages), name])
