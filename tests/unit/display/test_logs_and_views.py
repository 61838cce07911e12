"""Logs, differences, tables and the view of one run."""

from datetime import datetime, timezone

import pytest

from flexwm_nb.display.checks import checks
from flexwm_nb.display.diffs import Diff
from flexwm_nb.display.live import final_text
from flexwm_nb.display.logs import LogTail, own_lines
from flexwm_nb.display.run_view import RunView
from flexwm_nb.display.wording import Headline
from flexwm_nb.models.jobs import Job
from flexwm_nb.models.workspace import HealthCheck

LOG = "job=1 tag=bash\n\n--- BASH CODE EXECUTION ---\none\n\x1b[31mtwo\x1b[0m\n\nthree"


def test_a_log_is_the_scripts_own_lines() -> None:
    """What the engine says above is left out, and so are colours and empty lines."""
    assert own_lines(LOG) == ["one", "two", "three"]


@pytest.mark.parametrize(
    "banner",
    ["PYTHON (3.12) CODE EXECUTION", "BUN BUNDLE SNAPSHOT EXECUTION", "NATIVE CODE EXECUTION", "FETCH TS EXECUTION"],
)
def test_every_language_begins_its_log_with_a_line_of_its_own(banner: str) -> None:
    """As Windmill writes them; what an installation said before is left out."""
    assert own_lines(f"job=1\n\n--- BUN INSTALL ---\n\nnothing\n\n--- {banner} ---\n\none") == ["one"]


def test_the_tail_of_a_growing_log_is_the_same_however_it_is_cut() -> None:
    """Pieces may end anywhere; the line that is not ended yet is shown already."""
    tail = LogTail(2)
    for character in LOG:
        tail.feed(character)
    assert (tail.lines, tail.hidden) == (["two", "three"], 0)
    tail.finish()
    assert (tail.lines, tail.hidden) == (["two", "three"], 1)


def test_hidden_lines_are_counted_and_can_be_had() -> None:
    """The line that stays says where the others are."""
    text = final_text(Headline(subject="x"), "text", ["c"], 2)
    assert text == "x\n  … 2 lines before: %windmill_logs\n  c"


def test_a_difference_is_text_and_coloured_html() -> None:
    """Nothing in it can become HTML; an empty one says so."""
    html = Diff("--- a\n+++ b\n@@ -1 +1 @@\n-<b>\n+c")._repr_html_()
    assert "&lt;b&gt;" in html
    assert html.startswith('<pre dir="ltr"')  # signs stay before their lines in a page from right to left
    assert Diff("")._repr_html_() == "no difference"


def test_checks_are_a_table_with_what_to_do() -> None:
    """In text the columns are aligned; the plain face has names and states alone."""
    found = [HealthCheck(name="store", status="fail", message="full", remedy="Free some space")]
    assert str(checks(found)).split("\n")[1] == "store  fail    full     Free some space"
    assert str(checks(found, "plain")) == "check  status\nstore  fail"


def test_a_run_is_seen_with_its_times_arguments_log_and_result() -> None:
    """The plain face keeps what is the same in every run."""
    start = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
    job = Job(
        id="1", type="CompletedJob", success=True, created_at=start, started_at=start, duration_ms=10,
        created_by="admin", arguments={"n": 1}, mem_peak=2048,
    )  # fmt: skip
    headline = Headline(subject="f/a/b v1", stable="f/a/b", state="success")
    view = RunView(job=job, headline=headline, logs=LOG, lines=["three"], hidden=2, result={"a": "<b>"}, face="text")
    assert str(view).split("\n") == [
        "f/a/b v1 · ran",
        "  created   2026-11-01 12:00:00 UTC by admin",
        "  started   2026-11-01 12:00:00 UTC",
        "  ended     2026-11-01 12:00:00 UTC",
        "  arguments n=1",
        "  memory    2 MiB",
        "  log (2 lines before: %windmill_logs)",
        "    three",
        "  result    {'a': '<b>'}",
    ]
    assert "&lt;b&gt;" in view._repr_html_()
    plain = RunView(job=job, headline=headline, logs=LOG, result=3, face="plain")
    assert str(plain) == "f/a/b · ran\n  arguments n=1\n  result    3"
