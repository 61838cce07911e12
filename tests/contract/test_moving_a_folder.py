"""A folder goes from the local engine to the tested one and on to another local one, and is whole there."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import flexwm_nb
from flexwm_nb import sync
from flexwm_nb.engine import Engine
from flexwm_nb.flows.builder import Flow
from flexwm_nb.models.scripts import ScriptDraft
from tests.conftest import TOKEN, running_server

HOME = "f/moving"
SCHEDULE = {"schedule": "0 0 12 * * *", "timezone": "Europe/Berlin", "is_flow": False, "args": {"n": 4}}


def fill(engine: Engine) -> None:
    """One of each kind."""
    for language, name, content in (
        ("python3", "double", "import requests\n\n\ndef main(n: int = 3):\n    return n * 2\n"),
        ("bash", "say", 'word="$1"\necho "$word"\n'),
        ("bun", "same", "export function main(a: string) { return a }\n"),
    ):
        engine.scripts.register(ScriptDraft(path=f"{HOME}/{name}", language=language, content=content, summary="s"))
    flow = Flow(f"{HOME}/chain", summary="Doubled, then multiplied")
    doubled = flow.step(f"{HOME}/double", n=flow.input.n)
    with flow.for_each([1, 2], "each", parallel=True) as number:
        flow.code("python3", "def main(n: int, by: int): return n * by", "inner", n=number.item, by=doubled.result)
    engine.flows.register(flow)
    engine.variables.set(f"{HOME}/word", "één")
    engine.variables.set(f"{HOME}/hidden", "s3cret", secret=True)
    database = {"host": "a", "password": f"$var:{HOME}/hidden", "options": [1, {"x": None}]}
    engine.resources.set(f"{HOME}/database", database, resource_type="postgresql", description="main")
    schedule = {**SCHEDULE, "path": f"{HOME}/daily", "script_path": f"{HOME}/double", "enabled": False}
    engine.client.post(f"{engine.client.workspace}/schedules/create", schedule)


def move(source: Engine, target: Engine) -> None:
    """All below the folder; then there is nothing left to do."""
    sync.push(sync.copy(source.client, target.client, HOME, secrets=True), target)
    assert sync.copy(source.client, target.client, HOME, secrets=True) == []


def test_a_folder_moves_without_loss(engine: Engine, tmp_path: Path) -> None:
    """What arrives at the end is what began, and runs."""
    with ExitStack() as stack:

        def local(name: str) -> Engine:
            server = stack.enter_context(running_server(tmp_path / name))
            return stack.enter_context(flexwm_nb.connect(server.url, token=TOKEN))

        first, last = local("first"), local("last")
        first.client.post(f"{first.client.workspace}/folders/create", {"name": "moving", "summary": "all of it"})
        fill(first)
        move(first, engine)
        assert engine.run(f"{HOME}/chain", n=2).result() == [4, 8]
        move(engine, last)
        assert sync.copy(first.client, last.client, HOME, secrets=True) == []
        assert last.run(f"{HOME}/chain", n=2).result() == [4, 8]
        assert last.resources.get(f"{HOME}/database", interpolated=True)["password"] == "s3cret"
