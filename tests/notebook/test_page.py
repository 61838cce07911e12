"""A page that draws widgets, as the kernel sees it: it answers the question for it, and its clicks do something."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from flexwm_nb.engine import Engine
from tests.notebook.test_kernel import SECONDS, Kernel, start_new_kernel

SLOW = """%%windmill_script python3 f/page/slow
import time
def main(seconds: float = 60):
    print("begun", flush=True)
    time.sleep(seconds)
    return 'done'
"""


SEEN = """import asyncio, time
from flexwm_nb.magics import extension_of
desk, end = extension_of(get_ipython()).session.desk, time.monotonic() + 30
while not desk.is_seen and time.monotonic() < end:
    await asyncio.sleep(0.05)
print(desk.is_seen)
"""


class Page(Kernel):
    """What a front end sends when it draws widgets."""

    def __init__(self, *parts: Any) -> None:
        """It has drawn none yet."""
        super().__init__(*parts)
        self.comms: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.subshell = ""
        self.is_early = True  # answers a widget as soon as it is opened; else only when it is asked again

    @contextmanager
    def open(self) -> Iterator[None]:
        """Leave no kernel behind."""
        try:
            yield
        finally:
            self.client.stop_channels()
            self.manager.shutdown_kernel(now=True)

    def open_subshell(self) -> None:
        """Let clicks take a way of their own where the kernel has one, as JupyterLab does."""
        self.client.kernel_info()
        told = self.client.get_shell_msg(timeout=SECONDS)["content"]
        if "kernel subshells" in told.get("supported_features", ()):
            self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
            self.subshell = self.client.get_control_msg(timeout=SECONDS)["content"]["subshell_id"]

    def send(self, comm: str, act: str) -> None:
        """Send an action of a widget."""
        content = {"comm_id": comm, "data": {"method": "custom", "content": {"act": act}}}
        message = self.client.session.msg("comm_msg", content)
        if self.subshell:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def load(self) -> None:
        """Load the extension, and wait until the kernel knows of this page."""
        self.finish(self.start("%load_ext flexwm_nb"), self.see)
        self.listen(lambda: {"act": "hello"} in self.told)
        assert self.cell(SEEN).text.strip() == "True"

    def see(self, kind: str, content: dict[str, Any]) -> None:
        """Answer for each widget that is opened, and note what it is told."""
        if kind == "comm_open" and content["data"]["state"].get("_model_module") == "anywidget":
            self.comms.append(content["comm_id"])
            if self.is_early:
                self.send(content["comm_id"], "hello")
        elif kind == "comm_msg" and content["data"].get("method") == "custom":
            self.told.append(content["data"]["content"])
            if self.told[-1].get("hello") or self.told[-1].get("act") == "hello":
                self.send(content["comm_id"], "hello")

    def listen(self, until: Callable[[], bool]) -> None:
        """Take what the kernel says by itself."""
        end = time.monotonic() + SECONDS
        while not until():
            assert time.monotonic() < end
            said = self.client.get_iopub_msg(timeout=SECONDS)
            self.see(said["msg_type"], said["content"])


@pytest.fixture(scope="module")
def page(wm: Engine, surroundings: dict[str, str]) -> Iterator[Page]:
    """One page with its kernel, whose first answers came too early; the extension is loaded and knows of the page."""
    import os

    manager, client = start_new_kernel(env={**os.environ, **surroundings})
    made = Page(manager, client)
    made.is_early = False
    with made.open():
        made.load()
        yield made


def test_a_click_on_cancel_ends_the_run_while_its_cell_runs(page: Page, wm: Engine) -> None:
    """The output is one display, marked as the place of the view; the click is handled at once."""
    clicked: list[float] = []

    def click(kind: str, content: dict[str, Any]) -> None:
        page.see(kind, content)
        if len(page.comms) == 2 and not clicked and "begun" in str(page.told):
            clicked.append(time.monotonic())
            page.send(page.comms[1], "cancel")

    ran = page.finish(page.start(SLOW), click)
    assert time.monotonic() - clicked[0] < 20
    assert ran.status == "error"
    assert "cancelled in the notebook" in ran.error
    shown = [out["data"] for out in ran.outputs if "data" in out]
    assert len(shown) == 1
    assert 'class="flexwm-at ' in shown[0]["text/html"]
    assert "cancelled" in ran.updates[-1]["data"]["text/plain"]
    assert wm.executions.list("f/page/slow", per_page=1)[0].state == "canceled"


def test_what_was_detached_is_told_to_the_page_until_its_end(page: Page) -> None:
    """Whatever the kernel does meanwhile; the saved output has the last state."""
    ran = page.finish(page.start("%windmill_run f/page/slow seconds=1 --detach"), page.see)
    assert ran.status == "ok"
    page.told.clear()
    page.listen(lambda: any(told.get("set", {}).get("state") == "success" for told in page.told))
    assert page.cell("1 + 1").text == "2"
