"""`--dry-run`: what registering a cell would do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flexwm_nb.display.diffs import diff_html
from flexwm_nb.display.wording import PRE, WARNING, escape
from flexwm_nb.errors import ScriptNotFound
from flexwm_nb.magics.commands import RegisterScript
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be registered."""

    path: str
    language: str
    status: str  # one line
    difference: str  # unified; empty for a new script
    schema: dict[str, Any]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        """As text."""
        parts = [f"{self.path} · {self.language} · {self.status} · nothing is registered"]
        if self.difference:
            parts.append(self.difference.rstrip())
        parts += [f"  {line}" for line in self._arguments()]
        parts += [f"⚠ {warning}" for warning in self.warnings]
        return "\n".join(parts)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        head = f"<b>{escape(self.path)}</b> · {escape(self.language)} · {escape(self.status)} · nothing is registered"
        listed = escape("\n".join(self._arguments()))
        warned = escape("\n".join(f"⚠ {warning}" for warning in self.warnings))
        facts = f'<pre style="{PRE}">{listed}</pre><pre style="{PRE};color:{WARNING}">{warned}</pre>'
        return f"<div>{head}</div>{diff_html(self.difference)}{facts}"

    def _arguments(self) -> list[str]:
        """The arguments, one a line."""
        properties = self.schema.get("properties") or {}
        required = self.schema.get("required") or ()
        if not properties:
            return ["takes no arguments"]
        return [f"{name}: {_kind(found)}" + _default(found, name in required) for name, found in properties.items()]


def _kind(found: dict[str, Any]) -> str:
    kind = found.get("type") or ""
    return " | ".join(map(repr, found["enum"])) if found.get("enum") else NAMES.get(kind, kind or "anything")


def _default(found: dict[str, Any], required: bool) -> str:
    return ", required" if required else f" = {found.get('default')!r}"


async def windmill_dry_run(
    call: Call, command: RegisterScript, schema: dict[str, Any], warnings: Sequence[str]
) -> Plan:
    """Say what would be registered."""
    engine = await call.engine()
    try:
        current = (await call.work(engine.scripts.get, command.path)).content
        number = (await call.work(engine.scripts.resolve, command.path)).number
    except ScriptNotFound:
        current, number = None, 0
    difference = "" if current is None else unified(current, command.content, f"v{number}", "this cell")
    if current is None:
        status = "v1, new"
    else:
        status = f"v{number} unchanged" if current == command.content else f"v{number} → v{number + 1}"
    return Plan(
        path=command.path,
        language=command.language,
        status=status,
        difference=difference,
        schema=schema,
        warnings=tuple(warnings),
    )


def unified(old: str, new: str, old_name: str, new_name: str) -> str:
    """The difference of two sources."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
