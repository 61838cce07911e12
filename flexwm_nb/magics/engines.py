"""Which engine, how it is, and what there is to type."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from flexwm_nb.display import checks
from flexwm_nb.display.tables import Table
from flexwm_nb.errors import AuthenticationFailed, InvalidArguments
from flexwm_nb.magics.commands import Command, Connect
from flexwm_nb.magics.definitions import DEFINITIONS
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import variable

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine


async def windmill(call: Call, command: Command) -> Table:
    """Every magic with an example."""
    rows = [(item.title, item.help, item.examples[0].split("\n")[0] if item.examples else "") for item in DEFINITIONS]
    return Table(("magic", "does", "for example"), tuple(rows))


async def windmill_connect(call: Call, command: Connect) -> None:
    """Choose the engine, and say in one line which it is."""
    session, token = call.session, token_of(call, command.token_from)
    if (command.target, command.workspace, token) == (None, None, None):
        engine = await call.engine()
    else:
        target = command.target or session.settings.engine or None
        workspace = command.workspace or session.settings.workspace or None
        engine = await _chosen(call, target, workspace, token)
    found = await call.work(engine.describe)
    health = "healthy" if found.healthy else "not healthy (see %windmill_doctor)"
    print(f"{found.kind} engine · workspace {found.workspace} · {health}" if session.face == "plain" else found)


async def _chosen(call: Call, target: str | None, workspace: str | None, token: str | None) -> Engine:
    """Connect; where nothing has a token, ask the person who is there. Raises AuthenticationFailed."""
    try:
        return await call.work(call.session.connect(target, workspace, token).result)
    except AuthenticationFailed as error:
        if not error.details.get("missing") or not (given := asked_token(call, f"{error.what}. Token: ")):
            raise
        return await call.work(call.session.connect(target, workspace, given).result)


def asked_token(call: Call, question: str) -> str:
    """What the person answers, not shown; empty where nobody is there."""
    kernel = getattr(call.session.shell, "kernel", None)
    can_answer = sys.stdin.isatty() if kernel is None else getattr(kernel, "_allow_stdin", False)
    return getpass.getpass(question).strip() if can_answer else ""


def token_of(call: Call, name: str | None) -> str | None:
    """The text in a kernel variable. Raises InvalidArguments."""
    if name is None:
        return None
    value = variable(name, call.names, f"--token ${name}")
    if not isinstance(value, str) or not value:
        raise InvalidArguments(f"--token ${name}: {name} is no token but a {type(value).__name__}", fields=["token"])
    return value


async def windmill_health(call: Call, command: Command) -> Table:
    """The engine's checks."""
    engine = await call.engine()
    return checks.checks(await call.work(engine.health.check), call.session.face)


async def windmill_doctor(call: Call, command: Command) -> Table:
    """The notebook's checks and the engine's; this one works without an engine too."""
    from flexwm_nb.magics import doctor

    return checks.checks([*doctor.notebook(call), *await doctor.engine(call)], call.session.face)
