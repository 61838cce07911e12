"""What a person sees in JupyterLab: the live line, the table, the error, the interrupt."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import TOKEN
from tests.browser.helpers import LONG, command, picture


@pytest.fixture
def notebook(page: Page, lab: str) -> Iterator[Page]:
    """The quickstart, open and with a kernel."""
    page.goto(f"{lab}lab/tree/01_quickstart.ipynb?token={TOKEN}&reset")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    yield page
    page.evaluate("() => { window.jupyterapp.commands.execute('kernelmenu:shutdown') }")


def outputs(page: Page, containing: str) -> Locator:
    """The outputs of the code cell whose source has this text."""
    source = page.locator(".jp-InputArea", has_text=containing)
    return page.locator(".jp-Notebook .jp-CodeCell").filter(has=source).first.locator(".jp-OutputArea-output")


def test_run_all_shows_line_table_and_error(notebook: Page) -> None:
    """Each cell's output is what the reader is promised."""
    command(notebook, "notebook:run-all-cells")
    routes = outputs(notebook, "-o routes")
    expect(routes.filter(has_text=re.compile("f/flights/routes v1 registered .* ran"))).to_be_visible(timeout=LONG)
    expect(routes.locator("table.dataframe")).to_be_visible(timeout=LONG)
    error = outputs(notebook, "%windmill_run f/flights/routes origin=JKF")
    expect(error.filter(has_text="KeyError: 'JKF'")).to_be_visible(timeout=LONG)
    expect(error.filter(has_text=re.compile(r"Cell In\[\d+\], line 7"))).to_be_visible()
    picture(notebook, "quickstart")
    error.last.scroll_into_view_if_needed()
    picture(notebook, "error")


SLOW = """%%windmill_script python3 f/demo/slow
import time
def main():
    for number in range(600):
        print("step", number, flush=True)
        time.sleep(0.1)
"""


def test_a_long_run_lives_and_an_interrupt_cancels_it(notebook: Page) -> None:
    """The line counts, the log follows, and the notebook's interrupt ends the job as an error."""
    for source in ("%load_ext flexwm_nb", SLOW):
        command(notebook, "notebook:move-cursor-up")
        command(notebook, "notebook:insert-cell-above")
        editor = notebook.locator(".jp-Notebook .jp-mod-active .cm-content")
        editor.fill(source)
        command(notebook, "notebook:run-cell")
    slow = outputs(notebook, "f/demo/slow")
    expect(slow.filter(has_text=re.compile(r"running \d"))).to_be_visible(timeout=LONG)
    expect(slow.filter(has_text=re.compile(r"step \d+"))).to_be_visible(timeout=LONG)
    picture(notebook, "live")
    command(notebook, "notebook:interrupt-kernel")
    expect(slow.filter(has_text=re.compile(r"cancelled \(job \w{4}…\w{6}\)"))).to_be_visible(timeout=10_000)
    picture(notebook, "interrupted")
