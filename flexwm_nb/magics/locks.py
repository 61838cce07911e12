"""%windmill_lock: the versions of packages that a script runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flexwm_nb.display.wording import MUTED, PRE, escape
from flexwm_nb.magics.catalogue import about
from flexwm_nb.magics.commands import Lock
from flexwm_nb.magics.session import Call
from flexwm_nb.services.locks import changes, packages


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A lock, or what changed in it."""

    title: str  # the script and its version
    fact: str
    lines: tuple[str, ...]
    lock: str  # its text

    def __str__(self) -> str:
        """As text."""
        return "\n".join([f"{self.title} · {self.fact}", *(f"  {line}" for line in self.lines)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        head = f'<div><b>{escape(self.title)}</b> <span style="{MUTED}">· {escape(self.fact)}</span></div>'
        listed = escape("\n".join(self.lines))
        return f'{head}<pre style="{PRE}">{listed}</pre>' if self.lines else head


async def windmill_lock(call: Call, command: Lock) -> Shown:
    """Show a lock, or find it anew and show what changed."""
    engine = await call.engine()
    path = command.reference.partition("@")[0]
    script = await about(call, engine, path, engine.scripts.get, command.reference)
    before = script.lock or ""
    if command.update:
        script = await call.work(engine.scripts.relock, path)
    number = (await call.work(engine.scripts.resolve, f"{path}@{script.hash}")).number
    title, lock = f"{path} v{number}", script.lock or ""
    if script.lock is None and not command.update:
        return Shown(title=title, fact=pending(script.lock_error_logs), lines=(), lock="")
    if command.update:
        changed = changes(before, lock)
        word = "change" if len(changed) == 1 else "changes"
        fact = f"lock updated: {len(changed)} {word}" if changed else f"lock unchanged: {counted(lock)}"
        return Shown(title=title, fact=fact, lines=tuple(changed), lock=lock)
    return Shown(title=title, fact=f"lock: {counted(lock)}", lines=tuple(lock.splitlines()), lock=lock)


def counted(lock: str) -> str:
    """How many packages a lock pins."""
    count = len(packages(lock))
    return f"{count} package{'' if count == 1 else 's'}" if count else "no packages are needed"


def pending(logs: str | None) -> str:
    """Why there is no lock."""
    return f"no lock was found: {logs.strip()}" if logs else "its lock is still being looked for"
