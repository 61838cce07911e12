"""Go scripts: built to a program once, then run."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.environments import go_modules
from flexwm_nb.server.environments.go_modules import GoSources
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, Runner, RunnerError, RunRequest
from flexwm_nb.server.runners.imports import remarks
from flexwm_nb.server.runners.jsonb import normalize
from flexwm_nb.server.runners.runtimes import GO, ask_version, located
from flexwm_nb.server.runners.stages import Stage
from flexwm_nb.signatures.go import ANYTHING, entry, parameters

COMPATIBLE = "1.22"  # the language of scripts with go1_22_compat
RESULT = "result.json"


class Go(Runner):
    """go, by its `func main`, which returns a result and an error."""

    languages = ("go",)
    program = "go run"
    result_files = (RESULT,)

    def settle(self, request: RunRequest) -> RunRequest | None:
        """The program, when it has been built. Raises RunnerError."""
        sources = self.sources(request)
        program = go_modules.find(self.cache, sources)
        return None if program is None else replace(request, prepared=program)

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Build the program. Raises ToolFailed."""
        return replace(request, prepared=await self.build(request, stage))

    def needs_lock(self, content: str, path: str | None) -> bool:
        """Whether it imports more than the standard library."""
        return go_modules.needs_modules(content)

    async def lock(self, request: RunRequest, stage: Stage) -> str:
        """What `go mod tidy` found. Raises RunnerError and ToolFailed."""
        return go_modules.lock_in((await self.build(request, stage)).parent)

    async def build(self, request: RunRequest, stage: Stage) -> Path:
        """The program. Raises RunnerError and ToolFailed."""
        about = f"go: {request.path or 'a preview'}"
        return await go_modules.build(
            self.cache, located(GO, request.language), self.sources(request), stage, about=about
        )

    def sources(self, request: RunRequest) -> GoSources:
        """What the program is made of. Raises RunnerError."""
        toolchain = ask_version(located(GO, request.language), GO.version) or ""
        notes = list(remarks(request.content))
        version = COMPATIBLE if "go1_22_compat" in notes or not toolchain else ".".join(toolchain.split(".")[:2])
        try:
            runner = runner_of(request.content)
        except InvalidSource as error:
            raise RunnerError(f"Error: Error parsing code: {error} @flexwm") from None
        return GoSources(
            content=request.content,
            runner=runner,
            lock=request.lock,
            required=go_modules.required(request.content),
            version=version,
            toolchain=toolchain,
        )

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner."""
        return "\n\n--- GO CODE EXECUTION ---\n"

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Run the program beside its arguments."""
        program: Path = request.prepared
        return {
            "files": {"args.json": request.arguments},
            "environment": request.environment,
            "limits": request.limits.as_dict(),
            "command": [str(program)],
        }

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the function returned."""
        data = ending.files.get(RESULT)
        if data is None:
            return False, failures.empty()
        if len(data) > request.limits.result_bytes:
            return False, failures.too_large(request.limits.result_bytes, step=request.flow_step_id)
        return True, normalize(data.decode("utf-8", "replace"))


@lru_cache(maxsize=256)
def runner_of(content: str) -> str:
    """The file that parses the arguments and calls the script's main with them. Raises InvalidSource.

    Its types are those that Windmill's parser knows, and its lines stand where Windmill's do, as errors name them.
    """
    names, fields = [], []
    for declared in (entry(node) for node in parameters(content)):
        name = declared["name"]
        names.append(f"req.{name[:1].upper()}{name[1:]}")
        fields.append(f'{name[:1].upper()}{name[1:]} {declared["otyp"] or ANYTHING} `json:"{name}"`')
    struct = "\n".join(["type Req struct {", *(fields or [""]), "}"])
    call = f"func Run(req Req) (interface{{}}, error) {{\n    return main({', '.join(names)})\n}}"
    return f"package inner\n{struct}\n\n{call}\n"
