"""A form for arguments as a person uses it in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SEEN_AT, TOKEN
from tests.browser.helpers import LONG, command, load_extension, nameless, picture, save, write_cell

SCRIPT = """%%windmill_script python3 f/forms/delays
from datetime import date
from typing import Literal
def main(
    airport: Literal["EWR", "JFK", "LGA"],
    day: date,
    worst: int = 5,
    carriers: list[str] = ["UA", "AA"],
    details: dict = {"<img src=x onerror=alert(1)>": 1},
    note: str = "<img src=x onerror=alert(1)>",
    with_weather: bool = True,
    share: float | None = None,
):
    print(f"the {worst} worst of {airport} on {day} by {carriers}")
    return {"airport": airport, "worst": worst, "note": note}
"""


@pytest.fixture(scope="module")
def opened(browser: Browser, lab: str, lab_folder: Path) -> Iterator[Page]:
    """An empty notebook in a tab, the extension loaded; a dialog of a script fails the test."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    empty = nbformat.v4.new_notebook(metadata=kernel, cells=[nbformat.v4.new_code_cell()])
    nbformat.write(empty, lab_folder / "forms.ipynb")
    context = browser.new_context(viewport=SEEN_AT)  # type: ignore[arg-type]
    page = context.new_page()
    alerts: list[str] = []
    page.on(
        "dialog", lambda dialog: (alerts.append(dialog.message) if dialog.type == "alert" else None, dialog.accept())
    )
    page.goto(f"{lab}lab/tree/forms.ipynb?token={TOKEN}&reset")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    load_extension(page)
    yield page
    assert not alerts
    command(page, "kernelmenu:shutdown")
    context.close()


def test_missing_arguments_are_asked_for_and_run_in_the_same_output(opened: Page, lab_folder: Path) -> None:
    """The line follows what is typed; the saved notebook has the form and the run as pictures."""
    write_cell(opened, SCRIPT.replace("%%windmill_script", "%%windmill_script --no-run", 1))
    cell = write_cell(opened, "%windmill_run f/forms/delays worst=3 -o found")
    line = cell.locator(".fx-magic")
    expect(line).to_have_text("%windmill_run f/forms/delays -o found worst=3", timeout=LONG)
    picture(opened, "form")
    assert nameless(cell.locator(".fx-form")) == []
    cell.get_by_role("button", name="Run", exact=True).click()
    expect(cell.locator(".fx-notice").first).to_contain_text("airport: choose one")
    cell.get_by_label("airport").select_option(label="JFK")
    cell.get_by_label("day").fill("2013-01-31")
    expect(line).to_have_text("%windmill_run f/forms/delays -o found airport=JFK day=2013-01-31 worst=3")
    cell.get_by_label("worst").press("Control+Enter")
    expect(cell.locator(".fx-result")).to_contain_text("JFK", timeout=LONG)
    expect(cell.locator(".fx-state")).to_have_text("ran")
    picture(opened, "form_ran")
    expect(write_cell(opened, "found['worst']")).to_contain_text("3")
    save(opened)
    expect(opened.locator(".jp-mod-dirty")).to_have_count(0)
    saved = nbformat.read(lab_folder / "forms.ipynb", 4)
    output = next(cell.outputs for cell in saved.cells if "-o found" in cell.source)
    assert [set(shown.data) for shown in output] == [{"text/html", "text/plain"}]
    assert "airport=JFK day=2013-01-31" in output[0].data["text/plain"]


def test_what_was_typed_is_in_the_saved_notebook_though_nothing_was_run(opened: Page, lab_folder: Path) -> None:
    """As soon as somebody goes elsewhere; the form is as it was."""
    cell = write_cell(opened, "%windmill_run f/forms/delays worst=3 --form")
    cell.get_by_label("worst").fill("4", timeout=LONG)
    cell.get_by_label("note").fill("seven")
    cell.locator(".jp-InputArea .cm-content").click()
    saved = "%windmill_run f/forms/delays worst=4 note=seven"
    expect(cell.locator(".flexwm-at pre")).to_have_text(saved, timeout=LONG)
    expect(cell.get_by_label("note")).to_have_value("seven")
    save(opened)
    assert saved in (lab_folder / "forms.ipynb").read_text()


def test_runs_are_filtered_and_opened_in_a_living_table(opened: Page) -> None:
    """A click shows the run below; a run that was started elsewhere appears by itself."""
    for worst in (1, 2):
        write_cell(opened, f"%windmill_run f/forms/delays airport=LGA day=2013-02-0{worst} worst={worst} -q")
    cell = write_cell(opened, "%windmill_jobs f/forms/delays")
    expect(cell.locator(".fx-jobs tbody tr").nth(1)).to_be_visible(timeout=LONG)
    cell.locator(".fx-open").first.click()
    expect(cell.locator(".fx-facts")).to_contain_text("worst", timeout=LONG)
    picture(opened, "jobs")
    cell.get_by_label("State").select_option(label="✗ failed")
    expect(cell.locator(".fx-none")).to_be_visible()
    cell.get_by_label("State").select_option(label="all states")
    count = cell.locator(".fx-jobs tbody tr")
    expect(count).not_to_have_count(0)
    before = count.count()
    write_cell(opened, "%windmill_run f/forms/delays airport=JFK day=2013-02-03 -q")
    expect(count).to_have_count(before + 1, timeout=LONG)
