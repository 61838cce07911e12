"""Differences of sources: as they are in text, coloured in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flexwm_nb.display.wording import PRE, escape

COLOURS = {"+": "rgba(46,125,50,.15)", "-": "rgba(198,40,40,.15)", "@": "rgba(21,101,192,.10)"}


class Diff(str):
    """A unified difference; a str with a look."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self) or "no difference")

    def _repr_html_(self) -> str:
        return diff_html(str(self)) if self else "no difference"


def history_html(versions: Sequence[tuple[str, str]]) -> str:
    """What changed with each version, folded: its name and its unified difference."""
    parts = (
        f"<details><summary>{escape(name)}</summary>{diff_html(text) or 'nothing changed in its source'}</details>"
        for name, text in versions
    )
    return f"<div>{''.join(parts)}</div>"


def diff_html(difference: str) -> str:
    """A unified difference as HTML."""
    if not difference:
        return ""
    return f'<pre dir="ltr" style="{PRE}">{"".join(map(_line, difference.rstrip().split(chr(10))))}</pre>'


def _line(line: str) -> str:
    colour = "" if line.startswith(("+++", "---")) else COLOURS.get(line[:1], "")
    style = f' style="display:block;background:{colour}"' if colour else ' style="display:block"'
    return f"<span{style}>{escape(line) or ' '}</span>"
