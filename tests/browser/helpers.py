"""What people do in a notebook, for tests."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SCREENSHOTS

LONG = 60_000  # milliseconds
NAMELESS = re.compile(
    r"^\s*- (?:button|textbox|searchbox|spinbutton|combobox|checkbox|slider|tab)\b(?! \").*$", re.MULTILINE
)


def command(page: Page, name: str) -> None:
    """Run one of JupyterLab's commands, as its menu does."""
    page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)


def save(page: Page) -> None:
    """Save the notebook, and wait until it is saved."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save').then(() => null)")


def write_cell(page: Page, source: str) -> Locator:
    """Write a new last cell, run it, and give the place where it and its outputs are."""
    count = page.locator(".jp-Notebook .jp-CodeCell").count()
    page.evaluate("at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at }", count - 1)
    command(page, "notebook:insert-cell-below")
    page.locator(".jp-Notebook .jp-mod-active .cm-content").fill(source)
    command(page, "notebook:run-cell")
    return page.locator(".jp-Notebook .jp-CodeCell").nth(count)


SEEN = """import asyncio
from flexwm_nb.magics import extension_of
while not extension_of(get_ipython()).session.desk.is_seen:
    await asyncio.sleep(0.05)
print("a page draws widgets")
"""


def load_extension(page: Page) -> None:
    """Load the extension, and wait until the kernel knows that this page draws widgets."""
    write_cell(page, "%load_ext flexwm_nb")
    expect(write_cell(page, SEEN)).to_contain_text("a page draws widgets", timeout=LONG)


def nameless(place: Locator) -> list[str]:
    """The controls in a place of which a screen reader could not say what they are."""
    return NAMELESS.findall(place.aria_snapshot())


def picture(page: Page, name: str) -> None:
    """Keep a screenshot for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
