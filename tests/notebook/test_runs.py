"""Runs are listed, looked at, left, come back to and ended: in a real shell, on a real engine."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.completer import provisionalcompleter, rectify_completions

import flexwm_nb
from flexwm_nb import journal
from flexwm_nb.display.frames import JOB_COLUMNS
from flexwm_nb.engine import Engine
from flexwm_nb.errors import ExecutionError, ExecutionTimeout, FlexwmError, JobCanceled, JobFailed
from flexwm_nb.execution import Execution
from flexwm_nb.magics import extension_of

if TYPE_CHECKING:
    from conftest import TestingShell

SLOW = """def main(seconds: float):
    import time
    print('begun', flush=True)
    time.sleep(seconds)
    return 'done'
"""


@pytest.fixture
def slow(shell: TestingShell) -> str:
    """A script that takes its time."""
    shell.cell(f"%%windmill_script python3 f/nb/slow --no-run\n{SLOW}")
    return "f/nb/slow"


def until(condition: Any, seconds: float = 20.0) -> Any:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def interrupt_when(condition: Any) -> threading.Thread:
    """Interrupt this process, as a kernel's interrupt does, when something has come true."""

    def wait() -> None:
        until(condition)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_runs_are_a_frame_with_documented_columns(shell: TestingShell) -> None:
    """Newest first, of one script and one state where that is asked for."""
    shell.cell("%%windmill_script bash f/nb/listed\necho one")
    shell.cell("%windmill_run f/nb/listed")
    shell.failure("%%windmill_script bash f/nb/listed\nexit 3")
    frame = shell.cell("%windmill_jobs f/nb/listed")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == dict(JOB_COLUMNS)
    assert list(frame["state"]) == ["failure", "success", "success"]
    assert len(shell.cell("%windmill_jobs f/nb/listed --state failure")) == 1
    assert len(shell.cell("%windmill_jobs f/nb/listed --limit 2")) == 2


def test_one_run_is_seen_whole(shell: TestingShell) -> None:
    """State, arguments, log and result; by the last run, by an id's end, by what the line shows of it."""
    shell.cell("%%windmill_script python3 f/nb/seen --arg n=3\ndef main(n: int):\n    print('hello')\n    return n * 2")
    view = shell.cell("%windmill_job")
    assert (view.state, view.arguments, view.result) == ("success", {"n": 3}, 6)
    assert "hello" in str(view)
    assert "result    6" in str(view)
    assert shell.cell(f"%windmill_job {view.id[-8:]}").id == view.id
    assert shell.cell(f"%windmill_job {view.id[:4]}…{view.id[-6:]}").id == view.id
    shell.cell("%windmill_logs")
    assert "hello" in shell.output
    assert "PYTHON" in shell.output
    shell.cell("%windmill_logs --tail 1")
    assert shell.output.strip() == "hello"


def test_a_failed_run_is_seen_with_its_traceback(shell: TestingShell) -> None:
    """Looking at it raises nothing."""
    shell.failure("%%windmill_script python3 f/nb/seen2\ndef main():\n    return 1 / 0")
    view = shell.cell("%windmill_job")
    assert "----> 3     return 1 / 0" in str(view)
    assert "ZeroDivisionError" in view._repr_html_()


def test_a_detached_run_is_come_back_to(shell: TestingShell, slow: str) -> None:
    """`--detach` gives the handle at once; `%windmill_attach` shows the run from its first line to its result."""
    run = shell.cell(f"%windmill_run {slow} seconds=1 --detach -o run")
    assert isinstance(run, Execution)
    assert "f/nb/slow v1 · job " in shell.output
    assert shell.user_ns["run"] is run
    assert shell.cell("%windmill_attach -o value") == "done"
    assert "begun" in shell.output
    assert shell.user_ns["value"] == "done"
    shell.cell("%windmill_attach")
    assert "No run of this notebook goes on" in shell.output


def test_a_cell_that_is_run_again_comes_back_to_its_run(shell: TestingShell, slow: str) -> None:
    """With `--resume` nothing is started while what it left goes on, and else as ever."""
    left = shell.cell(f"%windmill_run {slow} seconds=2 --detach")
    assert shell.cell(f"%windmill_run {slow} seconds=2 --resume -o value") == "done"
    assert left.done
    again = shell.cell(f"%windmill_run {slow} seconds=0 --resume --detach")
    assert again.id != left.id
    again.wait(30)


def test_what_the_notebook_left_running_is_found_by_the_next_kernel(shell: TestingShell, wm: Engine, slow: str) -> None:
    """The journal knows it; where several go on, they are listed."""
    runs = [shell.cell(f"%windmill_run {slow} seconds=30 -d") for _ in range(2)]
    assert {run.id for run in runs} <= {record.job_id for record in journal.read("tests.ipynb")}
    flexwm_nb.unload_ipython_extension(shell)
    flexwm_nb.load_ipython_extension(shell)
    assert set(shell.cell("%windmill_attach")["id"]) == {run.id for run in runs}
    assert "2 runs of this notebook go on" in shell.output
    shell.cell(f"%windmill_cancel {runs[0].id} {runs[1].id[-8:]} --reason enough")
    assert shell.output.count("cancelled") == 2
    assert wm.executions.attach(runs[0].id).wait().canceled_reason == "enough"
    shell.cell(f"%windmill_cancel {runs[0].id}")
    assert "has ended already" in shell.output
    assert "cancelled by" in shell.message(f"%windmill_attach {runs[0].id}")


def test_the_kernels_interrupt_cancels_the_job(shell: TestingShell, wm: Engine, slow: str) -> None:
    """The error says so in one line, and the job ends."""
    before = len(extension_of(shell).session.runs)
    thread = interrupt_when(lambda: len(extension_of(shell).session.runs) > before)
    error = shell.failure(f"%windmill_run {slow} seconds=60")
    thread.join()
    assert isinstance(error, JobCanceled)
    assert shell.shown(error) == f"cancelled (job {error.job_id[:4]}…{error.job_id[-6:]})"
    job = wm.executions.attach(error.job_id).wait(20)
    assert (job.state, job.canceled_reason) == ("canceled", "interrupted in the notebook")


def test_an_interrupt_may_leave_the_job(shell: TestingShell, wm: Engine, slow: str) -> None:
    """With on_interrupt='detach' the job goes on, and the error says how to come back."""
    shell.cell("%config WindmillMagics.on_interrupt = 'detach'")
    before = len(extension_of(shell).session.runs)
    thread = interrupt_when(lambda: len(extension_of(shell).session.runs) > before)
    error = shell.failure(f"%windmill_run {slow} seconds=1")
    thread.join()
    assert isinstance(error, ExecutionError)
    assert "come back with %windmill_attach" in shell.shown(error)
    assert wm.executions.attach(error.job_id).result(20) == "done"


def test_a_job_that_takes_too_long_is_stopped(shell: TestingShell, slow: str) -> None:
    """`--timeout` ends it, and the error says that."""
    error = shell.failure(f"%windmill_run {slow} seconds=60 --timeout 1")
    assert isinstance(error, (ExecutionTimeout, JobFailed))
    assert "timeout" in shell.shown(error)


def test_plain_output_is_the_same_in_every_run(shell: TestingShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With FLEXWM_NONINTERACTIVE=1 nothing is shown that differs: no ids, no times, no versions."""
    monkeypatch.setenv("FLEXWM_NONINTERACTIVE", "1")
    cells = [
        "%%windmill_script python3 f/nb/plain --arg n=2\ndef main(n: int):\n    print('hello')\n    return n",
        "%windmill_run f/nb/plain n=3",
        "%windmill_job",
        "%windmill_logs",
        "%windmill_jobs f/nb/plain --limit 2",
        "%windmill_scripts f/nb/plain",
        "%windmill_connect",
        "%windmill_run f/nb/plain n=3 --detach",
    ]

    def shown() -> list[str]:
        texts = []
        for cell in cells:
            value = shell.cell(cell)
            texts += [re.sub(r"Out\[\d+\]", "Out", shell.output), "" if isinstance(value, Execution) else str(value)]
        return texts

    shown()
    first, second = shown(), shown()
    assert first == second
    assert "f/nb/plain · python3 · ran\n  hello" in first[0]
    error = "%%windmill_script python3 f/nb/plain2\ndef main():\n    return [][0]"
    assert "job on local" in shell.message(error)


def test_an_engine_that_is_killed_comes_back_and_the_run_goes_on(shell: TestingShell, wm: Engine, slow: str) -> None:
    """Also in the middle of a run: the magic finds the engine again, and the job's end."""
    session = extension_of(shell).session
    before, facts = len(session.runs), wm.client.get("/flexwm/engine")

    def kill() -> None:
        until(lambda: len(session.runs) > before)
        until(lambda: wm.executions.get(session.runs[0]).running)
        os.kill(facts["pid"], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        outcome = shell.cell(f"%windmill_run {slow} seconds=2")
    except FlexwmError as error:
        outcome = error
    thread.join()
    assert wm.client.get("/flexwm/engine")["pid"] != facts["pid"]
    assert wm.executions.get(session.runs[0]).done
    assert outcome == "done" or isinstance(outcome, JobFailed)
    assert shell.cell(f"%windmill_run {slow} seconds=0") == "done"


def test_another_engine_is_refused_without_losing_this_one(shell: TestingShell) -> None:
    """An address where nothing is, a workspace that is none, a name that is no engine."""
    assert "%windmill_connect: " in shell.message("%windmill_connect http://127.0.0.1:1")
    assert "workspace" in shell.message("%windmill_connect local --workspace 'no way'")
    assert "no engine" in shell.message("%windmill_connect lokal")
    shell.cell("%windmill_connect")
    assert "local engine" in shell.output
    assert "workspace demo · healthy" in shell.output


def test_health_and_doctor_are_tables_of_checks(shell: TestingShell) -> None:
    """Each check has a state; what is not well says what to do."""
    assert "engine" in str(shell.cell("%windmill_health"))
    found = shell.cell("%windmill_doctor")
    assert {row[0] for row in found.rows} >= {"packages", "cells", "journal", "display", "engine"}
    assert "fail" not in {row[1] for row in found.rows}


def test_completion_knows_the_engine_and_the_kernel(shell: TestingShell) -> None:
    """Through the completer that terminals and notebooks use."""
    shell.cell("%%windmill_script python3 f/nb/complete --no-run\ndef main(number: int, name: str = ''): ...")
    shell.cell("frame = 1")

    def offered(line: str) -> list[str]:
        with provisionalcompleter():
            completions = shell.Completer.completions(line, len(line))
            found = [completion.text for completion in rectify_completions(line, completions)]
        with pytest.warns(PendingDeprecationWarning):
            assert set(shell.complete("", line, len(line))[1]) <= set(found)
        return found

    assert "f/nb/complete" in offered("x = %windmill_run f/nb/comp")
    assert set(offered("%windmill_run f/nb/complete n")) == {"number=", "name="}
    assert offered("%windmill_run f/nb/complete number=$fr") == ["frame"]
    assert offered("%windmill_run f/nb/complete@") == ["v1"]
    assert offered("%windmill_jobs --st") == ["--state"]
    assert len(offered("%windmill_job ")) > 3


def test_two_runs_are_compared(shell: TestingShell) -> None:
    """Arguments, code and results; one alone with the run of the same script before it."""
    source = "def main(n: int):\n    return [{'n': n}, {'n': 0}]"
    shell.cell(f"%%windmill_script python3 f/nb/compared --arg n=1 -q\n{source}")
    shell.cell(f"%%windmill_script python3 f/nb/compared --arg n=2 -q\n{source.replace('0}', '5}')}")
    new, old = extension_of(shell).session.runs[:2]
    text = str(shell.cell(f"%windmill_diff {old} {new}"))
    assert re.search(r"argument n +1 +2\n", text)
    assert "+    return [{'n': n}, {'n': 5}]" in text
    assert "@n: 2 of 2 differ, first row 0" in text
    assert str(shell.cell(f"%windmill_diff {new}")) == text
    shell.push({"one": old, "two": extension_of(shell).session.connected.executions.attach(new)})
    assert str(shell.cell("%windmill_diff $one $two")) == text
    assert "$os is no run, but of type module" in shell.message("import os\n%windmill_diff $os $two")
    assert "no run before" in shell.message(f"%windmill_diff {old}")
