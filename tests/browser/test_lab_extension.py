"""What a person does beside the notebook: the sidebar, panels of jobs and forms, files of flows, cells."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from flexwm_nb import Flow
from tests.browser.conftest import TOKEN
from tests.browser.helpers import LONG, command, picture

SCRIPT = """import time


def main(n: int, name: str = 'Ada'):
    print('hello', name)
    time.sleep(n)
    return n * 2
"""
FLOW = """summary: Two steps
value:
  modules:
    - id: load
      value: {type: rawscript, language: bash, content: echo 1, input_transforms: {}}
    - id: report
      value:
        type: script
        path: f/lab/sleep
        input_transforms:
          n: {type: javascript, expr: results.laod}
"""


def ask(page: Page, method: str, path: str, body: Any = None) -> Any:
    """A request of the page to the Jupyter server."""
    asked = """async ([method, path, body]) => {
      const token = document.cookie.split('; ').find(one => one.startsWith('_xsrf='))?.slice(6);
      const headers = {'Content-Type': 'application/json', 'X-XSRFToken': token};
      const sent = body === null ? undefined : JSON.stringify(body);
      return await (await fetch('/flexwm/' + path, {method, headers, body: sent})).text();
    }"""
    text = page.evaluate(asked, [method, path, body])
    try:
        return json.loads(text)
    except ValueError:
        return text


def open_notebook(page: Page, name: str, cells: list[dict[str, Any]]) -> None:
    """Write a notebook, and open it."""
    notebook = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}}
    save = """async ([path, content]) => {
      const {contents} = window.jupyterapp.serviceManager;
      await contents.save(path, {type: 'notebook', format: 'json', content});
      await window.jupyterapp.commands.execute('docmanager:open', {path});
    }"""
    page.evaluate(save, [name, {**notebook, "nbformat": 4, "nbformat_minor": 4}])


def use_theme(page: Page, name: str) -> None:
    """Change to the light or dark theme, and wait until it is there."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", f"JupyterLab {name}")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {name}", timeout=LONG)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=LONG)


def start_notebook(page: Page, name: str, sources: list[str]) -> None:
    """Open a notebook of these cells, and run them all."""
    open_notebook(page, name, [code_cell(source) for source in sources])
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    command(page, "notebook:run-all-cells")


def open_file(page: Page, path: str) -> None:
    """Show a file of the server."""
    page.evaluate("path => window.jupyterapp.commands.execute('docmanager:open', {path}).then(() => null)", path)


def code_cell(source: str) -> dict[str, Any]:
    """A cell that has not run."""
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def jobs(page: Page, path: str) -> Locator:
    """The jobs of a script in the sidebar."""
    return page.locator(f'.fxl-line[data-kind="job"][title="{path}"]')


# what the browser says of a request that a test wants refused, and Lab of a kernel that a test ends
EXPECTED = re.compile(r"\((Forbidden|Service Unavailable|Bad Gateway)\)|^Could not restore the debugger state")


def is_wrong(message: ConsoleMessage) -> bool:
    """Whether the page complains."""
    return message.type == "error" and not EXPECTED.search(message.text)


@pytest.fixture
def beside(page: Page, lab: str) -> Iterator[Page]:
    """JupyterLab with the sidebar open and a script on the engine; at the end nothing went wrong in the page."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if is_wrong(message) else None)
    page.goto(f"{lab}lab?token={TOKEN}&reset")
    expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=LONG)
    expect(page.locator('[data-id="flexwm-sidebar"]')).to_be_visible(timeout=LONG)
    command(page, "flexwm:show")
    ask(page, "POST", "engines/local/start")
    ask(page, "POST", "e/local/register", {"path": "f/lab/sleep", "language": "python3", "content": SCRIPT})
    page.get_by_role("button", name="Look again").click()
    expect(line(page, "f/lab/sleep")).to_be_visible(timeout=LONG)
    yield page
    assert wrong == []


def line(page: Page, title: str) -> Locator:
    """A line of the sidebar."""
    return page.locator(f'.fxl-line[title="{title}"]').first


def start(page: Page, **arguments: Any) -> str:
    """Start the script; its job."""
    job: str = ask(page, "POST", "e/local/api/w/demo/jobs/run/p/f/lab/sleep", arguments)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(f'.fxl-line[data-key="{job}"]')).to_be_visible(timeout=LONG)
    return job


def test_a_script_is_run_with_its_form_and_followed(beside: Page) -> None:
    """The form checks what is typed; the panel of the job shows log and result; the sidebar knows of it."""
    line(beside, "f/lab/sleep").dblclick()
    form = beside.locator(".fxl-form")
    form.locator(".fx-yes").click()
    expect(form.locator(".fx-wrong", has_text="a value is needed")).to_be_visible()
    form.locator("input[type=number]").fill("1")
    expect(form.locator(".fx-magic")).to_have_text("%windmill_run f/lab/sleep n=1")
    picture(beside, "lab_form")
    form.locator(".fx-yes").click()
    panel = beside.locator(".fxl-job")
    expect(panel.get_by_text("hello Ada")).to_be_visible(timeout=LONG)
    expect(panel.locator(".fx-result", has_text="2")).to_be_visible(timeout=LONG)
    expect(beside.locator('.fxl-line[data-kind="job"][data-state="success"]').first).to_be_visible(timeout=LONG)
    beside.set_viewport_size({"width": 1200, "height": 600})
    picture(beside, "lab_job")


def test_the_sidebar_finds_and_cancels(beside: Page) -> None:
    """A search narrows the list; a job that goes on is cancelled at its line, whatever the kernel does."""
    job = start(beside, n=60)
    search = beside.get_by_role("searchbox", name="Search scripts, flows and jobs")
    search.fill("sleep lab")
    expect(line(beside, "f/lab/sleep")).to_be_visible()
    search.fill("nowhere")
    expect(beside.get_by_text("nothing matches").first).to_be_visible()
    search.fill("")
    row = beside.locator(f'.fxl-line[data-key="{job}"]')
    row.hover()
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_attribute("data-state", "canceled", timeout=LONG)


def test_the_sidebar_is_used_by_keyboard(beside: Page) -> None:
    """Arrows move, Enter opens, a section folds; Shift+F10 leads to a script's versions, among which arrows choose."""
    tree = beside.get_by_role("tree", name="Scripts, flows and jobs")
    tree.focus()
    beside.keyboard.press("Home")
    beside.keyboard.press("ArrowLeft")
    expect(beside.locator('.fxl-line[data-key="jobs"]')).to_have_attribute("aria-expanded", "false")
    beside.keyboard.press("ArrowRight")
    expect(beside.locator('.fxl-line[data-key="jobs"]')).to_have_attribute("aria-expanded", "true")
    newer = {"path": "f/lab/sleep", "language": "python3", "content": SCRIPT.replace("n * 2", "n * 3")}
    ask(beside, "POST", "e/local/register", newer)
    line(beside, "f/lab/sleep").click()
    beside.keyboard.press("Shift+F10")
    expect(beside.get_by_role("menuitem", name="History and Differences")).to_be_visible()
    beside.keyboard.press("h")
    beside.keyboard.press("Enter")
    changes = beside.get_by_role("region", name="Changes of v")
    expect(changes).to_contain_text("+    return n * 3", timeout=LONG)
    version = beside.get_by_role("listbox", name="Versions").get_by_role("option", selected=True)
    beside.keyboard.press("Tab")
    beside.keyboard.press("ArrowDown")
    expect(version).to_be_focused()
    expect(changes).not_to_contain_text("n * 3")
    picture(beside, "history")


def test_a_flow_file_is_drawn_and_checked(beside: Page) -> None:
    """What is wrong is said at its line, which one click shows; mended, the flow can be run."""
    path = "checked.flow.yaml"
    write = """async ([path, content]) => {
      await window.jupyterapp.serviceManager.contents.save(path, {type: 'file', format: 'text', content});
      await window.jupyterapp.commands.execute('docmanager:open', {path});
    }"""
    beside.evaluate(write, [path, FLOW])
    flow = beside.locator(".fxl-flow")
    expect(flow.get_by_text("Did you mean load?")).to_be_visible(timeout=LONG)
    expect(flow.locator(".fx-node")).to_have_count(2)
    flow.get_by_role("button", name="line 11").click()
    expect(beside.get_by_text("Ln 11, Col 1")).to_be_visible(timeout=LONG)
    picture(beside, "lab_flow")
    expect(flow.get_by_role("button", name="Run")).to_be_disabled()
    mend = "(path) => window.jupyterapp.shell.activeWidget.context.model.sharedModel.setSource(path)"
    beside.evaluate(mend, FLOW.replace("laod", "load"))
    expect(flow.get_by_role("button", name="Run")).to_be_enabled(timeout=LONG)


def test_a_flow_in_an_output_is_drawn(beside: Page) -> None:
    """Without a kernel, in an output that nobody trusts: a step is opened, a loop is folded."""
    flow = Flow("f/lab/each", summary="Each carrier")
    with flow.for_each([1, 2], "each") as carrier:
        flow.code("bash", 'n="$1"\necho "$n"', "one", n=carrier.item)
    cell = {"cell_type": "code", "source": "flow", "metadata": {}, "execution_count": 1, "outputs": [
        {"output_type": "execute_result", "data": flow._repr_mimebundle_(), "metadata": {}, "execution_count": 1}
    ]}  # fmt: skip
    open_notebook(beside, "drawn.ipynb", [cell])
    output = beside.locator(".fxl-output")
    expect(output.get_by_text("f/lab/each · Each carrier")).to_be_visible(timeout=LONG)
    output.locator(".fx-node", has_text="one").click()
    expect(output.locator(".fx-panel")).to_contain_text("n = flow_input.iter.value")
    for theme in ("Dark", "Light"):
        use_theme(beside, theme)
        picture(beside, f"lab_flow_output_{theme.lower()}")
    output.locator(".fx-toggle").click()
    expect(output.locator(".fx-node")).to_have_count(1)


SLEEP = "%%windmill_script bash {path} --detach\nsleep 60"
ELSEWHERE = "import os\nos.environ['FLEXWM_STORE'] = {store!r}"


def test_the_engine_goes_under_a_panel_and_comes_back(beside: Page, lab_folder: Path) -> None:
    """The panel says so and tries again; once the engine is started in the sidebar, it goes on with the run."""
    job = start(beside, n=60)
    beside.locator(f'.fxl-line[data-key="{job}"]').dblclick()
    panel = beside.locator(".fxl-job")
    expect(panel.get_by_text("hello Ada")).to_be_visible(timeout=LONG)
    stop = [sys.executable, "-m", "flexwm_nb", "stop", "--force"]
    environment = {**os.environ, "FLEXWM_STORE": str(lab_folder / "store")}
    subprocess.run(stop, env=environment, capture_output=True, check=True)
    expect(panel.get_by_text("Trying again…")).to_be_visible(timeout=LONG)
    beside.get_by_role("button", name="Look again").click()
    picture(beside, "lab_stopped")
    beside.get_by_role("button", name="Start it").click()
    expect(panel.get_by_text("Trying again…")).to_be_hidden(timeout=LONG)
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_text("cancelled").first).to_be_visible(timeout=LONG)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A store for a second local engine, which is stopped at the end."""
    store = tmp_path / "elsewhere"
    yield store
    command = [sys.executable, "-m", "flexwm_nb", "stop", "--force"]
    subprocess.run(command, env={**os.environ, "FLEXWM_STORE": str(store)}, capture_output=True, check=False)


def test_two_notebooks_use_two_engines(beside: Page, elsewhere: Path) -> None:
    """Each one's jobs are seen on its own engine, cancelled there, and left alone on the other."""
    start_notebook(beside, "here.ipynb", ["%load_ext flexwm_nb", SLEEP.format(path="f/two/here")])
    expect(line(beside, "f/two/here")).to_be_visible(timeout=LONG)
    other = ELSEWHERE.format(store=str(elsewhere))
    start_notebook(beside, "there.ipynb", [other, "%load_ext flexwm_nb", SLEEP.format(path="f/two/there")])
    engine = beside.get_by_role("combobox", name="Engine")
    expect(engine.locator("option")).to_have_count(2, timeout=LONG)
    expect(jobs(beside, "f/two/there")).to_have_count(0)

    mine = beside.get_by_role("checkbox", name="this notebook")
    mine.check()
    expect(engine.locator("option:checked")).to_have_text("local engine in elsewhere · demo", timeout=LONG)
    expect(jobs(beside, "f/two/there")).to_have_attribute("data-state", "running", timeout=LONG)
    expect(jobs(beside, "f/two/here")).to_have_count(0)
    jobs(beside, "f/two/there").dblclick()
    panel = beside.locator(".fxl-job")
    expect(panel.get_by_role("button", name="Cancel")).to_be_visible(timeout=LONG)
    mine.uncheck()
    engine.select_option(label="local engine · demo")
    expect(jobs(beside, "f/two/here")).to_have_attribute("data-state", "running", timeout=LONG)
    expect(panel.get_by_text("local engine in elsewhere · demo")).to_be_visible()
    picture(beside, "lab_two_engines")
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_text("cancelled").first).to_be_visible(timeout=LONG)
    expect(jobs(beside, "f/two/here")).to_have_attribute("data-state", "running")

    engine.select_option(label="local engine in elsewhere · demo")
    expect(jobs(beside, "f/two/there")).to_have_attribute("data-state", "canceled", timeout=LONG)
    open_file(beside, "here.ipynb")
    command(beside, "flexwm:cancel-notebook-jobs")
    expect(beside.get_by_text("1 job is cancelled")).to_be_visible(timeout=LONG)
    engine.select_option(label="local engine · demo")
    expect(jobs(beside, "f/two/here")).to_have_attribute("data-state", "canceled", timeout=LONG)
    beside.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


@pytest.fixture
def configured(page: Page, lab: str) -> Iterator[Page]:
    """JupyterLab before it is opened, with settings of this extension; they are as they were at the end."""
    save = "raw => window.jupyterapp.serviceManager.settings.save('flexwm-nb:plugin', raw).then(() => null)"
    page.goto(f"{lab}lab?token={TOKEN}&reset")
    expect(page.locator('[data-id="flexwm-sidebar"]')).to_be_visible(timeout=LONG)
    page.evaluate(save, '{"colours": "colour-blind", "jobsShown": 17, "engine": "nowhere"}')
    yield page
    page.evaluate(save, "{}")


SAFE = {"Light": "rgb(0, 96, 168)", "Dark": "rgb(86, 180, 233)"}


def test_settings_take_effect(configured: Page, lab: str) -> None:
    """How many jobs are read, an engine that is not there, and colours: in the sidebar and inside of views."""
    ask(configured, "POST", "engines/local/start")
    ask(configured, "POST", "e/local/register", {"path": "f/lab/sleep", "language": "python3", "content": SCRIPT})
    job = ask(configured, "POST", "e/local/api/w/demo/jobs/run/p/f/lab/sleep", {"n": 0})
    with configured.expect_request(re.compile("jobs/list.*per_page=17"), timeout=LONG):
        configured.goto(f"{lab}lab?reset")
        expect(configured.locator('[data-id="flexwm-sidebar"]')).to_be_visible(timeout=LONG)
        command(configured, "flexwm:show")
    expect(configured.get_by_text("The engine that the settings name is not there: nowhere")).to_be_visible(
        timeout=LONG
    )
    row = configured.locator(f'.fxl-line[data-key="{job}"][data-state="success"]')
    expect(row).to_be_visible(timeout=LONG)
    row.dblclick()
    head = configured.locator('.fxl-job [data-state="success"] > .fx-head > .fx-sign').first
    for theme, colour in reversed(SAFE.items()):
        use_theme(configured, theme)
        expect(row.locator(".fxl-sign")).to_have_css("color", colour)
        expect(head).to_have_css("color", colour, timeout=LONG)
        picture(configured, f"lab_colours_{theme.lower()}")


COMPLETED = {
    "python3": ("def main(first: int, table: dict):\n    table.it", "items"),
    "postgresql": ("SEL", "SELECT"),
    "typescript": ("export async function main(price: number) {\n  const total = price;\n  return tot", "total"),
    "go": ("fallt", "fallthrough"),
    "bash": ("greeting=1; greet", "greeting"),
    "flow": ("value:\n  modules:\n    - id: load\n      value: {type: forl", "forloopflow"),
}
HEADS = {"flow": "%%windmill_flow f/lab/written"}


def test_cells_are_completed_as_what_they_are(beside: Page) -> None:
    """Below a magic its language is completed, of a flow what its models have; a plain cell is the kernel's."""
    heads = [HEADS.get(name, f"%%windmill_script {name} f/lab/written") for name in COMPLETED]
    start_notebook(beside, "completed.ipynb", ["%load_ext flexwm_nb\nplain_value = 1\nplain_value"])
    expect(beside.locator(".jp-OutputArea-output").first).to_have_text("1", timeout=LONG)
    cells = [f"{head}\n{body}" for head, (body, _) in zip(heads, COMPLETED.values())]
    for source, completed in zip([*cells, "plain_va"], [*(text for _, text in COMPLETED.values()), "plain_value"]):
        command(beside, "notebook:insert-cell-below")
        beside.wait_for_timeout(300)
        command(beside, "notebook:enter-edit-mode")
        cell = beside.locator(".jp-Notebook .jp-mod-active .cm-content")
        expect(beside.locator(".jp-Notebook .jp-mod-active .jp-mod-completer-enabled")).to_be_visible(timeout=LONG)
        cell.fill(source)
        cell.press("Control+End")
        shown = beside.locator(".jp-Completer:not(.lm-mod-hidden)")
        for _ in range(8):  # a kernel that is asked for the first time may answer too late
            command(beside, "completer:invoke-notebook")
            if is_answered(beside, shown, cell, completed):
                break
        expect(shown if shown.count() else cell).to_contain_text(completed)
        picture(beside, f"lab_completion_{completed.lower()}")
        cell.press("Escape")
    beside.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


def is_answered(page: Page, shown: Locator, cell: Locator, completed: str) -> bool:
    """Whether completions are shown, or the only one put in, within a moment."""
    for _ in range(12):
        page.wait_for_timeout(100)
        if shown.count() or completed in cell.inner_text():
            return True
    return False


WRITTEN = "value:\n  modules:\n    - id: load\n      value: {type: "
TYPES = ["rawscript", "script", "flow", "forloopflow", "whileloopflow", "branchone", "branchall", "identity", "aiagent"]


def test_tab_completes_flows_in_cells_and_files(beside: Page) -> None:
    """With what may stand there and nothing else; in a plain cell Lab's own words stay."""
    open_notebook(beside, "tabbed.ipynb", [code_cell(""), code_cell("")])
    beside.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready")
    cells = beside.locator(".jp-Notebook .jp-CodeCell .cm-content")
    press_tab(beside, cells.first, f"%%windmill_flow f/lab/tabbed\n{WRITTEN}")
    listed = beside.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-match")
    expect(listed).to_have_text(TYPES, timeout=LONG)
    cells.first.press("Escape")
    press_tab(beside, cells.last, "abcdef = abcxyz = 1; abc")
    expect(listed).to_have_text(["abcdef", "abcxyz"], timeout=LONG)
    cells.last.press("Escape")
    write = """async ([path, content]) => {
      await window.jupyterapp.serviceManager.contents.save(path, {type: 'file', format: 'text', content});
      await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Editor'});
    }"""
    beside.evaluate(write, ["tabbed.flow.yaml", ""])
    text = beside.locator(".jp-FileEditor .cm-content")
    press_tab(beside, text, f"{WRITTEN}branch")
    expect(listed).to_have_text(["branchall", "branchone"], timeout=LONG)
    picture(beside, "lab_completion_tab")
    text.press("Enter")
    expect(text).to_contain_text("{type: branchall", timeout=LONG)
    beside.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


def press_tab(page: Page, editor: Locator, text: str) -> None:
    """Write a text, and press Tab at its end as soon as that completes."""
    editor.click()
    editor.fill(text)
    editor.press("Control+End")
    expect(page.locator(".jp-mod-completer-enabled").and_(page.locator(":focus-within"))).to_be_visible(timeout=LONG)
    editor.press("Tab")


def test_a_busy_kernel_is_not_needed(beside: Page) -> None:
    """While the kernel computes, a cell is registered and run as a job, and its source is highlighted as what it is."""
    code = "%%windmill_script bash f/lab/hello\nfor i in 1 2; do echo hello; done"
    sources = ("import time\nfor _ in range(600): time.sleep(0.1)", code)
    open_notebook(beside, "busy.ipynb", [code_cell(source) for source in sources])
    expect(beside.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    expect(beside.locator(".cm-line.fxl-magic-line")).to_have_text(re.compile("^%%windmill_script bash"))
    command(beside, "notebook:run-cell-and-select-next")
    expect(beside.get_by_text("Python 3 (ipykernel) | Busy")).to_be_visible(timeout=LONG)
    command(beside, "flexwm:run-cell")
    form = beside.locator(".fxl-form")
    expect(form.get_by_text("It takes no arguments.")).to_be_visible(timeout=LONG)
    form.locator(".fx-yes").click()
    expect(beside.locator(".fxl-job").locator(".fx-result", has_text="hello")).to_be_visible(timeout=LONG)
    command(beside, "kernelmenu:shutdown")


def test_what_the_engine_refuses_is_said(beside: Page) -> None:
    """The browser cannot stop the engine; the sidebar and the status bar say how it stands."""
    assert ask(beside, "POST", "e/local/api/flexwm/stop")["problem"]["code"] == "permission-denied"
    expect(beside.locator(".fxl-state")).to_have_text("running")
    expect(beside.locator(".fxl-status")).to_contain_text("Windmill")
    picture(beside, "lab_sidebar")
