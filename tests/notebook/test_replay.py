"""A failed job's code and real inputs, run in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flexwm_nb.errors import InvalidInput

if TYPE_CHECKING:
    from conftest import TestingShell

from flexwm_nb.engine import Engine

FAILS = "import datetime\ndef main(key: str, day: datetime.date):\n    found = {'a': day}\n    return found[key]"


def test_a_failed_job_is_replayed_at_the_lines_of_its_cell(shell: TestingShell) -> None:
    """The error is an ordinary one, whose frames are in the cell that registered the script; inputs are a variable."""
    cell = f"%%windmill_script python3 f/nb/replayed --arg key=b --arg day=2026-01-02\n{FAILS}"
    shown = shell.message(cell)
    number = shell.execution_count - 1
    assert shown.split("\n")[-1].partition("debug it here: ")[2].startswith("%windmill_replay ")
    error = shell.failure("%windmill_replay")
    assert isinstance(error, KeyError)
    assert f"Cell In[{number}], line 5" in shell.shown(error)
    assert shell.user_ns["inputs"] == {"key": "b", "day": "2026-01-02"}


def test_a_job_that_went_well_gives_its_result_again(shell: TestingShell, wm: Engine) -> None:
    """In the kernel, with the value as it is; another kernel's script is called by its path."""
    job = wm.jobs.preview("python3", "def main(n: int):\n    return {n}", {"n": 3})
    job.wait()
    assert shell.cell(f"%windmill_replay {job.id} -o again") == {3}
    assert shell.user_ns["again"] == {3}


def test_variables_are_looked_up(shell: TestingShell, wm: Engine) -> None:
    """`$var:` and `$res:` stand for their values, as in the job."""
    wm.variables.set("f/nb/word", "hello")
    job = wm.jobs.preview("python3", "def main(word: str):\n    return word", {"word": "$var:f/nb/word"})
    assert job.result() == "hello"
    assert shell.cell(f"%windmill_replay {job.id}") == "hello"


@pytest.mark.parametrize("line", ["%windmill_replay", "%windmill_replay {id} step"], ids=["bash", "no flow"])
def test_what_cannot_be_replayed_is_refused(shell: TestingShell, line: str) -> None:
    """With the reason."""
    shell.cell("%%windmill_script bash f/nb/replaybash\necho 1")
    run = shell.cell("%windmill_job")
    assert isinstance(shell.failure(line.format(id=run.id)), InvalidInput)
