"""What all widgets share: a view in the page, a twin in the saved notebook, actions that come back to the kernel."""

from __future__ import annotations

import contextlib
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import anywidget
from traitlets import Any as AnyTrait
from traitlets import Unicode

from flexwm_nb.display.live import put
from flexwm_nb.display.widgets.assets import module

Message = dict[str, Any]
Action = Callable[[Message], None]

PROBE = """export default { initialize({ model }) {
  const hello = () => model.send({ act: "hello" });
  model.on("msg:custom", hello);
  hello();
} };"""
LIVING = 30  # widgets of a kernel that live


class Widget(anywidget.AnyWidget):
    """A living view over a static twin.

    A subclass names its `view` (file and function), fills `state`, and gives its `twin`. The output in the notebook is
    the twin alone: the page draws the view over it (see `views/host.js`), so a notebook that is opened again shows the
    twin and not an error about a widget that is gone.

    Actions may be called by any thread, while the cell runs: they must only signal.
    """

    view: ClassVar[tuple[str, str]]
    spot = Unicode().tag(sync=True)
    state = AnyTrait().tag(sync=True, to_json=lambda _, widget: widget.whole())

    def __init_subclass__(cls, **named: Any) -> None:
        """Give the subclass its module."""
        if "view" in cls.__dict__:
            cls._esm = module(*cls.view)
        super().__init_subclass__(**named)

    def __init__(self, state: Mapping[str, Any], *, actions: Mapping[str, Action] | None = None) -> None:
        """Open it, with what the page shows first. `actions` by the names that the view sends."""
        self._change = threading.RLock()
        self._shown: Message = dict(state)
        self._actions = dict(actions or {})
        self._is_heard = False
        self._handle: Any = None
        super().__init__(spot=uuid.uuid4().hex[:12])
        self.on_msg(self._heard)
        answer_on_any_subshell(self)
        _enter(self)

    def twin(self) -> dict[str, str]:
        """Its last state by MIME types, without scripts."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen, so that its twin says it all."""
        return True

    def whole(self) -> Message:
        """All that the page needs to draw it anew."""
        with self._change:
            return dict(self._shown)

    def set(self, **changes: Any) -> None:
        """Change the state; the page is told only what changed."""
        with self._change:
            new = {name: value for name, value in changes.items() if self._shown.get(name, self) != value}
            if not new:
                return
            self._shown |= new
            self._tell({"set": new})

    def merge(self, name: str, changes: Mapping[str, Any]) -> None:
        """Change some entries of a mapping in the state."""
        with self._change:
            known = self._shown.get(name) or {}
            new = {key: value for key, value in changes.items() if known.get(key) != value}
            if not new:
                return
            self._shown[name] = {**known, **new}
            self._tell({"merge": {name: new}})

    def _tell(self, message: Message) -> None:
        """Send; all of the state until a page has said that it listens: each may have missed the other's beginning."""
        self.send(message if self._is_heard else {"set": self.whole(), "hello": True})

    def _heard(self, widget: Any, content: Any, buffers: Any) -> None:
        """The page sends an action."""
        if isinstance(content, dict):
            self.act(content)

    def act(self, content: Message) -> None:
        """Do what a page asks for."""
        act = content.get("act")
        if act == "hello":
            is_first, self._is_heard = not self._is_heard, True
            self.send({"set": self.whole()})
            if is_first and not self.is_over:
                self.settle()  # whoever opens the notebook without this kernel reads how to come back
        elif isinstance(act, str) and act in self._actions:
            self._actions[act](content)

    def show(self) -> None:
        """Display it under an id of its own."""
        self._handle = put(self.bundle(), display_id=True)

    def stand_in(self, handle: Any) -> None:
        """Be shown inside of another output: `handle` has its `update`."""
        self._handle = handle

    def settle(self) -> None:
        """Let the saved notebook have its state as it is now."""
        if self._handle is not None:
            self._handle.update(self.bundle(), raw=True)

    def bundle(self) -> dict[str, str]:
        """The twin, marked as the place of the view."""
        twin = self.twin()
        return {**twin, "text/html": f'<div class="flexwm-at flexwm-at-{self.spot}">{twin["text/html"]}</div>'}

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        return self.bundle(), {}

    def close(self) -> None:
        """Leave the twin."""
        with contextlib.suppress(Exception):  # the kernel may be on its way out
            self.layout.close()
        super().close()


class Presence:
    """Whether a page that draws widgets looks at this kernel; it answers as soon as it does."""

    def __init__(self) -> None:
        """Nobody was asked yet."""
        self.is_there = False
        self._probe: anywidget.AnyWidget | None = None

    def ask(self) -> None:
        """Send what only such a page answers."""
        self._probe = anywidget.AnyWidget(_esm=PROBE)
        self._probe.on_msg(self._answered)
        answer_on_any_subshell(self._probe)
        self._probe.send({"act": "hello"})  # an answer that came before `on_msg` was lost

    def _answered(self, *_: Any) -> None:
        self.is_there = True


def hears_clicks() -> bool:
    """Whether this kernel hears a click while a cell runs; before ipykernel 7 there is the interrupt alone."""
    found = getattr(sys.modules.get("ipykernel"), "version_info", (7,))
    return tuple(found) >= (7,)


def answer_on_any_subshell(widget: anywidget.AnyWidget) -> None:
    """Let a click be handled while a cell blocks the main thread.

    ipykernel 7.4 hands a message to the shell that last said something on its comm, which is the one that is busy.
    """
    comm = getattr(widget, "comm", None)
    if comm is not None and hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


_living: list[Widget] = []


def _enter(widget: Widget) -> None:
    """Keep it among the living; the oldest ones of which nothing more is to come give way, and leave their twins."""
    _living.append(widget)
    over = [old for old in _living[:-1] if old.is_over]
    for old in over[: max(len(_living) - LIVING, 0)]:
        _living.remove(old)
        old.close()
