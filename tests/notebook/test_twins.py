"""What a notebook keeps of a living view, and how a page that draws widgets is told from everything else."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from flexwm_nb.display.graph import StepLook
from flexwm_nb.display.logs import LogTail
from flexwm_nb.display.widgets.log_buffer import LogBuffer
from flexwm_nb.display.widgets.run import RunWidget
from flexwm_nb.display.wording import Headline

DOCUMENT = {"modules": [{"id": "load", "value": {"type": "rawscript"}}, {"id": "send", "value": {"type": "identity"}}]}


class Parts(HTMLParser):
    """Notes tags with their attributes, and texts, however they are written."""

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__()
        self.found: list[Any] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.found += [data] if data.strip() else []


def parts(html: str) -> list[Any]:
    """What a page reads in a text."""
    reader = Parts()
    reader.feed(html)
    return reader.found


@pytest.fixture
def widget() -> Iterator[RunWidget]:
    """A run that goes on."""
    line = Headline(subject="f/a/b v1", job_id="0193a1b2-c3d4", state="running")
    made = RunWidget(line, document=DOCUMENT, log=LogBuffer(), tail=LogTail(10))
    yield made
    made.close()


def test_a_twin_has_the_last_state_as_html_svg_and_text(widget: RunWidget) -> None:
    """And nothing that needs a script or a widget manager."""
    widget.feed(
        "--- PYTHON CODE EXECUTION ---\n" + "".join(f"line {number} {'x' * 2_000}\n" for number in range(5_000))
    )
    widget.steps({"load": StepLook(state="success")})
    widget.head(Headline(subject="f/a/b v1", job_id="0193a1b2-c3d4", state="success"))
    bundle, _ = widget._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/svg+xml"}
    assert sum(len(part.encode()) for part in bundle.values()) < 50_000
    for part in ("f/a/b v1", "ran", "✓ load", "line 4999", "4990 lines before"):
        assert part in bundle["text/plain"]
        assert part in bundle["text/html"]
    assert "<script" not in bundle["text/html"]


def test_nbconvert_shows_the_twin(widget: RunWidget) -> None:
    """An exported page has the picture and the log, as the saved notebook has them."""
    widget.feed("--- PYTHON CODE EXECUTION ---\nhello\n")
    widget.head(Headline(subject="f/a/b v1", state="success"))
    cell = new_code_cell("%windmill_run f/a/b", outputs=[new_output("display_data", data=widget.bundle())])
    notebook = new_notebook(cells=[cell])
    nbformat.validate(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    twin, shown = parts(widget.twin()["text/html"]), parts(page)
    assert any(shown[at : at + len(twin)] == twin for at in range(len(shown)))


def test_what_goes_on_says_how_to_come_back(widget: RunWidget) -> None:
    """Once a page draws it, whoever opens the saved notebook without its kernel reads the way back."""
    assert "%windmill_attach" not in widget.twin()["text/plain"]
    widget._heard(widget, {"act": "hello"}, [])
    assert "running when this was saved · %windmill_attach 0193" in widget.twin()["text/plain"]


def test_the_page_is_told_what_changed(widget: RunWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it until it answers, then the changes alone; nothing when nothing changed."""
    told: list[Any] = []
    monkeypatch.setattr(widget, "send", told.append)
    widget.set(notice="a")
    assert (told[-1]["set"]["subject"], told.pop()["hello"]) == ("f/a/b v1", True)
    widget._heard(widget, {"act": "hello"}, [])
    told.clear()
    widget.set(notice="b", subject="f/a/b v1")
    widget.set(notice="b")
    widget.steps({"load": StepLook(state="running")})
    assert told == [
        {"set": {"notice": "b"}},
        {"merge": {"steps": {"load": {"state": "running", "seconds": None, "note": ""}}}},
    ]


def test_an_action_of_the_page_that_is_none_is_passed_over(widget: RunWidget) -> None:
    """Whatever is sent."""
    for content in (None, [], {}, {"act": None}, {"act": ["x"]}, {"act": "nothing"}, "cancel"):
        widget._heard(widget, content, [])
    assert not widget.is_over
