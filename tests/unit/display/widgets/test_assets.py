"""The module that a widget sends to the page."""

from __future__ import annotations

import re

from flexwm_nb.display.widgets.assets import VIEWS, module

NAME = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
ELSEWHERE = re.compile(
    r"https?://(?!www\.w3\.org/2000/svg)|\bfetch\(|(?<!\{)\bimport\(|XMLHttpRequest|\beval\(|innerHTML"
)


def test_it_is_one_file_that_loads_nothing_and_parses_no_html() -> None:
    """What it imports stands in it once; the only export is what anywidget asks for."""
    source = module("run", "runView")
    assert re.findall(r"^(?:import|export) .{23}", source, re.MULTILINE) == ["export default hosted(runView,"]
    assert source.count("function logView(") == 1
    assert not ELSEWHERE.search(source)


def test_no_name_at_the_top_of_one_file_is_in_another() -> None:
    """They share one scope in the page."""
    names = [
        name for file in sorted(VIEWS.glob("*.js")) for name in NAME.findall(file.read_text().replace("export ", ""))
    ]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})
