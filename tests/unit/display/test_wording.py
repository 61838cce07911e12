"""The words for runs, times and ids."""

from datetime import timedelta

import pytest

from flexwm_nb.display import wording
from flexwm_nb.display.wording import Headline

JOB = "019356aa-0000-7000-8000-0000003a9c1b"
SPANS = {
    0: "0.00 s",
    0.614: "0.61 s",
    9.994: "9.99 s",
    12.34: "12.3 s",
    59.96: "1 min 0 s",
    125: "2 min 5 s",
    11_040: "3 h 4 min",
}


@pytest.mark.parametrize(("seconds", "text"), SPANS.items())
def test_spans_are_said_as_people_say_them(seconds: float, text: str) -> None:
    """Short ones with fractions, long ones in minutes and hours."""
    assert wording.seconds(timedelta(seconds=seconds)) == text


def test_a_log_line_loses_colours_and_what_was_overwritten() -> None:
    """Of a progress bar the last state stays."""
    assert wording.clean("10%\r\x1b[32m100%\x1b[0m\r") == "100%"


def test_a_text_that_would_be_drawn_backwards_is_shown_as_it_is() -> None:
    """Marked in HTML, written out in JSON, gone in a terminal's line."""
    text = "a\u202egnp.exe"
    assert wording.escape(text) == "a\ufffdgnp.exe"
    assert wording.literal(f'"{text}"') == '"a\\u202egnp.exe"'
    assert wording.clean(text) == "agnp.exe"


RAN = Headline(
    subject="f/a/b v1 → v2 (+3 −1)", stable="f/a/b", job_id=JOB, language="python3", state="success",
    ran=timedelta(seconds=0.61), queued=timedelta(0), notes=("frame: 2 × 2, 1.2 kB",),
)  # fmt: skip


def test_the_headline_says_what_ran_and_how_long() -> None:
    """Subject, id, language, state, then what travelled."""
    said = "f/a/b v1 → v2 (+3 −1) · job 0193…3a9c1b · python3 · ran 0.61 s (queued 0.00 s) · frame: 2 × 2, 1.2 kB"
    assert RAN.text("text") == said


def test_the_plain_headline_is_the_same_in_every_run() -> None:
    """No version, no id, no time."""
    assert RAN.evolve(notes=()).text("plain") == "f/a/b · python3 · ran"


def test_the_html_keeps_the_whole_id_and_escapes() -> None:
    """The id is in the tip; what people wrote cannot become HTML."""
    html = RAN.evolve(subject="<b>").html()
    assert JOB in html
    assert "&lt;b&gt;" in html


def test_no_line_of_html_ends_between_a_figure_and_its_unit() -> None:
    """Times and sizes; a text copied from a terminal has plain spaces."""
    html = RAN.html()
    assert "ran 0.61&nbsp;s (queued&nbsp;0.00&nbsp;s)" in html
    assert "1.2&nbsp;kB" in html


STATES = {"queued": "queued 1.00 s", "running": "running 2.00 s", "failure": "failed after 2.00 s (queued 1.00 s)"}


@pytest.mark.parametrize(("state", "said"), STATES.items())
def test_each_state_has_its_words(state: str, said: str) -> None:
    """A waiting run counts its waiting, a running one its running."""
    line = Headline(subject="x", state=state, ran=timedelta(seconds=2), queued=timedelta(seconds=1))
    assert line.text("text") == f"x · {said}"
