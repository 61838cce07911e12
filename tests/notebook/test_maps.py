"""One run a row of a frame: what succeeds, what fails, what is run again."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pandas
import pytest

from flexwm_nb.display.widgets import base
from flexwm_nb.display.widgets.rows import RowsWidget
from flexwm_nb.engine import Engine
from flexwm_nb.errors import ExecutionError, FlexwmError, InvalidArguments, InvalidInput
from flexwm_nb.magics import extension_of

if TYPE_CHECKING:
    from conftest import TestingShell

DOUBLE = (
    "def main(n: int, plus: int = 0):\n    if n == 2:\n        raise ValueError(f'not {n}')\n    return n * 2 + plus"
)

MENDED = """def main(n: int, broken: str):
    if n == 2 and broken == 'yes':
        raise ValueError(n)
    return n"""


@pytest.fixture
def double(shell: TestingShell) -> str:
    """A script that fails for one number."""
    shell.cell(f"%%windmill_script python3 f/nb/double --no-run\n{DOUBLE}")
    return "f/nb/double"


def test_each_row_is_a_run_and_failed_rows_are_kept(shell: TestingShell, double: str) -> None:
    """Columns that are arguments are sent, the others stay; index and order are the frame's own."""
    shell.user_ns["df"] = pandas.DataFrame({"n": [3, 2, 1], "name": ["c", "b", "a"]}, index=[30, 20, 10])
    made = shell.cell(f"done = %windmill_map {double} $df plus=1\ndone")
    assert list(made.index) == [30, 20, 10]
    assert list(made.columns) == ["n", "name", "state", "result", "error", "duration", "job_id"]
    assert list(made["state"]) == ["success", "failure", "success"]
    assert made["result"].tolist()[::2] == [7, 3]
    assert made["error"].loc[20] == "ValueError: not 2"
    assert made.attrs["windmill"]["path"] == double
    assert "3 of 3 rows · 1 failed" in shell.output


def test_only_failed_rows_run_again(shell: TestingShell, double: str, wm: Engine) -> None:
    """The rows that succeeded keep their results and their jobs."""
    shell.user_ns["df"] = pandas.DataFrame({"n": [1, 2]})
    before = shell.cell(f"%windmill_map {double} df -o done -q")
    shell.cell(f"%%windmill_script python3 f/nb/double --no-run\n{DOUBLE.replace('n == 2', 'False')}")
    again = shell.cell(f"%windmill_map {double} done --failed -o done")
    assert list(again["result"]) == [2, 4]
    assert again["job_id"].iloc[0] == before["job_id"].iloc[0]
    assert again["job_id"].iloc[1] != before["job_id"].iloc[1]
    assert list(shell.user_ns["done"].columns) == list(before.columns)


def test_no_more_run_at_once_than_allowed(shell: TestingShell) -> None:
    """The cap is kept, and used."""
    source = (
        "import time\ndef main(n: int):\n    begun = time.time()\n    time.sleep(0.15)\n    return [begun, time.time()]"
    )
    shell.cell(f"%%windmill_script python3 f/nb/spans --no-run\n{source}")
    shell.user_ns["rows"] = [{"n": number} for number in range(6)]
    spans = shell.cell("%windmill_map f/nb/spans rows --at-once 2 -q")["result"]
    together = [sum(one[0] <= other[0] < one[1] for one in spans) for other in spans]
    assert max(together) == 2


def test_a_mistake_is_said_before_any_row_runs(shell: TestingShell, double: str, wm: Engine) -> None:
    """With the row's number."""
    shell.user_ns["df"] = pandas.DataFrame({"n": [1, None], "m": [1, 2]})
    count = len(wm.jobs.list(path=double))
    assert "row 1 of df" in shell.message(f"%windmill_map {double} df")
    shell.user_ns["df"] = pandas.DataFrame({"m": [1]})
    assert isinstance(shell.failure(f"%windmill_map {double} df"), InvalidArguments)
    assert "is a int" in shell.message(f"number = 3\n%windmill_map {double} number")
    assert isinstance(shell.failure(f"%windmill_map {double} 1x"), InvalidInput)
    assert isinstance(shell.failure("%windmill_map f/nb/nosuch df"), FlexwmError)
    assert len(wm.jobs.list(path=double)) == count


def test_an_error_is_raised_where_that_is_asked_for(shell: TestingShell, double: str) -> None:
    """For notebooks that nobody watches; the frame is there all the same."""
    shell.user_ns["df"] = pandas.DataFrame({"n": [2]})
    error = shell.failure(f"%windmill_map {double} df --raise -o done")
    assert isinstance(error, ExecutionError)
    assert shell.shown(error) == "%windmill_map: 1 of 1 rows failed: ValueError: not 2"
    assert len(shell.user_ns["done"]) == 1


def test_an_empty_frame_gives_an_empty_frame(shell: TestingShell, double: str) -> None:
    """With all its columns."""
    shell.user_ns["df"] = pandas.DataFrame({"n": []})
    assert len(shell.cell(f"%windmill_map {double} df")) == 0


def test_an_interrupt_cancels_what_runs_and_starts_no_more(shell: TestingShell, wm: Engine) -> None:
    """As for one run; what has come so far is kept, and the rest can be run later."""
    source = "def main(n: int):\n    import time\n    time.sleep(30 * min(n, 1))\n    return n"
    shell.cell(f"%%windmill_script python3 f/nb/sleeps --no-run\n{source}")
    shell.user_ns["rows"] = [{"n": number} for number in range(5)]

    def interrupt() -> None:
        while sorted(job.state for job in wm.jobs.list(path="f/nb/sleeps")) != ["running", "running", "success"]:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    shown = shell.message("%windmill_map f/nb/sleeps rows --at-once 2")
    thread.join()
    assert (
        "interrupted: interrupted_map has what came of 1 of 5 rows. %windmill_map f/nb/sleeps interrupted_map" in shown
    )
    assert list(shell.user_ns["interrupted_map"]["state"]) == ["success", *["canceled"] * 4]
    deadline = time.monotonic() + 10
    while wm.jobs.list(path="f/nb/sleeps", state="running") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sorted(job.state for job in wm.jobs.list(path="f/nb/sleeps")) == ["canceled", "canceled", "success"]


def test_failed_rows_are_run_again_into_the_same_frame(
    shell: TestingShell, wm: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table offers it where a page draws widgets; what came of the rows is in the frame that the cell gave."""
    session = extension_of(shell).session
    there = base.Presence()
    there.is_there = True
    monkeypatch.setattr(session.desk, "_presence", there)
    monkeypatch.setattr(session.settings, "display", "rich")
    wm.variables.set("f/nb/broken", "yes", secret=False)
    source = (
        "def main(n: int, broken: str):\n    if n == 2 and broken == 'yes':\n        raise ValueError(n)\n    return n"
    )
    shell.cell(f"%%windmill_script python3 f/nb/mended --no-run\n{source}")
    shell.user_ns["df"] = pandas.DataFrame({"n": [1, 2, 3]})
    made = shell.cell("done = %windmill_map f/nb/mended $df broken=$var:f/nb/broken\ndone")
    board = next(widget for widget in reversed(base._living) if isinstance(widget, RowsWidget))
    assert (board.whole()["failed"], board.whole()["rows"][0]["gave"]) == (1, "ValueError: 2")
    assert "ValueError: 2" in board.bundle()["text/plain"]
    wm.variables.set("f/nb/broken", "no", secret=False)
    board.act({"act": "retry"})
    end = time.monotonic() + 20
    while board.whole()["failed"] or board.whole()["going"]:
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    assert made["result"].tolist() == [1, 2, 3]
    assert made["error"].isna().all()
    assert made.attrs["windmill"]["failed"] == 0
    board.act({"act": "open", "job": made["job_id"][1]})
    while board.bundle()["text/html"].count("flexwm-at flexwm-at-") != 2:
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
