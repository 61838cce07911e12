"""A job's result as a notebook wants it."""

import base64
from typing import Any

import pandas
import pytest

from flexwm_nb.display.results import present

PNG = base64.b64encode(b"\x89PNG").decode()


def bundle(value: Any) -> dict[str, Any]:
    """What a notebook shows for a value."""
    return dict(present(value)._repr_mimebundle_())


def test_records_become_a_frame_with_its_origin() -> None:
    """A list of dicts is a table; columns stand in the order in which they come, gaps are empty."""
    frame = present([{"a": 1}, {"b": 2, "a": 3}], attributes={"path": "f/a/b"})
    pandas.testing.assert_frame_equal(frame, pandas.DataFrame({"a": [1, 3], "b": [None, 2.0]}))
    assert frame.attrs["windmill"] == {"path": "f/a/b"}


def test_records_stay_a_list_where_no_frame_is_wanted() -> None:
    """The setting autoframe decides."""
    assert present([{"a": 1}], autoframe=False) == [{"a": 1}]


@pytest.mark.parametrize(
    "value", [None, 3, "text", [], [1, 2], [{}], [{"a": 1}, 2], {"a": 1}, {"png": "no base64!"}, {"png": 3}]
)
def test_other_results_stay_as_they_are(value: Any) -> None:
    """Nothing is dressed up that is not meant to be."""
    assert present(value) is value


def test_text_of_several_lines_is_shown_as_text() -> None:
    """It is still a str, with the lines as lines and no HTML of its own."""
    text = present("a\n<b>")
    assert text == "a\n<b>"
    assert ">a\n&lt;b&gt;</pre>" in text._repr_html_()


RICH = {
    "an image": ({"png": PNG}, "image/png", PNG),
    "SVG as an image": ({"svg": "<svg onload=x/>"}, "text/html", "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9eC8+"),
    "Markdown without its schemes": ({"md": "[x](javascript:y)"}, "text/markdown", "[x](javascript\u200b:y)"),
    "Markdown without HTML": ({"md": "**a** <script>"}, "text/markdown", "**a** &lt;script&gt;"),
}


@pytest.mark.parametrize(("value", "kind", "shown"), RICH.values(), ids=RICH)
def test_rich_results_are_shown_as_windmill_shows_them(value: Any, kind: str, shown: str) -> None:
    """The one key of the dict says what it is; the dict itself is given on."""
    assert shown in bundle(value)[kind]
    assert present(value) == value


def test_html_is_shown_without_the_notebooks_rights() -> None:
    """It stands in a frame of its own that may run nothing."""
    html = bundle({"html": "<script>alert(1)</script>"})["text/html"]
    assert 'sandbox=""' in html
    assert "<script>" not in html
