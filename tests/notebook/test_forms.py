"""A form asks for arguments where a person is there, and starts the run: a real shell, a real engine, the page's part
played by the messages that it sends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from flexwm_nb.display.widgets import base
from flexwm_nb.display.widgets.form import FormWidget
from flexwm_nb.engine import Engine
from flexwm_nb.errors import FlexwmError, InvalidArguments, InvalidInput
from flexwm_nb.magics import extension_of

if TYPE_CHECKING:
    from conftest import TestingShell

GREET = """def main(name: str, times: int = 2, key: str = ''):
    if times > 5:
        raise ValueError('too often')
    return ' '.join([f'Hello {name}'] * times)"""

FLOW = """schema: {properties: {n: {type: integer}}, required: [n]}
value: {modules: [{id: a, value: {type: identity}}]}"""


@pytest.fixture
def greet(shell: TestingShell) -> str:
    """A script with an argument that is needed."""
    shell.cell(f"%%windmill_script python3 f/nb/greet --no-run\n{GREET}")
    return "f/nb/greet"


@pytest.fixture
def seen(shell: TestingShell, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A page that draws widgets looks at the shell."""
    session = extension_of(shell).session
    there = base.Presence()
    there.is_there = True
    monkeypatch.setattr(session.desk, "_presence", there)
    monkeypatch.setattr(session.settings, "display", "rich")
    yield


def form() -> FormWidget:
    """The form that was opened last."""
    return next(widget for widget in reversed(base._living) if isinstance(widget, FormWidget))


def says(widget: FormWidget, **message: Any) -> None:
    """The page sends something."""
    widget._heard(widget, message, [])


def until(condition: Any) -> Any:
    """Wait for something to come true."""
    end = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.mark.usefixtures("seen")
def test_a_missing_argument_is_asked_for_and_the_run_is_shown_below(shell: TestingShell, greet: str) -> None:
    """What was given is in the form already; the result comes into the variable that was named."""
    said = shell.message(f"%windmill_run {greet} times=3 -o greeting")
    assert said == f"fill in the form: {greet} needs 'name'"
    widget = form()
    assert widget.whole()["values"] == {"times": 3}
    assert said in widget.bundle()["text/plain"]
    says(widget, act="values", values={"name": "Ada", "times": 3}, valid=True)
    assert said not in widget.bundle()["text/plain"]
    assert widget.form.line == f"%windmill_run {greet} -o greeting name=Ada times=3"
    says(widget, act="run", values={"name": "Ada", "times": 1})
    assert until(lambda: shell.user_ns.get("greeting")) == "Hello Ada"
    bundle = widget.bundle()
    assert bundle["text/html"].count("flexwm-at flexwm-at-") == 2
    assert "Hello Ada" in bundle["text/plain"]
    says(widget, act="run", values={"name": "Ida", "times": 9})
    until(lambda: "too often" in widget.bundle()["text/plain"])


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs the argument 'name'"),
        ({"name": "A", "times": "x"}, "times takes a whole number"),
        ({"no": 1}, "'no'"),
    ],
    ids=["missing", "type", "unknown"],
)
def test_what_the_page_sends_is_checked_again(
    shell: TestingShell, greet: str, values: dict[str, Any], said: str
) -> None:
    """It is said in the form, which can be sent again."""
    shell.failure(f"%windmill_run {greet} --form")
    widget = form()
    says(widget, act="run", values=values)
    assert said in until(lambda: widget.whole().get("notice"))
    assert not widget.whole()["done"]


@pytest.mark.usefixtures("seen")
def test_what_is_typed_is_in_the_saved_picture_at_once(shell: TestingShell, greet: str) -> None:
    """As soon as the page tells it; the page hears that it is, so that whoever saves the notebook can wait for it."""
    shell.cell(f"%windmill_run {greet} name=Ada --form")
    widget = form()
    settled: list[Any] = []
    widget.stand_in(SimpleNamespace(update=lambda bundle, **_: settled.append(bundle["text/plain"])))
    says(widget, act="values", number=7, values={"name": "Ida"})
    assert f"%windmill_run {greet} name=Ida" in settled[-1]
    assert widget.whole()["kept"] == 7


@pytest.mark.usefixtures("seen")
def test_paths_to_pick_are_names_alone(shell: TestingShell, greet: str, wm: Engine) -> None:
    """Of resources of one type, and of variables; what they hold stays where it is."""
    wm.variables.set("f/nb/token", "hush", secret=True)
    wm.resources.set("f/nb/base", {"host": "hush"}, resource_type="postgresql")
    assert shell.cell(f"%windmill_run {greet} name=Ada --form") is None
    widget = form()
    says(widget, act="pick", kind="variable", type="")
    says(widget, act="pick", kind="resource", type="postgresql")
    choices = until(lambda: len(widget.whole().get("choices") or {}) == 2 and widget.whole()["choices"])
    assert "f/nb/token" in choices["variable"]
    assert "f/nb/base" in choices["resource postgresql"]
    assert "hush" not in str(widget.whole())


@pytest.mark.usefixtures("seen")
def test_cells_are_registered_before_they_ask(shell: TestingShell) -> None:
    """A script's cell and a flow's; frames stay on the line, and a wrong argument is an error, no form."""
    shell.failure(f"%%windmill_script python3 f/nb/asked\n{GREET}")
    assert form().form.line == "%windmill_run f/nb/asked"
    assert shell.message(f"%%windmill_flow f/nb/asked_flow\n{FLOW}").endswith("needs 'n'")
    widget = form()
    says(widget, act="run", values={"n": 4})
    until(lambda: widget.is_over)
    with pytest.raises(InvalidArguments, match="nmae"):
        shell.cell("%windmill_run f/nb/asked nmae=1")


def test_where_nobody_is_there_a_missing_argument_is_an_error(shell: TestingShell, greet: str) -> None:
    """`--form` shows what is taken, and runs with what is given."""
    assert "needs the argument 'name'" in shell.message(f"%windmill_run {greet}")
    assert shell.cell(f"%windmill_run {greet} name=Ada times=1 --form") == "Hello Ada"
    assert "times     whole number  1" in shell.output
    assert f"%windmill_run {greet} name=Ada times=1" in shell.output


def test_forms_and_runs_that_nobody_waits_for_do_not_go_together(shell: TestingShell, greet: str) -> None:
    """Each says so."""
    for cell in (f"%windmill_run {greet} --form -d", f"%%windmill_script python3 f/a/b --form --no-run\n{GREET}"):
        error = shell.failure(cell)
        assert isinstance(error, (InvalidInput, FlexwmError))
        assert "do not go together" in str(error)
