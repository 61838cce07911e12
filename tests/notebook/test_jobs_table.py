"""The living table of runs: read page by page from a real engine, the page's part played by its messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas
import pytest

from flexwm_nb.display.frames import JOB_COLUMNS
from flexwm_nb.display.widgets import base
from flexwm_nb.display.widgets.jobs import JobsWidget
from flexwm_nb.engine import Engine
from flexwm_nb.magics import extension_of

if TYPE_CHECKING:
    from conftest import TestingShell

NAP = "def main(n: int, seconds: float = 0.0):\n    import time\n    time.sleep(seconds)\n    return n"


@pytest.fixture
def seen(shell: TestingShell, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A page that draws widgets looks at the shell."""
    session = extension_of(shell).session
    there = base.Presence()
    there.is_there = True
    monkeypatch.setattr(session.desk, "_presence", there)
    monkeypatch.setattr(session.settings, "display", "rich")
    yield


def until(condition: Any) -> Any:
    """Wait for something to come true."""
    end = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture
def table(shell: TestingShell, wm: Engine, seen: None) -> JobsWidget:
    """The table of a script's seven runs, three a page."""
    shell.cell(f"%%windmill_script python3 f/nb/nap --no-run\n{NAP}")
    for n in range(7):
        wm.run("f/nb/nap", n=n).result()
    frame = shell.cell("found = %windmill_jobs f/nb/nap --limit 3\nfound")
    assert list(frame.columns) == list(JOB_COLUMNS)
    assert type(frame[frame["state"] == "success"]) is pandas.DataFrame
    return next(widget for widget in reversed(base._living) if isinstance(widget, JobsWidget))


def says(table: JobsWidget, act: str, **message: Any) -> None:
    """The page sends something."""
    table.act({"act": act, **message})


def test_older_runs_come_page_by_page_each_once(table: JobsWidget) -> None:
    """The newest first; the last page says that there is no more."""
    for count in (3, 6):
        until(lambda count=count: len(table.found) == count)
        assert table.whole()["more"]
        says(table, "more")
    while until(lambda: len(table.found) > 6 or not table.whole()["more"]) and table.whole()["more"]:
        says(table, "more")
        time.sleep(0.02)
    times = [job.created_at for job in table.found]
    assert times == sorted(times, reverse=True)
    assert len({job.id for job in table.found}) == len(table.found) >= 7


def test_the_newest_make_room_for_older_ones(table: JobsWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far somebody goes back, no more are kept than can be looked at; one click leads to the newest again."""
    monkeypatch.setattr("flexwm_nb.magics.jobs_table.MOST", 4)
    newest = table.found[0].id
    says(table, "more")
    until(lambda: len(table.found) == 4)
    until(lambda: table.whole()["left"] == 2)
    says(table, "refresh")
    assert newest not in {job.id for job in table.found}
    says(table, "newest")
    until(lambda: table.found[0].id == newest and table.whole()["left"] == 0)


def test_all_runs_are_sorted_by_the_engine(table: JobsWidget, wm: Engine) -> None:
    """The oldest first, page by page; what is started meanwhile comes last."""
    says(table, "order", oldest=True)
    until(lambda: table.whole()["oldest"] and len(table.found) == 3)
    while until(lambda: table.whole()["more"] in (True, False)) and table.whole()["more"]:
        says(table, "more")
        time.sleep(0.02)
    until(lambda: len(table.found) >= 7)
    execution = wm.run("f/nb/nap", n=8)
    execution.result()
    until(lambda: says(table, "refresh") or table.found[-1].id == execution.id)
    times = [job.created_at for job in table.found]
    assert times == sorted(times)
    assert len({job.id for job in table.found}) == len(times)


def test_it_is_filtered_by_the_engine(table: JobsWidget) -> None:
    """By a state and by a text in the path."""
    says(table, "filter", text="", state="failure")
    until(lambda: table.whole()["rows"] == [])
    says(table, "filter", text="nap", state="success")
    until(lambda: len(table.found) == 3)
    says(table, "filter", text="nothing like it", state="")
    until(lambda: table.whole()["rows"] == [])


def test_a_run_is_started_again_seen_and_cancelled(table: JobsWidget, wm: Engine) -> None:
    """A new run appears with the next look, is shown below when it is opened, and ends when somebody says so."""
    execution = wm.run("f/nb/nap", n=1, seconds=60)
    until(lambda: says(table, "refresh") or table.found[0].id == execution.id)
    says(table, "open", job=execution.id)
    until(lambda: table.bundle()["text/html"].count("flexwm-at flexwm-at-") == 2)
    says(table, "cancel", job=execution.id)
    until(lambda: says(table, "refresh") or table.found[0].state == "canceled")
    says(table, "rerun", job=table.found[2].id)
    until(lambda: table.whole()["open"] not in (None, execution.id))
    assert table.whole()["open"] == table.found[0].id


def test_what_cannot_be_done_is_said(table: JobsWidget) -> None:
    """In the table itself; the next thing that can be done takes it away."""
    says(table, "open", job="01a20000-0000-7000-8000-000000000000")
    assert "does not exist" in until(lambda: table.whole().get("notice"))
    says(table, "filter", text="", state="")
    until(lambda: table.whole()["notice"] is None)


def test_its_twin_is_the_frame(table: JobsWidget) -> None:
    """With the columns that a frame has, and no script."""
    html = table.bundle()["text/html"]
    assert "<table" in html
    assert "f/nb/nap" in html
    assert "<script" not in html
