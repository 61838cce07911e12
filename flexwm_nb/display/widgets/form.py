"""A form for arguments, living; the run that it started is shown below it, in the same output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from flexwm_nb.display.forms import Form, is_secret
from flexwm_nb.display.widgets.base import Action, Message, Widget
from flexwm_nb.display.widgets.stacked import Stacked
from flexwm_nb.display.wording import LINE, escape

LARGEST = 20_000  # characters of a twin


class FormWidget(Stacked):
    """A form; its twin is a table of the arguments and the magic line."""

    view: ClassVar[tuple[str, str]] = ("form", "formView")

    def __init__(self, form: Form, notice: str | None = None, *, actions: Mapping[str, Action]) -> None:
        """Open it with the values that are given. `notice` says what is missing; `actions` by `run` and `pick`."""
        self._form = form
        self._is_going = False
        first = {"schema": form.schema, "values": dict(form.values), "magic": form.magic, "run": True, "label": "Run"}
        super().__init__({**first, "notice": notice}, actions={"values": self._typed, **actions})

    @property
    def form(self) -> Form:
        """With the values that it has now."""
        return self._form

    @property
    def is_over(self) -> bool:
        """Whether nobody has to fill it in any more: its run has ended."""
        return self._below is not None and not self._is_going

    def know(self, message: Message) -> None:
        """Take in what was typed; secrets stay in the page."""
        values = message.get("values")
        if isinstance(values, dict):
            self._form = replace(self._form, values=values)

    def _typed(self, message: Message) -> None:
        """Take it in, and let the saved notebook have it: the page draws the form on, whatever is written under it."""
        self.know(message)
        if message.get("valid"):
            self.set(notice=None)
        self.settle()
        self.set(kept=message.get("number"))

    def whole(self) -> Message:
        """The state with what was typed, for a page that is opened anew."""
        with self._change:
            properties = self._form.properties
            known = {
                name: value
                for name, value in self._form.values.items()
                if not is_secret(properties.get(name, {}), value)
            }
            return {**self._shown, "values": known}

    def begin(self, run: Widget) -> None:
        """Show a run below; the form rests while it goes on."""
        self._is_going = True
        self.set(done=True, notice=None)
        super().begin(run)

    def end(self) -> None:
        """Its run has ended: it can be filled in and sent again."""
        self._is_going = False
        self.set(done=False)

    def twin(self) -> dict[str, str]:
        """The table, the line, and what is missing; below, the run's twin."""
        text, html = str(self._form), self._form._repr_html_()
        if len(html) > LARGEST:
            html = f"<div>{len(self._form.properties)} arguments</div>"
        if notice := self._shown.get("notice"):
            text = f"{text[: LARGEST - len(notice)]}\n{notice}"
            html += f'<div style="{LINE}">{escape(notice)}</div>'
        return {"text/plain": text[:LARGEST], "text/html": html}
