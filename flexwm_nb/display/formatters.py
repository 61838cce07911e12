"""How the package's live objects look when a cell ends with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EXECUTION = ("flexwm_nb.execution", "Execution")  # by name, so that it is not imported for this


def install(shell: Any, show_execution: Callable[[Any], None]) -> None:
    """Let an Execution at the end of a cell be shown by this callback."""
    shell.display_formatter.ipython_display_formatter.for_type_by_name(*EXECUTION, show_execution)


def remove(shell: Any) -> None:
    """Let it look as in any other program again."""
    formatter = shell.display_formatter.ipython_display_formatter
    formatter.deferred_printers.pop(EXECUTION, None)
    for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) == EXECUTION]:
        formatter.pop(kind)
