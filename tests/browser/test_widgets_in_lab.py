"""Living views as a person uses them in JupyterLab: watched, cancelled, detached, searched, opened again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SEEN_AT, TOKEN
from tests.browser.helpers import LONG, command, load_extension, nameless, picture, save, write_cell
from tests.hostile import EVERY

ALERTS: list[str] = []  # what a script that job data smuggled in would have said
SLOW = """%%windmill_script python3 f/watch/slow
import time
def main(lines: int = 600):
    for number in range(lines):
        print(f"\\x1b[31mstep\\x1b[0m {number} <img src=x onerror=alert(1)>", flush=True)
        time.sleep(0.05)
    return {"lines": lines, "deep": {"er": [1, 2, 3]}}
"""


@pytest.fixture(scope="module")
def opened(browser: Browser, lab: str, lab_folder: Path) -> Iterator[Page]:
    """An empty notebook in a tab, the extension loaded; a dialog of a script would fail the test."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(
        nbformat.v4.new_notebook(metadata=kernel, cells=[nbformat.v4.new_code_cell()]), lab_folder / "w.ipynb"
    )
    context = browser.new_context(viewport=SEEN_AT)  # type: ignore[arg-type]
    page = context.new_page()
    page.on(
        "dialog", lambda dialog: (ALERTS.append(dialog.message) if dialog.type == "alert" else None, dialog.accept())
    )
    page.goto(f"{lab}lab/tree/w.ipynb?token={TOKEN}&reset")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    load_extension(page)
    yield page
    command(page, "kernelmenu:shutdown")
    context.close()


def test_a_run_is_watched_searched_and_cancelled_while_its_cell_runs(opened: Page) -> None:
    """The log is coloured and inert; a click on Cancel ends the job and the cell with an error."""
    cell = write_cell(opened, SLOW)
    expect(cell.locator(".fx-state")).to_have_text("running", timeout=LONG)
    expect(cell.locator(".fx-row .fx-fg1").first).to_have_text("step")
    expect(cell.get_by_text("<img src=x").first).to_be_visible()
    cell.get_by_placeholder("Search log").fill("step 3 ")
    expect(cell.locator(".fx-here")).to_contain_text("step 3 ")
    picture(opened, "run")
    cell.get_by_role("button", name="Cancel").click()
    expect(cell.locator(".fx-state")).to_have_text("cancelled", timeout=5_000)
    expect(cell.locator(".jp-OutputArea-output").last).to_contain_text("cancelled in the notebook")
    assert not ALERTS


def test_a_run_is_detached_run_again_and_found_after_a_reload(opened: Page) -> None:
    """The notebook goes on at once; the view stays alive, whatever cell runs, and when the page is loaded anew."""
    cell = write_cell(opened, "%windmill_run f/watch/slow -o later")
    cell.get_by_role("button", name="Detach").click(timeout=LONG)
    expect(write_cell(opened, "type(later).__name__")).to_contain_text("Execution")
    cell.get_by_role("button", name="Cancel").click()
    cell.get_by_role("button", name="Run again").click(timeout=LONG)
    expect(cell.locator(".fx-state")).to_have_text("running", timeout=LONG)
    save(opened)
    opened.reload()
    again = opened.locator(".jp-Notebook .jp-CodeCell", has_text="-o later")
    expect(again.locator(".fx-state")).to_have_text("running", timeout=LONG)
    again.get_by_role("button", name="Cancel").click()
    expect(again.locator(".fx-state")).to_have_text("cancelled", timeout=LONG)


def test_one_run_is_looked_at_and_the_saved_notebook_has_its_picture(opened: Page, lab_folder: Path) -> None:
    """Arguments and result unfold; what was saved has HTML and text and no widget that could be missing."""
    cell = write_cell(opened, "%windmill_run f/watch/slow lines=1 -q\n%windmill_job")
    expect(cell.locator(".fx-facts")).to_contain_text("lines: 1", timeout=LONG)
    cell.locator(".fx-result summary", has_text="deep").click()
    expect(cell.locator(".fx-result .fx-key", has_text="er")).to_be_visible()
    picture(opened, "job")
    save(opened)
    expect(opened.locator(".jp-mod-dirty")).to_have_count(0)
    saved = nbformat.read(lab_folder / "w.ipynb", 4)
    kinds = {kind for cell in saved.cells for output in cell.get("outputs", ()) for kind in output.get("data", {})}
    assert kinds == {"text/html", "text/plain"}
    assert "widgets" not in saved.metadata


def test_no_text_of_a_job_becomes_active_in_a_living_view(opened: Page) -> None:
    """In the log, in a result's names and values, in arguments, wherever they are scrolled to."""
    texts = [text.encode("utf-8", "replace").decode() for text in EVERY if "\0" not in text]  # no engine takes NUL
    body = "def main(texts: list):\n    print('\\n'.join(texts))\n    return {'all': texts, **dict.fromkeys(texts, 1)}"
    write_cell(opened, f"texts = {texts!r}")
    cell = write_cell(opened, f"%%windmill_script python3 f/watch/hostile -q --arg texts=$texts -o hostile\n{body}")
    expect(cell.locator(".jp-OutputArea-output")).to_have_count(1, timeout=LONG)
    view = write_cell(opened, "%windmill_job").locator(".fx-run")
    expect(view.locator(".fx-pane")).to_be_visible(timeout=LONG)
    view.locator("details").evaluate_all("found => found.forEach(one => { one.open = true })")
    for top in range(0, 4_000, 160):
        view.locator(".fx-pane").evaluate("(pane, top) => { pane.scrollTop = top }", top)
    expect(view.locator("script, img, iframe, a, object, embed, form, svg, [onerror], [onload]")).to_have_count(0)
    assert not ALERTS


CHANGES = """async view => {
    const root = view.getRootNode();
    const found = [];
    const watch = new MutationObserver(changes => found.push(...changes));
    watch.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    await new Promise(later => setTimeout(later, 1700));
    watch.disconnect();
    return { changes: found.length, motions: root.getAnimations().length };
}"""


def test_a_quiet_run_costs_the_page_one_change_a_second(opened: Page) -> None:
    """Its clock ticks where it is seen and nowhere else, and nothing moves."""
    cell = write_cell(opened, "%%windmill_script bash f/watch/quiet --detach\nsleep 60")
    view = cell.locator(".fx-run")
    expect(view.locator(".fx-state")).to_have_text("running", timeout=LONG)
    view.scroll_into_view_if_needed()
    expect(view.locator(".fx-clock")).to_have_text("1 s")
    seen = view.evaluate(CHANGES)
    assert 1 <= seen["changes"] <= 2
    cell.evaluate("one => { one.style.display = 'none' }")
    unseen = view.evaluate(CHANGES)
    assert unseen["changes"] <= 1  # it went out of sight a moment later
    assert seen["motions"] == unseen["motions"] == 0
    cell.evaluate("one => { one.style.display = '' }")
    expect(view.locator(".fx-clock")).to_have_text(re.compile(r"[4-9]\ss"))
    view.get_by_role("button", name="Cancel").click()
    expect(view.locator(".fx-state")).to_have_text("cancelled", timeout=LONG)
    said = view.locator(".fx-clock").text_content() or ""
    assert re.fullmatch(r"after \d\.\d\d\u00a0s \(queued\u00a00\.\d\d\u00a0s\)", said)  # units stay beside figures


FLOW = """%%windmill_flow f/watch/flow
value:
  modules:
    - id: load
      value: {type: rawscript, language: bash, content: "sleep 1; echo loaded"}
    - id: each
      value:
        type: forloopflow
        iterator: {type: javascript, expr: "[1, 2]"}
        modules: [{id: clean, value: {type: rawscript, language: bash, content: echo clean}}]
    - id: ask
      summary: Send it to <b>everybody</b>?
      value: {type: rawscript, language: bash, content: echo asked}
      suspend:
        required_events: 1
        resume_form: {schema: {type: object, required: [to], properties: {to: {type: string, title: Receiver}}}}
    - id: send
      value: {type: identity}
"""


MIRRORED = """view => {
    const left = one => one.getBoundingClientRect().left;
    document.documentElement.dir = "rtl";
    const [sign, step] = view.querySelectorAll(".fx-line > b");
    const [field, name] = ["input", ".fx-field-name"].map(one => view.querySelector(one));
    const seen = [left(sign) < left(step), left(field) < left(name)];
    document.documentElement.dir = "";
    return seen;
}"""


def test_a_flow_is_drawn_opened_folded_and_approved(opened: Page) -> None:
    """Steps tell their state in words; the form checks what is missing; the timeline has the loop's steps."""
    cell = write_cell(opened, FLOW)
    expect(cell.get_by_role("button", name="load, running")).to_be_visible(timeout=LONG)
    form = cell.locator(".fx-approval")
    expect(form).to_contain_text("Send it to <b>everybody</b>?", timeout=LONG)
    form.get_by_role("button", name="Approve").click()
    expect(form.get_by_role("alert")).to_contain_text("Receiver:")
    picture(opened, "approval")
    assert form.evaluate(MIRRORED) == [True, True]  # our words in order, names of fields on the right
    form.get_by_label("Receiver").fill("Ada")
    form.get_by_role("button", name="Approve").click()
    expect(cell.locator(".fx-run > .fx-head .fx-state")).to_have_text("ran", timeout=LONG)
    cell.locator('.fx-node[aria-label^="clean, ran"]').click()
    expect(cell.locator(".fx-panel")).to_contain_text("clean", timeout=LONG)
    expect(cell.locator(".fx-panel .fx-text")).to_contain_text("clean", timeout=LONG)
    picture(opened, "flow")
    cell.locator(".fx-toggle").first.click()
    expect(cell.locator(".fx-folded")).to_have_count(1, timeout=LONG)
    cell.get_by_role("tab", name="timeline").click()
    expect(cell.get_by_role("row").filter(has_text="each[1]")).to_be_visible()
    picture(opened, "timeline")


SEEN = """drawn => drawn.map(one => {
    const { backgroundColor, fill, stroke } = getComputedStyle(one);
    return { backgroundColor, fill, stroke };
})"""


def test_it_is_seen_in_the_readers_own_colours(opened: Page) -> None:
    """Bars, boxes and their names keep apart from the ground in forced colours; all has a name."""
    cell = opened.locator(".jp-Notebook .jp-CodeCell", has_text="f/watch/flow")
    opened.emulate_media(forced_colors="active", color_scheme="dark", reduced_motion="reduce")
    try:
        bars = cell.locator(".fx-ran").evaluate_all(SEEN)
        assert {bar["backgroundColor"] for bar in bars} == {"rgb(255, 255, 255)"}
        cell.get_by_role("tab", name="graph").click()
        boxes = cell.locator(".fx-box").evaluate_all(SEEN)
        assert {(box["fill"], box["stroke"]) for box in boxes} == {("rgb(0, 0, 0)", "rgb(255, 255, 255)")}
        picture(opened, "forced_colours")
        assert nameless(cell.locator(".fx-run")) == []
    finally:
        opened.emulate_media(forced_colors="none", color_scheme="light", reduced_motion="no-preference")


def test_a_flow_is_looked_at_and_approved_by_keyboard(opened: Page) -> None:
    """Enter opens a step, Tab goes into it, Escape back; the focus stays in the view when what had it goes away."""
    cell = write_cell(opened, FLOW)
    form = cell.locator(".fx-approval")
    expect(form).to_be_visible(timeout=LONG)
    expect(cell.locator('.fx-node[tabindex="0"]')).to_have_attribute("aria-label", re.compile("^load, ran, "))
    step = cell.locator('.fx-node[tabindex="0"]')
    cell.get_by_role("button", name="Actual size").focus()
    opened.keyboard.press("Tab")
    expect(step).to_be_focused()
    expect(step.locator(".fx-box")).to_have_css("stroke-width", "3px")
    opened.keyboard.press("Enter")
    expect(cell.get_by_role("region", name="Step load")).to_contain_text("loaded", timeout=LONG)
    opened.keyboard.press("Tab")
    expect(cell.get_by_role("button", name="copy replay")).to_be_focused()
    opened.keyboard.press("Escape")
    expect(cell.locator(".fx-panel")).to_be_hidden()
    expect(step).to_be_focused()
    form.get_by_label("Receiver").fill("Ada")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    expect(form).to_be_hidden(timeout=LONG)
    expect(cell.locator(".fx-run")).to_be_focused()


TURNED = """%%windmill_script python3 f/watch/turned -q --arg name=$name
def main(name: str):
    print("sent to", name, "(1 of 2)")
    return {"name": name}
"""


def test_text_that_would_turn_its_line_round_is_seen_as_it_is_sent(opened: Page) -> None:
    """In JSON it is written out; in the log it is left out; names of another direction stay on their own."""
    write_cell(opened, 'name = "\u05d3\u05d5\u05d7 \u202egnp.exe"')
    write_cell(opened, TURNED)
    view = write_cell(opened, "%windmill_job").locator(".fx-run")
    line = view.locator(".fx-row", has_text="sent to")
    expect(line).to_have_text("1sent to \u05d3\u05d5\u05d7 gnp.exe (1 of 2)", timeout=LONG)
    expect(view.locator(".fx-result .fx-string")).to_have_text('"\u05d3\u05d5\u05d7 \\u202egnp.exe"')
    expect(view.locator(".fx-result .fx-string")).to_have_css("unicode-bidi", "isolate")
    turn = "(one, way) => { document.documentElement.dir = way; return getComputedStyle(one).direction }"
    assert view.evaluate(turn, "rtl") == "rtl"
    assert view.locator(".fx-pane").evaluate(turn, "rtl") == "ltr"
    picture(opened, "right_to_left")
    assert view.evaluate(turn, "") == "ltr"


def test_notebook_seven_draws_the_same(opened: Page, lab: str) -> None:
    """The saved notebook opens there with its living views, for its kernel is the same."""
    save(opened)
    expect(opened.locator(".jp-mod-dirty")).to_have_count(0)
    page = opened.context.new_page()
    page.goto(f"{lab}notebooks/w.ipynb?token={TOKEN}")
    cell = page.locator(".jp-Notebook .jp-CodeCell", has_text="-o later")
    expect(cell.locator(".fx-state")).to_have_text("cancelled", timeout=LONG)
    picture(page, "notebook7")
    page.close()
