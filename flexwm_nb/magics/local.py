"""`--local`: run a cell's main in the kernel, where it can be debugged. Nothing is registered."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import types
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


async def run_here(call: Call, command: RegisterScript, arguments: Arguments) -> Any:
    """Run main with the arguments and give its result; an error is an ordinary one, for %debug.

    Frames are given to it as they are, not as files. A main that is `async def` is awaited.
    """
    values = {**converted(command, arguments.values), **{file.name: file.frame for file in arguments.files}}
    try:
        value = module_of(call, command).main(**values)
        if inspect.isawaitable(value):
            value = await value if call.pace.awaited else _finished(value)
    except Exception as error:
        show_own_frames(call.session.shell, error)
        raise
    call.put(command.output, value)
    return results.present(value, autoframe=call.session.settings.autoframe)


def show_own_frames(shell: Any, error: Exception) -> None:
    """Let an error be shown from the cell's own frames on; %debug has them all."""
    own = error.__traceback__
    while own is not None and Path(own.tb_frame.f_code.co_filename).parent == HERE:
        own = own.tb_next
    with contextlib.suppress(AttributeError):  # an error that takes no attributes is shown whole
        lines = partial(shell.InteractiveTB.structured_traceback, type(error), error, own)
        error._render_traceback_ = lines  # type: ignore[attr-defined]


def module_of(call: Call, command: RegisterScript) -> Any:
    """The cell as a module whose lines are the cell's lines."""
    number, above = call.cell()
    padded = "\n" * above + command.content
    name = call.session.shell.compile.cache(padded, number)
    module = types.ModuleType(MODULE)
    module.__file__ = name
    exec(compile(padded, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  what --local is for
    return module


def converted(command: RegisterScript, values: dict[str, Any]) -> dict[str, Any]:
    """The arguments as Windmill's wrapper gives them to main: dates and bytes decoded, missing defaults left out."""
    from flexwm_nb.signatures import parse_signature

    made = dict(values)
    for found in parse_signature(command.language, command.content)["args"]:
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
