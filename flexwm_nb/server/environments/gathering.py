"""What a script and all that it imports of its workspace need together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flexwm_nb.signatures.python3_requirements import NOTHING, Needs, needs_of

Scripts = Callable[[str], "str | None"]  # path -> source of a script of the workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What decides what a script needs."""

    content: str
    path: str | None
    lock: str | None  # None = there is none; then the source tells
    interpreter: str | None  # of the kernel that registered it; None = the server's
    scripts: Scripts  # that it may import


def gather(script: Script) -> Needs:
    """The needs of a source and of every script that it imports, directly or not. Raises InvalidSource."""
    found = needs_of(script.content, script.path)
    if not found.scripts:
        return found
    requirements, imports = dict.fromkeys(found.requirements), dict.fromkeys(found.imports)
    python = dict.fromkeys(found.python)
    waiting, seen = list(found.scripts), {script.path, *found.scripts}
    while waiting:
        path = waiting.pop()
        content = script.scripts(path)
        inner = NOTHING if content is None else needs_of(content, path)
        requirements |= dict.fromkeys(inner.requirements)
        imports |= dict.fromkeys(inner.imports)
        python |= dict.fromkeys(inner.python)
        new = [other for other in inner.scripts if other not in seen]
        seen.update(new)
        waiting += new
    return replace(found, requirements=tuple(requirements), imports=tuple(imports), python=tuple(python))
