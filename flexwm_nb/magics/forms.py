"""Arguments that a person is asked for: a form in the cell's output, which starts the run below it."""

from __future__ import annotations

import time
from bdb import BdbQuit
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.forms import Form, is_secret
from flexwm_nb.display.live import show
from flexwm_nb.display.wording import DONE, Headline
from flexwm_nb.errors import FlexwmError, InvalidArguments
from flexwm_nb.magics.awaiting import Blocking, finish
from flexwm_nb.magics.commands import OneJob
from flexwm_nb.magics.failures import shown_as
from flexwm_nb.magics.jobs import windmill_job
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import Arguments, FrameFile, collect, listed

if TYPE_CHECKING:
    from flexwm_nb.display.widgets.form import FormWidget
    from flexwm_nb.display.widgets.run import RunWidget
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.stages.stage import Stage
    from flexwm_nb.stages.watcher import Watcher

Begin = Callable[[Call, Arguments], Awaitable[tuple["Execution", Headline]]]

PATIENCE = 1.0  # seconds for a page to say that it is there
BETWEEN = 0.05  # seconds between two looks
FORM = "_form"  # the name under which a form's values are read as a line's are


class FormOpen(InvalidArguments, BdbQuit):
    """A form has to be filled in first.

    IPython ends a cell at a BdbQuit, and with it Run All, without an output of its own: the form says what is missing
    for as long as it is, and an error output would stay in the notebook.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a form asks for."""

    form: Form
    schema: Mapping[str, Any]  # of all arguments
    open_ended: bool
    subject: str
    kept: dict[str, Any] = field(default_factory=dict)  # given already, and not for a form to change
    files: list[FrameFile] = field(default_factory=list)
    output: str | None = None  # kernel variable

    @property
    def missing(self) -> list[str]:
        """The arguments that are needed and not given."""
        return [name for name in self.form.schema["required"] if name not in self.form.values]

    def answered(self, values: Mapping[str, Any]) -> Arguments:
        """The arguments that a form's values make. Raises InvalidArguments."""
        given = {**self.kept, **values}
        filled = {file.name for file in self.files}
        required = [name for name in self.schema.get("required") or () if name not in filled]
        schema = {**self.schema, "required": required}
        found = collect((), FORM, {FORM: given}, schema, subject=self.subject, open_ended=self.open_ended)
        return Arguments(values=found.values, files=[*found.files, *self.files])


async def arguments_for(
    call: Call, command: Any, schema: Mapping[str, Any], open_ended: bool, subject: str
) -> Arguments | Question:
    """A command's arguments, checked; or what is to be asked for, where a person is there.

    Nobody is asked without need: `--form` wishes it, or required arguments are missing and nothing else is wrong.
    """
    if not command.form:
        try:
            return collected(call, command, schema, open_ended, subject)
        except InvalidArguments:
            wish = _question(call, command, schema, open_ended, subject)
            if await is_somebody_there(call):
                return wish
            raise
    wish = _question(call, command, schema, open_ended, subject)
    if await is_somebody_there(call):
        return wish
    show(str(wish.form), wish.form._repr_html_(), _seen_by_all(call))
    return collected(call, command, schema, open_ended, subject)


def _seen_by_all(call: Call) -> Any:
    """The saved notebook of a run without a person shows the form's picture too: nothing in it differs."""
    return "rich" if getattr(call.session.shell, "kernel", None) else call.session.face


def collected(call: Call, command: Any, schema: Mapping[str, Any], open_ended: bool, subject: str) -> Arguments:
    """A command's arguments, checked. Raises InvalidArguments."""
    return collect(
        command.arguments, command.arguments_from, call.names, schema, subject=subject, open_ended=open_ended
    )


def _question(call: Call, command: Any, schema: Mapping[str, Any], open_ended: bool, subject: str) -> Question:
    """The form, with what is given. Raises InvalidArguments for what is wrong beside missing ones."""
    found = collected(call, command, {**schema, "required": []}, open_ended, subject)
    properties = dict(schema.get("properties") or {})
    fixed = {file.name for file in found.files}
    fixed |= {name for name, value in found.values.items() if is_secret(properties.get(name), value)}
    fixed |= {name for name in found.values if name not in properties}
    asked = {name: described for name, described in properties.items() if name not in fixed}
    required = [name for name in schema.get("required") or () if name not in fixed]
    values = {name: value for name, value in found.values.items() if name not in fixed}
    shown = {**schema, "properties": asked, "required": required}
    return Question(
        form=Form(schema=shown, magic=_magic(command, fixed, properties), values=values),
        schema=schema,
        open_ended=open_ended,
        subject=subject,
        kept={name: value for name, value in found.values.items() if name in fixed},
        files=found.files,
        output=command.output,
    )


def _magic(command: Any, fixed: set[str], properties: Mapping[str, Any]) -> str:
    """How the line begins: what is run, its options, and the arguments that stay as they are written; no secret."""
    written = [
        f"{name}=${name}" if is_secret(properties.get(name), text) and not text.startswith("$") else f"{name}={text}"
        for name, text in command.arguments
        if name in fixed
    ]
    outside = fixed - {name for name, _ in command.arguments}
    options = [
        *(["-o", command.output] if command.output else []),
        *(["--timeout", f"{command.timeout:g}"] if command.timeout is not None else []),
        *(["--tag", command.tag] if command.tag else []),
        *(["--args", command.arguments_from] if command.arguments_from and outside else []),
    ]
    target = getattr(command, "reference", None) or command.path
    return " ".join(["%windmill_run", target, *options, *written])


async def is_somebody_there(call: Call) -> bool:
    """Whether a page draws forms; one that was just opened may need a moment to say so."""
    desk = call.session.desk
    end = time.monotonic() + PATIENCE
    while not desk.is_seen and desk.may_be_seen and time.monotonic() < end:
        await call.work(time.sleep, BETWEEN)
    return desk.is_seen


async def ask(call: Call, question: Question, begin: Begin, document: Any = None) -> None:
    """Show the form. What it starts is shown below it, whatever cell runs meanwhile.

    Raises FormOpen where an argument is missing, so that no cell below runs without what this one was to give.
    """
    engine = await call.engine()
    missing = question.missing
    text = f"fill in the form: {question.subject} needs {listed(missing)}" if missing else None
    Asking(call, engine, question, begin, document).open(text)
    if text:
        raise shown_as(FormOpen(text, fields=missing), lambda: [text])


class Asking:
    """A form that is open: it starts runs, each in the place of the one before, and offers paths."""

    def __init__(self, call: Call, engine: Engine, question: Question, begin: Begin, document: Any) -> None:
        """Nothing is shown yet. `document` is a flow's."""
        self._call = replace(call, pace=Blocking())
        self._engine, self._question, self._begin, self._document = engine, question, begin, document
        self._widget: FormWidget | None = None
        self._stage: Stage | None = None

    def open(self, notice: str | None) -> None:
        """Show it, with what is to be known first."""
        from flexwm_nb.display.widgets.form import FormWidget

        self._widget = FormWidget(self._question.form, notice, actions={"run": self._run, "pick": self._pick})
        self._widget.show()

    @property
    def watcher(self) -> Watcher:
        """Follows its runs."""
        return self._call.session.desk.watcher

    @property
    def is_seen(self) -> bool:
        """A page has drawn the form."""
        return True

    @property
    def tail_lines(self) -> int:
        """How many log lines a picture of a run has."""
        return self._call.session.desk.tail_lines

    def remember(self, headline: Headline) -> None:
        """Keep how its run stands; once it has ended, show all of it."""
        self._call.session.desk.remember(headline)
        if headline.state in DONE:
            self.watcher.do(lambda: self._told(lambda: self._end(headline.job_id)))

    def started(self, engine: Engine, headline: Headline) -> None:
        """Its run was started once more."""
        self._call.session.desk.started(engine, headline)

    def _run(self, message: Mapping[str, Any]) -> None:
        """Start what the form says."""
        widget, values = self._widget, message.get("values")
        if widget is None or not isinstance(values, dict):
            return
        widget.know(dict(message))
        widget.set(done=True, notice=None)
        self.watcher.do(lambda: self._told(lambda: self._start(widget, values)))

    def _start(self, widget: FormWidget, values: dict[str, Any]) -> None:
        from flexwm_nb.stages.stage import LEFT, Stage

        execution, headline = finish(self._begin_now(values))
        self._stage = Stage(self, self._engine, execution, headline, self._document)
        widget.begin(self._stage.open(LEFT))
        self._stage.follow()

    async def _begin_now(self, values: dict[str, Any]) -> tuple[Execution, Headline]:
        return await self._begin(self._call, self._question.answered(values))

    def _end(self, job_id: str) -> None:
        """The run has ended: show its result or error, and put it where the cell wished."""
        view = finish(windmill_job(self._call, OneJob(magic="windmill_job", job=job_id)))
        run: RunWidget | None = None if self._stage is None else self._stage.widget
        if run is not None:
            run.see(view)
        if self._widget is not None:
            self._widget.end()
            self._widget.settle()
        if view.state == "success":
            self._call.put(self._question.output, view.result)

    def _pick(self, message: Mapping[str, Any]) -> None:
        """Offer the paths of variables, or of resources of a type; never what they hold."""
        kind, of = str(message.get("kind")), str(message.get("type") or "")
        self.watcher.do(lambda: self._told(lambda: self._offer(kind, of)))

    def _offer(self, kind: str, of: str) -> None:
        if kind == "variable":
            paths = [variable.path for variable in self._engine.variables.list()]
        else:
            paths = [resource.path for resource in self._engine.resources.list(resource_type=of or None)]
        if self._widget is not None:
            self._widget.merge("choices", {f"{kind} {of}".strip(): sorted(paths)})

    def _told(self, work: Callable[[], None]) -> None:
        """Do it; what goes wrong is said in the form, which can be sent again."""
        try:
            work()
        except FlexwmError as error:
            if self._widget is not None:
                self._widget.set(done=False, notice=str(error))
