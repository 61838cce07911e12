"""Everything that `%load_ext flexwm_nb` puts into a shell, and takes out again."""

from __future__ import annotations

import contextlib
from typing import Any

from flexwm_nb.display import formatters
from flexwm_nb.magics.awaiting import AwaitTransform
from flexwm_nb.magics.completer import Completion
from flexwm_nb.magics.definitions import BY_NAME, DEFINITIONS
from flexwm_nb.magics.dispatch import entry
from flexwm_nb.magics.headings import without_comments_above
from flexwm_nb.magics.session import Session
from flexwm_nb.magics.settings import WindmillMagics
from flexwm_nb.magics.watching import ExecutionLook


class Extension:
    """The magics of one shell."""

    def __init__(self, shell: Any) -> None:
        """Nothing is registered yet."""
        self.shell = shell
        self.settings = WindmillMagics(parent=shell)
        self.session = Session(shell, self.settings)
        self._await = AwaitTransform(shell, BY_NAME)
        self._completion = Completion(self.session)

    def install(self) -> None:
        """Register the magics, their settings, completion and looks; the engine is started by a thread."""
        for definition in DEFINITIONS:
            for kind in ("line", "cell"):
                function = entry(self.session, definition, cell=kind == "cell")
                self.shell.magics_manager.register_function(function, magic_kind=kind, magic_name=definition.name)
        self.shell.configurables.append(self.settings)
        self.shell.input_transformers_cleanup.append(without_comments_above)
        self.shell.input_transformers_post.append(self._await)
        self._completion.install()
        formatters.install(self.shell, ExecutionLook(self.session))
        self.settings.observe(self._reconnect, ["engine", "workspace"])
        if self.settings.autostart:
            self.session.start()
        self.session.desk.ask()

    def remove(self) -> None:
        """Undo it; the engine goes on."""
        for definition in DEFINITIONS:
            for kind in ("line", "cell"):
                self.shell.magics_manager.magics[kind].pop(definition.name, None)
        for registered, mine in (
            (self.shell.configurables, self.settings),
            (self.shell.input_transformers_cleanup, without_comments_above),
            (self.shell.input_transformers_post, self._await),
        ):
            with contextlib.suppress(ValueError):
                registered.remove(mine)
        self._completion.remove()
        formatters.remove(self.shell)
        self.session.close()

    def _reconnect(self, change: Any) -> None:
        """A setting names another engine: the next magic connects to it."""
        self.session.forget()
