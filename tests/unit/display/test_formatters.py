"""What a cell that ends with one of our objects offers a page."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from flexwm_nb import Flow
from flexwm_nb.display import formatters
from flexwm_nb.models.flows import OPENFLOW


@pytest.fixture
def shell() -> Iterator[Any]:
    """As much of a shell as shows things, with our looks."""
    made = SimpleNamespace(display_formatter=DisplayFormatter())
    formatters.install(made, lambda _: None)
    yield made
    formatters.remove(made)


def flow(code: str = "echo 1") -> Flow:
    """Two steps."""
    made = Flow("f/a/two", summary="Two")
    made.code("bash", code, "load")
    made.code("bash", "echo 2", "report")
    return made


def test_a_flow_has_a_document_and_a_picture(shell: Any) -> None:
    """The document for pages that draw it, and a picture for those that do not know it."""
    found, _ = shell.display_formatter.format(flow())
    assert (found[OPENFLOW]["path"], len(found[OPENFLOW]["value"]["modules"])) == ("f/a/two", 2)
    assert "load ──► report" in found["text/plain"]
    assert found["image/svg+xml"].startswith("<svg")
    assert Flow.read(found[OPENFLOW]).to_document() == flow().to_document()


def test_without_the_extension_a_flow_is_its_document_and_a_line() -> None:
    """No picture is drawn where nobody asked for our looks."""
    found, _ = DisplayFormatter().format(flow())
    assert set(found) == {"text/plain", OPENFLOW}


def test_nothing_is_left_behind() -> None:
    """Looks that were removed are gone."""
    made = SimpleNamespace(display_formatter=DisplayFormatter())
    formatters.install(made, lambda _: None)
    made.display_formatter.format(flow())
    formatters.remove(made)
    assert "image/svg+xml" not in made.display_formatter.format(flow())[0]
