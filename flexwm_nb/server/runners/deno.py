"""TypeScript on deno, which loads its modules itself, from npm, JSR or any address."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flexwm_nb.server.environments import deno_modules
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, RunRequest
from flexwm_nb.server.runners.ecmascript import PROGRAMS, EcmaScript, Prepared
from flexwm_nb.server.runners.jsonb import normalize
from flexwm_nb.server.runners.results import checked, with_stream
from flexwm_nb.server.runners.runtimes import DENO, located
from flexwm_nb.server.runners.stages import Stage

OPTIONS = ("run", "--no-check", "--allow-all", "--no-config", "--no-lock")


class Deno(EcmaScript):
    """deno, by its exported `main` or another function."""

    languages = ("deno",)
    program = "deno run"
    result_files = ("result.json", "error.json")
    arguments_file = "arguments.json"
    serves = False

    def settle(self, request: RunRequest) -> RunRequest | None:
        """The sources and the modules that they import; None where those must be loaded. Raises RunnerError."""
        located(DENO, request.language)
        self.check(request)
        sources = self.gather(request)
        if not sources.remote:
            return replace(request, prepared=Prepared(sources))
        folder = deno_modules.find(self.cache, sources, request.lock)
        return None if folder is None else replace(request, prepared=Prepared(sources, folder / deno_modules.MODULES))

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Load the modules. Raises ToolFailed."""
        deno, sources = located(DENO, request.language), self.gather(request)
        folder = await deno_modules.load(self.cache, deno, sources, request.lock, stage)
        return replace(request, prepared=Prepared(sources, folder / deno_modules.MODULES))

    async def lock(self, request: RunRequest, stage: Stage) -> str:
        """Deno's own lock. Raises RunnerError and ToolFailed."""
        self.check(request)
        deno, sources = located(DENO, request.language), self.gather(request)
        return deno_modules.lock_in(await deno_modules.load(self.cache, deno, sources, None, stage))

    def command(self, request: RunRequest, *arguments: str) -> dict[str, Any]:
        """Deno with our program, which may do everything, as on Windmill."""
        prepared: Prepared = request.prepared
        modules = {} if prepared.modules is None else {"DENO_DIR": str(prepared.modules)}
        command = [located(DENO, request.language), *OPTIONS, str(PROGRAMS / "deno.mjs")]
        return self.waiting(request, command, environment={**deno_modules.VARIABLES, **modules}, descriptor=0)

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner."""
        return "\n\n--- DENO CODE EXECUTION ---\n"

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the function returned, streamed or threw."""
        if "error.json" in ending.files:
            error = json.loads(ending.files["error.json"])
            return False, normalize(json.dumps({"error": error}, ensure_ascii=False))
        if "result.json" not in ending.files:
            return False, failures.empty()
        text = ending.files["result.json"].decode("utf-8", "replace")
        return checked(request, with_stream(text, ending.stream))
