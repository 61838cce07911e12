"""Workspaces between this engine, files and other engines; flows and notebooks made of each other."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flexwm_nb import notebooks, sync
from flexwm_nb.display.graph import Graph
from flexwm_nb.display.live import show_final, show_graph
from flexwm_nb.errors import InvalidArguments, InvalidInput
from flexwm_nb.magics.engines import token_of
from flexwm_nb.magics.flow import headline_of
from flexwm_nb.magics.flow_catalogue import flow_of
from flexwm_nb.magics.flow_commands import Export, Transfer
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import VARIABLE, variable

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.notebooks import NotebookFlow

NOTHING = "nothing to change"


async def windmill_pull(call: Call, command: Transfer) -> None:
    """Write what the engine has into files, laid out as `wmill sync` does; first say what changes."""
    engine = await call.engine()
    folder = _folder(call, command.folder)
    plan = await call.work(sync.plan_pull, engine.client, folder, command.prefix, **_wishes(command))
    _say(plan, command)
    if not command.dry_run:
        await call.work(sync.pull, plan, folder)


async def windmill_push(call: Call, command: Transfer) -> None:
    """Make the target have what the files, or this engine, have; first say what changes."""
    engine = await call.engine()
    if command.target is None:
        folder = _folder(call, command.folder)
        if not folder.is_dir():
            raise InvalidInput(f"there is no folder {folder}", remedy="Write --folder DIR, or pull first")
        plan = await call.work(sync.plan_push, engine.client, folder, command.prefix, **_wishes(command))
        await _push(call, engine, plan, command)
        return
    other = await call.work(_connected, command.target, command.workspace, token_of(call, command.token_from))
    try:
        plan = await call.work(sync.copy, engine.client, other.client, command.prefix, **_wishes(command))
        await _push(call, other, plan, command)
    finally:
        other.close()


def _folder(call: Call, text: str) -> Path:
    """The folder that is written, or that a kernel variable holds. Raises InvalidArguments."""
    found = VARIABLE.fullmatch(text)
    if found is None:
        return Path(text).expanduser()
    value = variable(found[1], call.names, f"--folder {text}")
    if not isinstance(value, str | PathLike):
        what = f"--folder {text}: {found[1]} is no path, but of type {type(value).__name__}"
        raise InvalidArguments(what, remedy="Give a text or a pathlib.Path", fields=["folder"])
    return Path(value).expanduser()


def _wishes(command: Transfer) -> dict[str, Any]:
    return {"delete": command.delete, "secrets": command.secrets}


def _connected(target: str, workspace: str | None, token: str | None) -> Engine:
    import flexwm_nb

    return flexwm_nb.connect(target, workspace=workspace, token=token)


async def _push(call: Call, engine: Engine, plan: list[sync.ItemChange], command: Transfer) -> None:
    _say(plan, command)
    if not command.dry_run:
        await call.work(sync.push, plan, engine, message=command.message)


def _say(plan: Sequence[Any], command: Transfer) -> None:
    """Say what changes."""
    print("\n".join(map(str, plan)) if plan else NOTHING)
    if plan and command.dry_run:
        print("nothing was changed: leave --dry-run out to do it")


async def windmill_export(call: Call, command: Export) -> None:
    """A notebook of a flow, or a flow of a notebook."""
    if command.source.endswith(".ipynb"):
        await _to_flow(call, Path(command.source).expanduser(), command)
        return
    engine = await call.engine()
    flow = await flow_of(call, engine, command.source)
    file = Path(command.target or f"{command.source.partition('@')[0].rpartition('/')[2]}.ipynb").expanduser()
    if file.exists() and not command.force:
        raise InvalidInput(f"{file} exists", remedy="Write another name, or --force to replace it")
    await call.work(notebooks.write, notebooks.from_flow(flow), file)
    print(f"{file}: {len(flow.steps)} steps of {command.source}; %windmill_export {file} registers it again")


async def _to_flow(call: Call, file: Path, command: Export) -> None:
    """Register a notebook as a flow: one that was made of a flow, or any whose cells can be steps."""
    found = await call.work(notebooks.read, file)
    made: NotebookFlow | None = None
    if notebooks.KEY in (found.get("metadata") or {}):
        flow = notebooks.flow_of(found)
    else:
        made = notebooks.to_flow(found, command.target)
        flow = made.flow
    flow.path = command.target or flow.path
    if flow.path is None:
        raise InvalidInput("the flow has no path", remedy=f"Write %windmill_export {command.source} f/FOLDER/NAME")
    show_graph(Graph(document=flow.to_document(), face=call.session.face))
    if made is not None:
        print("\n".join([str(made), *made.notes]))
    if command.dry_run:
        print("nothing is registered: leave --dry-run out to do it")
        return
    engine = await call.engine()
    show_final(headline_of(await call.work(engine.flows.register, flow)), call.session.face)
