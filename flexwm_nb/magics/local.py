"""`--local`: run a cell's main in the kernel, where it can be debugged. Nothing is registered."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import linecache
import types
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flexwm_nb.display import results
from flexwm_nb.errors import InvalidArguments
from flexwm_nb.magics.commands import RegisterScript
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import Arguments

MODULE = "windmill_cell"
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Python with a main, and where it stands."""

    content: str
    cell: int | None  # number of the cell that it is in; None: it is in none of this kernel
    above: int = 0  # lines of that cell above it
    label: str = ""  # what it is called where it is in no cell


async def run_here(call: Call, command: RegisterScript, arguments: Arguments) -> Any:
    """Run main with the arguments and give its result; an error is an ordinary one, for %debug.

    Frames are given to it as they are, not as files. A main that is `async def` is awaited.
    """
    number, above = call.cell()
    source = Source(content=command.content, cell=number, above=above)
    files = {file.name: file.frame for file in arguments.files}
    return await run_source(call, source, arguments.values, command.output, files)


async def run_source(
    call: Call, source: Source, values: dict[str, Any], output: str | None, more: dict[str, Any] | None = None
) -> Any:
    """Run the main of a source, with JSON values as Windmill's wrapper gives them, and `more` as it is."""
    given = {**converted(source.content, values), **(more or {})}
    try:
        value = module_of(call, source).main(**given)
        if inspect.isawaitable(value):
            value = await value if call.pace.awaited else _finished(value)
    except Exception as error:
        show_own_frames(call.session.shell, error)
        raise
    call.put(output, value)
    return results.present(value, autoframe=call.session.settings.autoframe)


def show_own_frames(shell: Any, error: Exception) -> None:
    """Let an error be shown from the cell's own frames on; %debug has them all."""
    own = error.__traceback__
    while own is not None and Path(own.tb_frame.f_code.co_filename).parent == HERE:
        own = own.tb_next
    with contextlib.suppress(AttributeError):  # an error that takes no attributes is shown whole
        lines = partial(shell.InteractiveTB.structured_traceback, type(error), error, own)
        error._render_traceback_ = lines  # type: ignore[attr-defined]


def module_of(call: Call, source: Source) -> Any:
    """The source as a module whose lines are the cell's lines."""
    padded = "\n" * source.above + source.content
    name = _name(call, source, padded)
    module = types.ModuleType(MODULE)
    module.__file__ = name
    exec(compile(padded, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  what --local is for
    return module


def _name(call: Call, source: Source, padded: str) -> str:
    """A file name under which tracebacks and the debugger find the source."""
    if source.cell is not None:
        return str(call.session.shell.compile.cache(padded, source.cell))
    name = f"<{source.label or MODULE}>"
    linecache.cache[name] = (len(padded), None, padded.splitlines(keepends=True), name)
    return name


def converted(content: str, values: dict[str, Any]) -> dict[str, Any]:
    """The arguments as Windmill's wrapper gives them to main: dates and bytes decoded, missing defaults left out."""
    from flexwm_nb.signatures import parse_signature

    made = dict(values)
    for found in parse_signature("python3", content)["args"]:
        name, kind = found["name"], found["typ"]
        if made.get(name) is None and found["has_default"]:
            made.pop(name, None)
        elif isinstance(kind, str) and kind in CONVERSIONS and isinstance(made.get(name), str):
            made[name] = _convert(name, kind, made[name])
    return made


def _bytes(text: str) -> bytes:
    import base64

    return base64.b64decode(text)


def _datetime(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)


def _date(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


CONVERSIONS = {"bytes": _bytes, "datetime": _datetime, "date": _date}


def _convert(name: str, kind: str, text: str) -> Any:
    try:
        return CONVERSIONS[kind](text)
    except ValueError:
        raise InvalidArguments(f"{name} takes {kind}, not {json.dumps(text)}", fields=[name]) from None


def _finished(value: Any) -> Any:
    """An awaitable's value, also where a loop runs already and this cell cannot await."""

    async def waited() -> Any:
        return await value

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(waited())
    import nest_asyncio

    nest_asyncio.apply(loop)
    return loop.run_until_complete(waited())
