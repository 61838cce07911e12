"""Nothing that comes from a job becomes active where a notebook shows it, whatever it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

import pytest

from flexwm_nb.display import results
from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.display.live import final_text, log_html
from flexwm_nb.display.logs import own_lines
from flexwm_nb.display.run_view import RunView
from flexwm_nb.display.tables import Table
from flexwm_nb.display.widgets.pictures import twin_of
from flexwm_nb.display.wording import COLOUR, Headline, coloured
from flexwm_nb.models.jobs import Job
from tests.hostile import EVERY

TAGS = frozenset(
    [
        "div",
        "span",
        "b",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "title",
        "defs",
        "marker",
        "path",
        "g",
        "rect",
        "text",
        "polyline",
    ]
)
ATTRIBUTES = re.compile(r"on.*|href|src|srcdoc|action|formaction|xlink:href|data-.*|srcset|background")
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Reader(HTMLParser):
    """Notes what a page would make of a text."""

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what no twin has."""
        if tag not in TAGS:
            self.wrong.append(tag)
        self.wrong += [f"{tag} {name}" for name, _ in attributes if ATTRIBUTES.fullmatch(name)]

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        self.wrong.append(f"comment {data}")


def active(html: str) -> list[str]:
    """What in a text a page would obey."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.wrong


def headline(text: str) -> str:
    """The line about a run."""
    line = Headline(subject=text, job_id=text, language=text, state="success", notes=(text,))
    return line.html() + Headline(subject="x", state=text).html("rich")


def log(text: str) -> str:
    """The newest lines."""
    return log_html(own_lines(f"--- BASH CODE EXECUTION ---\n{text}\n"), 3)


def run(text: str) -> str:
    """All of a run."""
    job = Job(
        id=text, type="CompletedJob", success=True, created_by=text, worker=text, args={text: {text: [text]}},
        canceled_reason=text, created_at=datetime(2026, 11, 1, tzinfo=timezone.utc),
    )  # fmt: skip
    parts: dict[str, Any] = {"headline": Headline(subject=text), "logs": text, "lines": [text], "failure": [text]}
    return RunView(job=job, result={text: text}, **parts)._repr_html_()


def graph(text: str) -> str:
    """A flow and a run of it."""
    value = {"type": "forloopflow", "iterator": {"expr": text}, "modules": [{"id": text, "summary": text, "value": {}}]}
    fork = {"type": "branchone", "branches": [{"expr": text, "summary": text, "modules": []}], "default": []}
    document = {"modules": [{"id": text, "value": value}, {"id": "y", "summary": text, "value": fork}]}
    return twin_of(Graph(document=document, steps={text: StepLook(state=text, note=text)}), 48_000)["text/html"]


def table(text: str) -> str:
    """A small table."""
    return Table((text,), ((text,),))._repr_html_()


def text_result(text: str) -> str:
    """A result of several lines."""
    return results.Text(text)._repr_html_()


PLACES = {place.__name__: place for place in (headline, log, run, graph, table, text_result)}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_text_becomes_active_in_html(place: Callable[[str], str]) -> None:
    """Each of them, in every place at once: no tag, no attribute of theirs is there."""
    wrong = {text: found for text in EVERY if (found := active(place(text)))}
    assert not wrong


def test_no_sequence_reaches_a_terminal() -> None:
    """What is printed has nothing that a terminal would obey, but for the colours of a log that is asked for."""
    for text in EVERY:
        lines = own_lines(f"--- BASH CODE EXECUTION ---\n{text}\n")
        assert not CONTROLS.search(final_text(Headline(subject="x"), "text", lines, 0)), text
        assert not CONTROLS.search(COLOUR.sub("", coloured(text))), text


@pytest.mark.parametrize("kind", ["svg", "html", "md"])
def test_a_rich_result_has_no_rights(kind: str) -> None:
    """A drawing is an image, a page is in a sandbox, Markdown has neither HTML nor links that run something."""
    for text in EVERY:
        bundle = results.present({kind: text})._repr_mimebundle_()
        shown = bundle.get("text/html", "")
        assert set(active(shown)) <= {"img", "img src", "iframe", "iframe srcdoc"}
        assert "<iframe" not in shown or '<iframe sandbox=""' in shown
        said = bundle.get("text/markdown", "")
        assert "<" not in said
        assert not re.search(r"(?i)java\\?script\\?:|vbscript\\?:|data:text", said)
        assert "image/svg+xml" not in bundle
