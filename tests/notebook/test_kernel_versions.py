"""What a click does while a cell runs, on every version of ipykernel that people have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.engine import Engine
from tests.notebook.test_kernel import start_new_kernel
from tests.notebook.test_page import SLOW, Page

# the version, and whether it hears a click while a cell runs; where it does not, no button is shown that says so
VERSIONS = {"6.29.5": False, "7.0.1": True, "7.3.0": True, "7.4.0": True}


@pytest.fixture(scope="module", params=VERSIONS)
def page(
    request: pytest.FixtureRequest, wm: Engine, surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """A page with a kernel of one version, which lies before the installed one."""
    folder = tmp_path_factory.mktemp("ipykernel")
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*install, f"ipykernel=={request.param}", "nest-asyncio"], check=True)
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    manager, client = start_new_kernel(env={**os.environ, **surroundings, "PYTHONPATH": path})
    made = Page(manager, client)
    with made.open():
        made.open_subshell()
        made.load()
        assert made.cell("import ipykernel\nprint(ipykernel.__version__)").text.strip() == request.param
        yield made


def test_a_run_is_cancelled_by_a_click_or_else_by_the_interrupt(
    page: Page, wm: Engine, request: pytest.FixtureRequest
) -> None:
    """The button is there where the kernel hears it; the cell ends at once with an error either way."""
    is_heard = VERSIONS[request.node.callspec.params["page"]]
    done: list[float] = []
    buttons: list[list[str]] = []

    def cancel(kind: str, content: dict[str, Any]) -> None:
        page.see(kind, content)
        if kind == "comm_open" and "actions" in (content["data"]["state"].get("state") or {}):
            buttons.append(content["data"]["state"]["state"]["actions"])
        if len(page.comms) == 2 and not done and "begun" in str(page.told):
            done.append(time.monotonic())
            page.send(page.comms[1], "cancel") if is_heard else page.manager.interrupt_kernel()

    ran = page.finish(page.start(SLOW), cancel)
    assert time.monotonic() - done[0] < 20
    assert ran.status == "error"
    assert "cancelled" in ran.error
    assert buttons == [["cancel", "detach"] if is_heard else []]
    job = wm.executions.list("f/page/slow", per_page=1)[0]
    assert wm.executions.attach(job.id).wait(20).state == "canceled"  # the interrupt does not wait for the process


def test_a_detached_run_is_told_to_the_page(page: Page) -> None:
    """By a thread that belongs to no cell."""
    assert page.finish(page.start("%windmill_run f/page/slow seconds=1 --detach"), page.see).status == "ok"
    page.told.clear()
    page.listen(lambda: any(told.get("set", {}).get("state") == "success" for told in page.told))
    assert page.cell("1 + 1").text == "2"
