"""What is registered: scripts, their versions, and how those differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flexwm_nb.display import frames
from flexwm_nb.display.diffs import Diff, history_html
from flexwm_nb.display.live import put
from flexwm_nb.errors import ScriptNotFound
from flexwm_nb.magics.arguments import nearest
from flexwm_nb.magics.commands import ListScripts, Versions
from flexwm_nb.magics.session import Call

UNFOLDED = 10  # versions whose changes are shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from flexwm_nb.engine import Engine


async def windmill_scripts(call: Call, command: ListScripts) -> Any:
    """The scripts as a frame."""
    engine = await call.engine()
    found = await call.work(
        engine.scripts.list,
        path_start=command.prefix,
        language=command.language,
        archived=command.archived,
        limit=command.limit,
    )
    made = frames.scripts(found, workspace=engine.client.endpoint.workspace)
    return frames.steady(made) if call.session.face == "plain" else made


async def windmill_history(call: Call, command: Versions) -> Any:
    """A script's or flow's versions as a frame."""
    engine = await call.engine()
    path = command.reference.partition("@")[0]
    asked = engine.flows if await is_flow(call, engine, path) else engine.scripts
    found = await about(call, engine, path, asked.history, path)
    made = frames.versions(found, path=path)
    if call.session.face == "plain":
        return frames.steady(made)
    if call.session.face != "rich":
        return made
    changes = [(_named(version), await call.work(asked.diff, str(version))) for version in found[:UNFOLDED]]
    bundle = {"text/plain": repr(made), "text/html": made.to_html(notebook=True) + history_html(changes)}
    return frames.living(made, lambda: put(bundle))


def _named(version: Any) -> str:
    """A version as the line that unfolds what it changed."""
    parts = (f"v{version.number}", f"{version.created_at:%Y-%m-%d %H:%M}" if version.created_at else "")
    return " · ".join(part for part in (*parts, version.deployment_message or "") if part)


async def windmill_diff(call: Call, command: Versions) -> Any:
    """What changed from the version before, or between the two that are given; the same of runs."""
    if command.is_of_runs:
        from flexwm_nb.magics.run_diffs import diff_of_runs

        return await diff_of_runs(call, command)
    engine = await call.engine()
    path = command.reference.partition("@")[0]
    new, old = in_order(command.reference, command.other)
    asked = engine.flows if await is_flow(call, engine, path) else engine.scripts
    return Diff(await about(call, engine, path, asked.diff, new, old))


async def is_flow(call: Call, engine: Engine, path: str) -> bool:
    """Whether a path is a flow's and no script's."""
    return not await call.work(engine.scripts.exists, path) and await call.work(engine.flows.exists, path)


def in_order(reference: str, other: str | None) -> tuple[str, str | None]:
    """The new and the old of two references: from the first to the second, but from a version to the current one."""
    path, at, _ = reference.partition("@")
    if other is None:
        return reference, None
    second = other if "/" in other else f"{path}@{other.removeprefix('@')}"
    return (second, reference) if at or "/" in other else (reference, second)


async def about(call: Call, engine: Engine, path: str, ask: Callable[..., Any], /, *arguments: Any) -> Any:
    """What the engine says of a script. Raises ScriptNotFound with the path that was probably meant."""
    try:
        return await call.work(ask, *arguments)
    except ScriptNotFound as error:
        known = [script.path for script in await call.work(engine.scripts.list)]
        close = None if path in known else nearest(path, known)
        if close is None:
            raise
        raise ScriptNotFound(f"there is no script {path}", remedy=f"Did you mean {close}?", **error.details) from None
