"""TypeScript and JavaScript on bun: with packages from npm, or native: with web interfaces alone."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.environments import bundles, npm
from flexwm_nb.server.runners import failures
from flexwm_nb.server.runners.base import Ending, RunnerError, RunRequest
from flexwm_nb.server.runners.ecmascript import PROGRAMS, EcmaScript, Prepared, has, taken
from flexwm_nb.server.runners.imports import ENTRY, Sources, remarks
from flexwm_nb.server.runners.results import checked, with_stream
from flexwm_nb.server.runners.runtimes import BUN, NODE, NPM, located
from flexwm_nb.server.runners.stages import Stage

OPTIONS = ("--no-install", "--no-env-file")
COLOURS = {"FORCE_COLOR": "1"}
INSTALL = "\n\n--- BUN INSTALL ---\n"
AGENT = "windmill/beta"
HIDDEN = "\nvar Bun, require, module, exports\n"  # which bun gives to every file; these stand in front of them


class Bun(EcmaScript):
    """bun, or node with `//nodejs`, by an exported function; packages by bun, or npm with `//npm`."""

    languages: tuple[str, ...] = ("bun",)
    program = "bun run"

    def command(self, request: RunRequest, *arguments: str) -> dict[str, Any]:
        """The runtime with our program."""
        program = [str(PROGRAMS / "bun.mjs"), *arguments]
        if on_node(request):
            return self.waiting(request, [located(NODE, "A script with //nodejs"), *program])
        bun = located(BUN, request.language)
        return self.waiting(request, [bun, *OPTIONS, *program], environment=COLOURS)

    def settle(self, request: RunRequest) -> RunRequest | None:
        """The sources and their packages; None where those must be got, or bun has to say what is wrong."""
        located(BUN, request.language)
        try:
            taken(request.language, request.content, request.entrypoint)
        except InvalidSource:
            return None
        sources = self.gather(request)
        manifest, text = self.wanted(request, sources.packages)
        folder = npm.find(self.cache, manifest, text, by_npm(request)) if npm.needed(manifest) else None
        if folder is None and npm.needed(manifest):
            return None
        bundle = bundles.find(self.cache, sources) if on_node(request) else None
        if bundle is None and on_node(request):
            return None
        return ready(request, sources, folder, bundle)

    async def make_ready(self, request: RunRequest, stage: Stage) -> RunRequest:
        """Install the packages. Raises ToolFailed where bun cannot read the source or get the packages."""
        bun = located(BUN, request.language)
        await self.refuse(request, bun, stage)
        sources, folder, bundle = self.gather(request), None, None
        manifest, text = self.wanted(request, sources.packages)
        if npm.needed(manifest):
            stage.note(INSTALL)
            folder = await npm.install(self.cache, bun, manifest, text, stage, npm=by_npm(request))
        if on_node(request):
            bundle = await bundles.build(self.cache, bun, sources, request.environment, stage)
        return ready(request, sources, folder, bundle)

    async def lock(self, request: RunRequest, stage: Stage) -> str:
        """The package.json of what is imported, with bun's lock of it. Raises RunnerError and ToolFailed."""
        bun = located(BUN, request.language)
        await self.refuse(request, bun, stage)
        packages = self.gather(request).packages
        manifest = npm.manifest_of(packages)
        if not packages:
            return npm.join(manifest, None)
        stage.note(INSTALL)
        return npm.lock_in(await npm.install(self.cache, bun, manifest, None, stage))

    async def refuse(self, request: RunRequest, bun: str, stage: Stage) -> None:
        """Have bun say what is wrong with a source that cannot be parsed. Raises ToolFailed."""
        try:
            taken(request.language, request.content, request.entrypoint)
        except InvalidSource as error:
            with tempfile.TemporaryDirectory(prefix="flexwm-") as folder:
                (Path(folder) / ENTRY).write_text(request.content)
                build = [bun, "build", ENTRY, "--no-bundle", "--target=bun", "--outfile=main.js"]
                await stage.run("bun build", build, Path(folder), request.environment)
            raise RunnerError(f"Error: Error while parsing code, it is invalid TypeScript: {error} @flexwm") from None

    def wanted(self, request: RunRequest, packages: dict[str, str]) -> tuple[str, str | None]:
        """The package.json and the lock: those that are stored, else what the sources import. Raises RunnerError."""
        return npm.split(request.lock) if request.lock else (npm.manifest_of(packages), None)

    def banner(self, request: RunRequest) -> str:
        """Windmill's banners."""
        prepared: Prepared = request.prepared
        idle = "" if request.lock or prepared.modules else f"{INSTALL}\nempty dependencies, skipping install"
        return f"{idle}\n\n--- {'NODE' if on_node(request) else 'BUN'} CODE EXECUTION ---\n"

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the function returned, or what it streamed."""
        if ending.reply is None:
            return False, failures.empty()
        return checked(request, with_stream(ending.reply, ending.stream))


def on_node(request: RunRequest) -> bool:
    """Whether the script runs on node."""
    return request.language == "bun" and has(request.content, "nodejs")


def by_npm(request: RunRequest) -> str | None:
    """Where npm is, if it is to get the packages. Raises RunnerError."""
    return located(NPM, "A script with //npm") if has(request.content, "npm") else None


def ready(request: RunRequest, sources: Sources, folder: Path | None, bundle: str | None) -> RunRequest:
    """The request with all that it needs; a script of bun's is told that its log takes colours."""
    if request.language == "bun":
        request = replace(request, environment={**request.environment, **COLOURS})
    modules = None if folder is None else folder / npm.MODULES
    if bundle is None:
        return replace(request, prepared=Prepared(sources, modules))
    return replace(request, prepared=Prepared(Sources({bundles.BUNDLE: bundle}), modules, bundles.BUNDLE))


class Native(Bun):
    """nativets and bunnative: fetch, timers, URL and their like, nothing of the machine."""

    languages = ("nativets", "bunnative")
    native = True

    def settle(self, request: RunRequest) -> RunRequest | None:
        """As a script of bun, but nothing of the machine may be imported. Raises RunnerError."""
        if built_in := sorted(self.gather(request).built_in):
            text = f'"{built_in[0]}" cannot be imported: {request.language} has web interfaces alone'
            raise RunnerError(
                f"{text}. Take bun for it: leave out //native" if request.language == "bunnative" else text
            )
        return super().settle(request)

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner."""
        title = "NATIVE CODE EXECUTION" if request.language == "bunnative" else "FETCH TS EXECUTION"
        return f"\n\n--- {title} ---\n"

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Import the script, restricted, and call its function."""
        order = super().order(request)
        files = {**order["files"], ENTRY: order["files"][ENTRY] + HIDDEN}
        return {**order, "files": files, "agent": agent(request.content)}


def agent(content: str) -> str:
    """The user agent of the script's requests."""
    named = (found.partition(" ") for found in remarks(content) if found.startswith("useragent "))
    return next((name.strip() for _, _, name in named), AGENT)
