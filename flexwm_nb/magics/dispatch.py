"""One use of a magic, from its line and cell to its handler's value or a clean error."""

from __future__ import annotations

import importlib
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.magics import (
    catalogue,
    commands,
    engines,
    jobs,
    mapping,
    replay,
    script,
)
from flexwm_nb.magics.arguments import Definition
from flexwm_nb.magics.awaiting import INTERRUPTS, Awaiting, Blocking, Pace, finish
from flexwm_nb.magics.failures import for_magic, shown_as
from flexwm_nb.magics.session import Call, Session

Handler = Callable[[Call, Any], Awaitable[Any]]


def _later(module: str, name: str) -> Handler:
    """A handler whose module is loaded when it is first used: building flows takes pydantic's models."""

    async def handler(call: Call, command: Any) -> Any:
        found = importlib.import_module(f"flexwm_nb.magics.{module}")
        return await getattr(found, name)(call, command)

    return handler


HANDLERS: Mapping[str, Handler] = {
    "windmill": engines.windmill,
    "windmill_connect": engines.windmill_connect,
    "windmill_health": engines.windmill_health,
    "windmill_doctor": engines.windmill_doctor,
    "windmill_script": script.windmill_script,
    "windmill_run": script.windmill_run,
    "windmill_jobs": jobs.windmill_jobs,
    "windmill_job": jobs.windmill_job,
    "windmill_logs": jobs.windmill_logs,
    "windmill_cancel": jobs.windmill_cancel,
    "windmill_attach": jobs.windmill_attach,
    "windmill_scripts": catalogue.windmill_scripts,
    "windmill_history": catalogue.windmill_history,
    "windmill_diff": catalogue.windmill_diff,
    "windmill_lock": _later("locks", "windmill_lock"),
    "windmill_flow": _later("flow", "windmill_flow"),
    "windmill_step": _later("flow", "windmill_step"),
    "windmill_dag": _later("flow_catalogue", "windmill_dag"),
    "windmill_flows": _later("flow_catalogue", "windmill_flows"),
    "windmill_approve": _later("flow_control", "windmill_approve"),
    "windmill_restart": _later("flow_control", "windmill_restart"),
    "windmill_replay": replay.windmill_replay,
    "windmill_map": mapping.windmill_map,
    "windmill_pull": _later("transfers", "windmill_pull"),
    "windmill_push": _later("transfers", "windmill_push"),
    "windmill_export": _later("transfers", "windmill_export"),
}


def entry(session: Session, definition: Definition, *, cell: bool) -> Callable[..., Any]:
    """What IPython calls for a magic: a function with the help as its docstring.

    It runs to the end at once; its attribute `awaited` is the coroutine function for cells that can await.
    A cell magic has an entry as a line magic too, and the other way round, for `--help` and for a clean error.
    """
    shell = session.shell

    def magic(line: str = "", cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        names = shell.user_ns if local_ns is None else ChainMap(dict(local_ns), shell.user_ns)
        return finish(use(session, Blocking(), definition, line, _body(cell), names))

    async def awaited(line: str = "", cell: str | None = None) -> Any:
        """The magic for a cell that can await."""
        return await use(session, Awaiting(), definition, line, _body(cell), shell.user_ns)

    def _body(given: str | None) -> str | None:
        return (given or "") if cell else None

    magic.__name__ = magic.__qualname__ = definition.name
    magic.__doc__ = definition.document()
    magic.awaited = awaited  # type: ignore[attr-defined]
    magic.needs_local_scope = True  # type: ignore[attr-defined]  # the variables of the function that uses it
    magic._ipython_magic_no_var_expand = True  # type: ignore[attr-defined]  # `$x` and `{x}` stay as written
    return magic


async def use(
    session: Session, pace: Pace, definition: Definition, line: str, cell: str | None, names: Mapping[str, Any]
) -> Any:
    """Use a magic. Every error of ours is raised as one that knows how to show itself."""
    title = f"%{definition.name}" if definition.both and cell is None else definition.title
    call = Call(session=session, pace=pace, title=title, names=names)
    try:
        command = _command(definition, line, cell)
        if isinstance(command, Definition):
            print(command.document())
            return None
        return await HANDLERS[definition.name](call, command)
    except FlexwmError as error:
        raise for_magic(error, title, call.place) from None
    except INTERRUPTS:
        raise shown_as(FlexwmError("interrupted"), lambda: [f"{title}: interrupted"]) from None


def _command(definition: Definition, line: str, cell: str | None) -> commands.Command | Definition:
    """The command, or the definition where help is asked for. Raises InvalidInput and its kin."""
    fits = definition.both or definition.cell == (cell is not None)
    if not fits and not commands.asks_for_help(line):
        raise _wrong_kind(definition)
    return commands.read(definition.name, line, cell)


def _wrong_kind(definition: Definition) -> InvalidInput:
    if definition.cell:
        return InvalidInput(
            "it needs a cell", remedy=f"Start the cell with {definition.title} and write the script below"
        )
    return InvalidInput("it takes no cell", remedy=f"Write {definition.title} with one percent sign")
