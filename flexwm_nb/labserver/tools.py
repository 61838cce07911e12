"""The routes by which the page uses what this package knows of flows, notebooks and sources."""

from __future__ import annotations

import asyncio
import difflib
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from tornado import web
from tornado.escape import json_decode

from flexwm_nb import journal, notebooks, yaml_text
from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.engine import Engine
from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.flows import suggestions
from flexwm_nb.flows.builder import Flow
from flexwm_nb.handshake import INTERPRETER_HEADER
from flexwm_nb.labserver import cells, flow_files
from flexwm_nb.labserver.engines import LOCAL, Engines, Found
from flexwm_nb.labserver.handlers import ENGINES, FlexwmHandler
from flexwm_nb.models.deployed_flows import FlowRegistration
from flexwm_nb.models.scripts import Registration, ScriptDraft

Document = dict[str, Any]
QUICKSTART = "windmill_quickstart.ipynb"
FIRST_CELLS = (
    (
        "markdown",
        "# Scripts, jobs and flows\n\nRun the cells from top to bottom. The engine is on this machine and starts by "
        "itself; the sidebar with the mill shows what it has.",
    ),
    ("code", "%load_ext flexwm_nb"),
    (
        "code",
        "%%windmill_script python3 f/quickstart/greet --arg name=Ada\ndef main(name: str, times: int = 2):\n"
        '    print("greeting", name)\n    return [f"Hello, {name}!"] * times',
    ),
    ("markdown", "The cell is a script now, with a version; it is run again by its path, with other arguments."),
    ("code", "%windmill_run f/quickstart/greet name=Grace times=3"),
    ("code", "%windmill_jobs"),
    ("markdown", "Cells become the steps of a flow, in the order of what they read."),
    ("code", "%%windmill_step numbers\ndef main():\n    return [1, 2, 3]"),
    ("code", "%%windmill_step total\ndef main(numbers: list[int]):\n    return sum(numbers)"),
    ("code", "%windmill_flow f/quickstart/sum --steps numbers total --run"),
    ("markdown", "`%windmill` lists all magics, each with an example."),
    ("code", "%windmill"),
)


class ToolHandler(FlexwmHandler):
    """A route that takes and gives JSON; what is wrong with it is said."""

    @web.authenticated
    async def post(self, *parts: str) -> None:
        """Answer, or say what is wrong."""
        try:
            given = json_decode(self.request.body)
            if not isinstance(given, dict):
                raise InvalidInput("The request is no JSON object")
            self.answer(await self.make(given, *parts))
        except FlexwmError as error:
            self.refuse(error)
        except (KeyError, ValueError) as error:
            self.refuse(InvalidInput("The request cannot be read", why=str(error)))

    async def make(self, given: Document, *parts: str) -> Document:
        """The answer. Raises FlexwmError."""
        raise NotImplementedError

    async def on_engine(self, name: str, work: Callable[[Engine], Any], kernel: str | None = None) -> Any:
        """Do something with an engine, in a thread. Raises FlexwmError."""
        engines: Engines = self.settings[ENGINES]
        endpoint = await engines.start() if name == LOCAL else await engines.find(name)
        headers = ((INTERPRETER_HEADER, self.interpreter(kernel)),) if endpoint.kind == "local" else ()
        return await asyncio.to_thread(_with_engine, replace(endpoint, headers=headers), work)

    def interpreter(self, kernel: str | None) -> str:
        """The Python of a kernel, whose packages a script is to see."""
        try:
            command = self.kernel_spec_manager.get_kernel_spec(kernel).argv[0] if kernel else ""
        except NoSuchKernel:
            command = ""
        return command if Path(command).is_absolute() else sys.executable

    def file(self, path: str) -> Path:
        """A file below the server's folder. Raises InvalidInput for one that is elsewhere."""
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        found = (root / path.lstrip("/")).resolve()
        if not found.is_relative_to(root):
            raise InvalidInput(f"{path} is not below the folder of the Jupyter server")
        return found


class YamlHandler(ToolHandler):
    """A document as YAML, as `wmill` writes it."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{value}` its `{text}`."""
        return {"text": yaml_text.dump(given["value"], order=yaml_text.windmill_order)}


class DiffHandler(ToolHandler):
    """What differs between two texts."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{old, new}` the `{lines}` of a unified difference."""
        found = difflib.unified_diff(given["old"].splitlines(), given["new"].splitlines(), lineterm="", n=3)
        return {"lines": list(found)[2:]}


class FlowHandler(ToolHandler):
    """A flow's file."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{text, folded}` its `{document, picture, folded, lines, problems}`."""
        return await asyncio.to_thread(flow_files.look, given["text"], given.get("folded"))


class CompleteHandler(ToolHandler):
    """A flow that is being written."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{text, cursor}` the `{start, items}`: what may stand in place of the text before the cursor."""
        found = await asyncio.to_thread(suggestions.suggest, given["text"], int(given["cursor"]))
        items = [{"label": one.text, "type": one.kind, "documentation": one.about} for one in found.found]
        return {"start": found.start, "items": items}


class ScriptHandler(ToolHandler):
    """A plain cell."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{source}` its `{text}` as a script."""
        return {"text": cells.as_script(given["source"])}


class RegisterHandler(ToolHandler):
    """Registering a cell, without its kernel."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{kind, path, language, content, kernel}` the `{status, text}`."""
        register = _register_flow if given.get("kind") == "flow" else _register_script
        found: Document = await self.on_engine(parts[0], partial(register, given), given.get("kernel"))
        return found


def _with_engine(endpoint: Endpoint, work: Callable[[Engine], Any]) -> Any:
    with Engine.builder().with_backend(Found(endpoint)).build() as engine:
        return work(engine)


def _register_script(given: Document, engine: Engine) -> Document:
    draft = ScriptDraft(path=given["path"], language=given["language"], content=given["content"])
    return _registered(engine.scripts.register(draft))


def _register_flow(given: Document, engine: Engine) -> Document:
    return _registered(engine.flows.register(Flow.from_yaml(given["content"], given["path"])))


def _registered(found: Registration | FlowRegistration) -> Document:
    return {"status": found.status, "text": str(found)}


class ExportHandler(ToolHandler):
    """A notebook as a flow's file beside it."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{notebook}` the `{file, steps, notes}`; an existing file is replaced only if `replace` is set."""
        source = self.file(given["notebook"])
        target = source.with_name(f"{source.stem}.flow.yaml")
        if target.exists() and not given.get("replace"):
            raise InvalidInput(f"{target.name} exists already", remedy="Replace it, or rename it first")

        made = await asyncio.to_thread(_export, source, target)
        file = str(Path(given["notebook"]).with_name(target.name))
        return {"file": file, **made}


def _export(source: Path, target: Path) -> Document:
    found = notebooks.to_flow(notebooks.read(source))
    text = yaml_text.dump(found.flow.to_document(), order=yaml_text.windmill_order)
    target.write_text(text, encoding="utf-8")
    return {"steps": list(found.flow.steps), "notes": list(found.notes)}


class RunsHandler(FlexwmHandler):
    """What a notebook has started."""

    @web.authenticated
    async def get(self) -> None:
        """The ids of its jobs, newest first."""
        path = self.get_query_argument("notebook", "")
        root = Path(self.settings["server_root_dir"]).expanduser()
        found = await asyncio.to_thread(journal.read, str(root / path.lstrip("/")))
        self.answer({"jobs": [record.job_id for record in reversed(found)]})


class QuickstartHandler(ToolHandler):
    """The first notebook, for the launcher."""

    async def make(self, given: Document, *parts: str) -> Document:
        """Of `{folder}` the `{path}` of a notebook in it, made where it is not there."""
        target = self.file(str(given.get("folder") or "")) / QUICKSTART
        if not target.exists():
            notebooks.write(first_notebook(), target)
        return {"path": str(Path(str(given.get("folder") or "")) / QUICKSTART)}


def first_notebook() -> Document:
    """A notebook that shows a script, its run and a flow in a few cells."""
    cells = [notebooks.cell(kind, text) for kind, text in FIRST_CELLS]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": metadata, **notebooks.FORMAT}
