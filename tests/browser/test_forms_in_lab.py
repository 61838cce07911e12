"""A form for arguments as a person uses it in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, Response, expect

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


ANSWERED = """() => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    return kernel.requestKernelInfo().then(() => null);
}"""
TURNED = """form => {
    const left = one => one.getBoundingClientRect().left;
    document.documentElement.dir = "rtl";
    const [json, text] = ["details", "note"].map(name => form.querySelector(`[data-field="${name}"]`));
    const label = json.closest(".fx-field").firstElementChild;
    const seen = [left(label) > left(json), getComputedStyle(json).direction, text.dir];
    document.documentElement.dir = "";
    return seen;
}"""


def test_missing_arguments_are_asked_for_and_run_in_the_same_output(opened: Page, lab_folder: Path) -> None:
    """The line follows what is typed; the saved notebook has the form and the run as pictures."""
    write_cell(opened, SCRIPT.replace("%%windmill_script", "%%windmill_script --no-run", 1))
    cell = write_cell(opened, "%windmill_run f/forms/delays worst=3 -o found")
    line = cell.locator(".fx-magic")
    expect(line).to_have_text("%windmill_run f/forms/delays -o found worst=3", timeout=LONG)
    picture(opened, "form")
    assert cell.locator(".fx-form").evaluate(TURNED) == [True, "ltr", "auto"]  # JSON as it is written
    assert nameless(cell.locator(".fx-form")) == []
    cell.get_by_role("button", name="Run", exact=True).click()
    expect(cell.locator(".fx-notice").first).to_contain_text("airport: choose one")
    cell.get_by_label("airport").select_option(label="JFK")
    cell.get_by_label("day").fill("2013-01-31")
    expect(line).to_have_text("%windmill_run f/forms/delays -o found airport=JFK day=2013-01-31 worst=3")
    cell.get_by_label("worst").press("Control+Enter")
    expect(cell.locator(".fx-result")).to_contain_text("JFK", timeout=LONG)
    expect(cell.locator(".fx-state")).to_have_text("ran")
    expect(cell.get_by_label("worst")).to_be_focused()
    picture(opened, "form_ran")
    expect(write_cell(opened, "found['worst']")).to_contain_text("3")
    save(opened)
    expect(opened.locator(".jp-mod-dirty")).to_have_count(0)
    saved = nbformat.read(lab_folder / "forms.ipynb", 4)
    [shown] = next(cell.outputs for cell in saved.cells if "-o found" in cell.source)
    assert set(shown.data) == {"text/html", "text/plain"}
    assert "airport=JFK day=2013-01-31" in shown.data["text/plain"]
    assert "fill in the form" not in shown.data["text/plain"]


def test_what_is_typed_is_saved_while_the_caret_stays_where_it_is(opened: Page, lab_folder: Path) -> None:
    """By Ctrl+S at once, and by a click on Lab's button a moment later."""
    cell = write_cell(opened, "%windmill_run f/forms/delays airport=JFK day=2013-01-31 --form")
    note = cell.get_by_label("note")
    note.fill("seven", timeout=LONG)
    note.press("ArrowLeft")
    note.press_sequentially("X")
    with opened.expect_response(is_save):
        note.press("Control+s")
    assert "note=seveXn" in (lab_folder / "forms.ipynb").read_text()
    note.press_sequentially("Y")
    expect(cell.locator(".flexwm-at pre")).to_contain_text("note=seveXYn")
    assert note.evaluate("one => [one.selectionStart, one === one.getRootNode().activeElement]") == [6, True]
    with opened.expect_response(is_save):
        opened.get_by_role("button", name="Save and create checkpoint").click()
    assert "note=seveXYn" in (lab_folder / "forms.ipynb").read_text()
    note.press("Escape")
    expect(cell).to_be_focused()


def is_save(answer: Response) -> bool:
    """Whether the notebook was saved."""
    return answer.request.method == "PUT" and answer.url.partition("?")[0].endswith("/forms.ipynb")


def test_run_all_stops_at_a_form_and_goes_on_once_it_is_filled_in(opened: Page) -> None:
    """The form says what is missing until it is there; no cell below it runs before somebody asks for it."""
    write_cell(opened, "import time\ntime.sleep(1)")  # so that the kernel has all requests when the form is reached
    form = write_cell(opened, "%windmill_run f/forms/delays day=2013-01-31 -o asked")
    notice = form.locator(".fx-notice")
    expect(notice).to_have_text("fill in the form: f/forms/delays needs 'airport'", timeout=LONG)
    after = write_cell(opened, "print('after', asked['airport'])")
    expect(after).to_contain_text("NameError", timeout=LONG)
    expect(after.locator(".jp-InputPrompt").first).to_have_text(re.compile(r"\[\d+\]:"))
    opened.evaluate(ANSWERED)  # a kernel refuses what comes in the moment after an error
    opened.evaluate("() => { const { content } = window.jupyterapp.shell.currentWidget; content.activeCellIndex -= 2 }")
    command(opened, "notebook:run-all-below")
    expect(after).not_to_contain_text("NameError", timeout=LONG)
    expect(form.locator(".fx-form")).to_be_visible(timeout=LONG)
    picture(opened, "form_asks")
    form.get_by_label("airport").select_option(label="JFK")
    expect(notice).to_be_hidden()
    form.get_by_role("button", name="Run", exact=True).click()
    expect(form.locator(".fx-state")).to_have_text("ran", timeout=LONG)
    after.locator(".cm-content").click()
    command(opened, "notebook:run-cell")
    expect(after).to_contain_text("after JFK", timeout=LONG)


def test_runs_are_filtered_and_opened_in_a_living_table(opened: Page) -> None:
    """A click shows the run below; a run that was started elsewhere appears by itself."""
    for worst in (1, 2):
        write_cell(opened, f"%windmill_run f/forms/delays airport=LGA day=2013-02-0{worst} worst={worst} -q")
    cell = write_cell(opened, "%windmill_jobs f/forms/delays")
    expect(cell.locator(".fx-jobs tbody tr").nth(1)).to_be_visible(timeout=LONG)
    expect(cell.get_by_role("columnheader", name="Ran")).to_have_css("text-align", "end")  # as its figures are
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


def test_the_table_of_runs_is_used_by_keyboard(opened: Page) -> None:
    """Tab reaches its rows once, arrows walk them, and a look at what is new leaves the focus where it is."""
    cell = write_cell(opened, "%windmill_jobs f/forms/delays")
    rows = cell.locator(".fx-jobs tbody tr")
    expect(rows.nth(1)).to_be_visible(timeout=LONG)
    expect(rows.locator('[tabindex="0"]')).to_have_count(1)
    rows.nth(0).locator(".fx-open").focus()
    opened.keyboard.press("ArrowDown")
    expect(rows.nth(1).locator(".fx-open")).to_be_focused()
    opened.keyboard.press("ArrowRight")
    again = rows.nth(1).get_by_role("button", name="Run again")
    expect(again).to_be_focused()
    opened.keyboard.press("Enter")
    expect(rows.nth(2).get_by_role("button", name="Run again")).to_be_focused(timeout=LONG)
    cell.get_by_role("button", name="Created").focus()
    opened.keyboard.press("Enter")
    expect(cell.locator('th[aria-sort="ascending"]')).to_have_text("Created", timeout=LONG)
    picture(opened, "jobs_sorted")
