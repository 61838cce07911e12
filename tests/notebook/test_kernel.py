"""In a real kernel: cells are awaited, the interrupt cancels, errors are error outputs, Run All stops."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from flexwm_nb.engine import Engine

SECONDS = 60.0  # that a message may take
SLOW = """%%windmill_script python3 f/kernel/slow --arg seconds={seconds}
def main(seconds: float):
    import time
    print('begun', flush=True)
    time.sleep(seconds)
    return 'done'
"""
TICKING = """import asyncio
ticks = 0
async def tick():
    global ticks
    while True:
        ticks += 1
        await asyncio.sleep(.01)
task = asyncio.get_running_loop().create_task(tick())
"""
LOCAL = """%%windmill_script python3 f/kernel/local --local
import asyncio
async def main():
    await asyncio.sleep(0)
    return 7
"""
RELOAD = """import sys, time
for name in [name for name in sys.modules if name.startswith('flexwm_nb')]:
    del sys.modules[name]
began = time.perf_counter()
%load_ext flexwm_nb
print(time.perf_counter() - began)
"""


@dataclass
class Ran:
    """What a cell left in the notebook."""

    status: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)  # contents of display, result, stream, error messages
    updates: list[dict[str, Any]] = field(default_factory=list)
    displays: int = 0

    @property
    def text(self) -> str:
        """All texts."""
        return "\n".join(str(out.get("data", {}).get("text/plain") or out.get("text") or "") for out in self.outputs)

    @property
    def error(self) -> str:
        """The error output's lines."""
        return "\n".join(line for out in self.outputs for line in out.get("traceback", []))


class Kernel:
    """A kernel and how to talk to it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        """A running one."""
        self.manager, self.client = manager, client

    def start(self, code: str) -> str:
        """Send a cell."""
        return self.client.execute(code, store_history=True)

    def finish(self, message: str, on_message: Any = None) -> Ran:
        """Read all that a cell says, until it has ended."""
        ran = Ran()
        while True:
            said = self.client.get_iopub_msg(timeout=SECONDS)
            if said["parent_header"].get("msg_id") != message:
                continue
            kind, content = said["msg_type"], said["content"]
            if on_message is not None:
                on_message(kind, content)
            if kind == "update_display_data":
                ran.updates.append(content)
            elif kind in ("display_data", "execute_result", "stream", "error"):
                ran.outputs.append(content)
            elif kind == "status" and content["execution_state"] == "idle":
                break
        while (reply := self.client.get_shell_msg(timeout=SECONDS))["parent_header"].get("msg_id") != message:
            pass
        ran.status = reply["content"]["status"]
        return ran

    def cell(self, code: str) -> Ran:
        """Run a cell."""
        return self.finish(self.start(code))

    def complete(self, code: str) -> list[str]:
        """What a notebook offers at the end of a text."""
        message = self.client.complete(code, len(code))
        while (reply := self.client.get_shell_msg(timeout=SECONDS))["parent_header"].get("msg_id") != message:
            pass
        return list(reply["content"]["matches"])


@pytest.fixture(scope="module")
def kernel(wm: Engine, surroundings: dict[str, str]) -> Iterator[Kernel]:
    """One kernel for all tests, with the extension loaded."""
    manager, client = start_new_kernel(env={**os.environ, **surroundings})
    made = Kernel(manager, client)
    assert made.cell("%load_ext flexwm_nb").status == "ok"
    yield made
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_cell_is_awaited_and_shows_a_line_and_a_frame(kernel: Kernel) -> None:
    """HTML for the notebook, text for everything else."""
    source = "def main():\n    print('hello')\n    return [{'a': 1}, {'a': 2}]"
    ran = kernel.cell(f"%%windmill_script python3 f/kernel/rows -o rows\n{source}")
    assert ran.status == "ok"
    line, result = (out["data"] for out in ran.outputs)
    assert "f/kernel/rows v1 registered · job " in line["text/plain"]
    assert '<b style="unicode-bidi:isolate">f/kernel/rows v1 registered</b>' in line["text/html"]
    assert "hello" in line["text/html"]
    assert "<table" in result["text/html"]
    assert "awaited: " in kernel.cell("d = %windmill_doctor\nprint(d)").text


def test_while_it_waits_the_kernel_does_other_work(kernel: Kernel) -> None:
    """Tasks of the event loop go on during an awaited cell; order and values are as in plain code."""
    kernel.cell(TICKING)
    assert kernel.cell(SLOW.format(seconds=0.6)).status == "ok"
    said = kernel.cell("print(ticks > 20, task.cancel())\nx = %windmill_run f/kernel/slow seconds=0 -q\nprint(x)").text
    assert said.split() == ["True", "True", "done"]


def test_a_long_run_has_one_line_that_lives(kernel: Kernel) -> None:
    """Updates go to one display, which is empty at the end; the line that stays is one of its own."""
    ran = kernel.cell(SLOW.format(seconds=1.2))
    assert len(ran.updates) >= 3
    assert len({update["transient"]["display_id"] for update in ran.updates}) == 1
    assert any("begun" in update["data"]["text/html"] for update in ran.updates)
    assert ran.updates[-1]["data"]["text/plain"] == ""
    assert "ran 1." in ran.text


def test_inside_functions_and_magics_it_blocks(kernel: Kernel) -> None:
    """Where a cell cannot await, the same happens synchronously."""
    code = "def inside(s):\n    found = %windmill_run f/kernel/slow seconds=$s -q\n    return found\nprint(inside(0))"
    assert kernel.cell(code).text.strip() == "done"
    assert "done" in kernel.cell("%%time\ny = %windmill_run f/kernel/slow seconds=0 -q\nprint(y)").text
    assert "done" in kernel.cell("for i in range(2):\n    z = %windmill_run f/kernel/slow seconds=0 -q\nprint(z)").text


def test_local_awaits_an_async_main(kernel: Kernel) -> None:
    """By the kernel's own loop, and under %%time, where no cell can await, with nest-asyncio."""
    assert kernel.cell(LOCAL).text.strip() == "7"
    assert kernel.cell(f"%%time\n{LOCAL}").outputs[-1]["data"]["text/plain"] == "7"


def test_the_interrupt_cancels_the_job(kernel: Kernel, wm: Engine) -> None:
    """The cell ends with an error output of one line, queued cells do not run, the job is cancelled."""
    message = kernel.start(SLOW.format(seconds=60))
    after = kernel.start("print('never')")

    def interrupt(kind: str, content: dict[str, Any]) -> None:
        if kind in ("display_data", "update_display_data") and "begun" in str(content["data"]):
            kernel.manager.interrupt_kernel()

    began = time.monotonic()
    ran = kernel.finish(message, interrupt)
    assert time.monotonic() - began < 20
    assert ran.status == "error"
    assert ran.error.startswith("cancelled (job ")
    assert kernel.finish(after).status == "aborted"
    job = wm.executions.list("f/kernel/slow", per_page=1)[0]
    assert wm.executions.attach(job.id).wait(20).state == "canceled"
    assert kernel.cell("print('still here')").text.strip() == "still here"


CHATTY = """%%windmill_script python3 f/kernel/chatty
import time
def main():
    for number in range(600):
        print("line", number, flush=True)
        time.sleep(0.02)
"""


def test_one_interrupt_is_enough_while_the_log_grows(kernel: Kernel, wm: Engine) -> None:
    """An interrupt that comes together with a log line is not lost."""
    message = kernel.start(CHATTY)
    interrupts = 0

    def interrupt(kind: str, content: dict[str, Any]) -> None:
        nonlocal interrupts
        if not interrupts and kind == "update_display_data" and "line" in str(content["data"]):
            interrupts += 1
            kernel.manager.interrupt_kernel()

    began = time.monotonic()
    ran = kernel.finish(message, interrupt)
    assert (ran.status, interrupts) == ("error", 1)
    assert time.monotonic() - began < 10


def test_a_detached_run_is_a_line_that_lives(kernel: Kernel) -> None:
    """It is shown once, and updated under its own display id when the run has ended, whatever cell runs then."""
    code = "%windmill_run f/kernel/slow seconds=1 --detach -o run"
    ran = kernel.cell(code)
    assert len(ran.outputs) == 1
    shown = ran.outputs[0]
    said: list[str] = []
    deadline = time.monotonic() + SECONDS
    while "ran 1." not in "".join(said):
        assert time.monotonic() < deadline
        update = kernel.client.get_iopub_msg(timeout=SECONDS)
        if update["msg_type"] == "update_display_data":
            assert update["content"]["transient"] == shown["transient"]
            said.append(update["content"]["data"]["text/plain"])
    assert kernel.cell("await run").text == "'done'"


ERRORS = {
    "a failed job": ("%%windmill_script python3 f/kernel/fails\ndef main():\n    return 1 / 0", "ZeroDivisionError"),
    "a mistake in the line": ("%windmill_run f/kernel/slow secnds=1", "Did you mean 'seconds'?"),
    "a mistake in a cell without a cell": ("%%windmill_script python3 f/kernel/none", "the cell is empty"),
    "a mistake inside of a function": (
        "def f():\n    %windmill_run f/kernel/slow secnds=1\nf()",
        "Did you mean 'seconds'?",
    ),
}


@pytest.mark.parametrize(("code", "said"), ERRORS.values(), ids=ERRORS)
def test_every_error_is_an_error_output(kernel: Kernel, code: str, said: str) -> None:
    """So that Run All and the like stop there; the lines are ours, without a traceback of the package."""
    ran = kernel.cell(code)
    assert ran.status == "error"
    assert said in ran.error
    assert "dispatch.py" not in ran.error


def test_completion_comes_through_complete_requests(kernel: Kernel) -> None:
    """As a notebook asks for it."""
    assert "f/kernel/slow" in kernel.complete("x = %windmill_run f/kernel/sl")
    assert kernel.complete("%windmill_run f/kernel/slow sec") == ["seconds="]
    cell = "%%windmill_script python3 f/kernel/new --arg fi"
    reply = kernel.client.complete(f"{cell}\ndef main(first: int): ...", len(cell))
    while (said := kernel.client.get_shell_msg(timeout=SECONDS))["parent_header"].get("msg_id") != reply:
        pass
    assert said["content"]["matches"] == ["first="]


BODIES = {
    "Python": ("python3", "import json\ndef main(first: int):\n    json.dum", ["dump", "dumps"]),
    "no Python in bash": ("bash", "pri", []),
}


@pytest.mark.parametrize(("language", "body", "texts"), BODIES.values(), ids=BODIES)
def test_completion_below_a_magic_is_that_of_a_job(kernel: Kernel, language: str, body: str, texts: list[str]) -> None:
    """Neither variables of this kernel nor files and magics are among what is offered."""
    kernel.cell("json = first_of_kernel = print_of_kernel = 1")
    assert kernel.complete(f"%%windmill_script {language} f/kernel/new\n{body}") == texts


def test_two_kernels_register_the_same_path_at_once(kernel: Kernel, wm: Engine, surroundings: dict[str, str]) -> None:
    """Both get in, one version after the other; nobody sees a conflict."""
    manager, client = start_new_kernel(env={**os.environ, **surroundings})
    other = Kernel(manager, client)
    try:
        other.cell("%load_ext flexwm_nb")
        for number in range(3):
            cell = "%%windmill_script bash f/kernel/race\necho {} {}"
            sent = [(one, one.start(cell.format(name, number))) for name, one in (("a", kernel), ("b", other))]
            assert [one.finish(message).status for one, message in sent] == ["ok", "ok"]
        assert [version.number for version in wm.scripts.history("f/kernel/race")] == [6, 5, 4, 3, 2, 1]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_run_all_stops_at_a_failed_job(wm: Engine, surroundings: dict[str, str], tmp_path: Path) -> None:
    """A runner such as nbclient raises at the failed cell, and the notebook has its error output."""
    cells = ["%load_ext flexwm_nb", *(code for code, _ in [ERRORS["a failed job"]]), "print('never')"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=int(SECONDS), resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        client.execute(env={**os.environ, **surroundings})
    nbformat.validate(notebook)
    assert [output.output_type for output in notebook.cells[1].outputs][-1] == "error"
    assert notebook.cells[2].outputs == []


def test_the_extension_loads_quickly(kernel: Kernel) -> None:
    """`%load_ext` takes at most 200 ms, and what it starts is not waited for."""
    kernel.cell("%unload_ext flexwm_nb")
    assert float(kernel.cell(RELOAD).text) < 1.0  # a wide margin for a busy machine


FLOW = """%%windmill_flow f/kernel/flow seconds={seconds}
def first():
    print("begun", flush=True)
    return 1


def second(one: int, seconds: float):
    import time

    time.sleep(seconds)
    return one + 1


begun = flow.step(first)
flow.step(second, one=begun.result, seconds=flow.input.seconds)
"""


def test_a_flow_is_drawn_while_it_runs(kernel: Kernel) -> None:
    """One display lives and is emptied; the picture and the line that stay are displays of their own."""
    ran = kernel.cell(FLOW.format(seconds=1.2))
    assert ran.status == "ok"
    living = [str(update["data"].get("text/html")) for update in ran.updates]
    assert any("✓ first" in shown and "▶ second" in shown and "<svg" in shown for shown in living)
    assert living[-1] == ""
    pictures = [out["data"] for out in ran.outputs if "image/svg+xml" in out.get("data", {})]
    assert [picture["text/plain"].count("✓") for picture in pictures] == [2]
    assert "f/kernel/flow v1 registered · 2 steps" in ran.text


def test_the_interrupt_cancels_a_flow_with_its_steps(kernel: Kernel, wm: Engine) -> None:
    """Nothing of it goes on."""
    message = kernel.start(FLOW.format(seconds=60))

    def interrupt(kind: str, content: dict[str, Any]) -> None:
        if kind in ("display_data", "update_display_data") and "▶ second" in str(content["data"]):
            kernel.manager.interrupt_kernel()

    ran = kernel.finish(message, interrupt)
    assert ran.status == "error"
    assert ran.error.startswith("cancelled (job ")
    job = wm.executions.list("f/kernel/flow", per_page=1)[0]
    assert wm.executions.attach(job.id).wait(20).state == "canceled"
    assert not wm.executions.list(state="running", kinds=("preview", "script", "flow"))


def test_a_flow_that_was_left_is_come_back_to(kernel: Kernel) -> None:
    """With its picture."""
    assert kernel.cell(FLOW.format(seconds=1).replace("flow sec", "flow --detach sec")).status == "ok"
    ran = kernel.cell("%windmill_attach")
    assert ran.status == "ok"
    assert "✓ first" in ran.text
    assert ran.text.rstrip().endswith("2")


def test_a_replayed_error_can_be_debugged(kernel: Kernel) -> None:
    """The debugger finds the frames of main, with the job's own values."""
    source = "def main(n: int):\n    half = n / 2\n    return half / 0"
    assert kernel.cell(f"%%windmill_script python3 f/kernel/debug --arg n=3\n{source}").status == "error"
    assert kernel.cell("%windmill_replay").status == "error"
    look = "import sys\nat = sys.last_traceback\nwhile at.tb_next:\n    at = at.tb_next\nprint(at.tb_frame.f_locals)"
    assert "{'n': 3, 'half': 1.5}" in kernel.cell(look).text
