"""Which engine, how it is, and what there is to type."""

from __future__ import annotations

import getpass
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from flexwm_nb.display import checks, wording
from flexwm_nb.display.steps import LivingSteps
from flexwm_nb.display.tables import Table
from flexwm_nb.errors import AuthenticationFailed, InvalidArguments
from flexwm_nb.magics.awaiting import END, Feed
from flexwm_nb.magics.commands import Command, Connect
from flexwm_nb.magics.definitions import DEFINITIONS
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import variable

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine

T = TypeVar("T")
TICK = 0.5  # seconds


async def windmill(call: Call, command: Command) -> Table:
    """Every magic with an example."""
    rows = [(item.title, item.help, item.examples[0].split("\n")[0] if item.examples else "") for item in DEFINITIONS]
    return Table(("magic", "does", "for example"), tuple(rows))


async def windmill_connect(call: Call, command: Connect) -> None:
    """Choose the engine, and say in one line which it is."""
    session, token = call.session, token_of(call, command.token_from)
    began, steps = time.monotonic(), ""
    if command.build:
        await _built(call)
    if (command.target, command.workspace, token) == (None, None, None):
        engine = await call.engine()
    else:
        target = command.target or session.settings.engine or None
        workspace = command.workspace or session.settings.workspace or None
        engine, steps = await _chosen(call, target, workspace, token)
    found = await call.work(engine.describe)
    health = "healthy" if found.healthy else "not healthy (see %windmill_doctor)"
    if session.face == "plain":
        print(f"{found.kind} engine · workspace {found.workspace} · {health}")
    elif steps and found.healthy:
        seconds = time.monotonic() - began
        print(f"{steps} · workspace {found.workspace} · ready in {wording.seconds(timedelta(seconds=seconds))}")
    else:
        print(found)


async def _chosen(call: Call, target: str | None, workspace: str | None, token: str | None) -> tuple[Engine, str]:
    """Connect; where nothing has a token, ask the person who is there. Raises AuthenticationFailed."""
    try:
        return await _connected(call, target, workspace, token)
    except AuthenticationFailed as error:
        if not error.details.get("missing") or not (given := asked_token(call, f"{error.what}. Token: ")):
            raise
        return await _connected(call, target, workspace, given)


async def _connected(call: Call, target: str | None, workspace: str | None, token: str | None) -> tuple[Engine, str]:
    """Connect, with each step of a start in one line."""
    return await _followed(call, lambda tell: call.session.connect(target, workspace, token, tell=tell).result())


async def _built(call: Call) -> None:
    """Build the managed engine's program, with progress; an interrupt stops the build. Raises EngineError."""
    from flexwm_nb.backends.managed.manager import BuildManager
    from flexwm_nb.config import Config

    cancelled = threading.Event()
    await _followed(call, lambda tell: BuildManager(Config()).build(tell, cancelled), cancelled.set)


async def _followed(
    call: Call, work: Callable[[Callable[[str], None]], T], abort: Callable[[], None] = lambda: None
) -> tuple[T, str]:
    """Do something in a thread that tells its steps, and show them in one line meanwhile; what it gave, and they."""
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work(told.put))
        except BaseException as error:  # handed over to who waits
            done.set_exception(error)
        told.put(None)

    threading.Thread(target=run, name="flexwm-steps", daemon=True).start()
    line, feed = LivingSteps(call.session.face), Feed(iter(told.get, None), abort=abort)
    try:
        while (step := await call.pace.take(feed, TICK)) is not END:
            if step is not None:
                line.add(step)
    finally:
        feed.close()
        line.close()
    return done.result(), str(line)


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
