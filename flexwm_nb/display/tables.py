"""Small tables of texts, aligned in text and as a table in HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flexwm_nb.display.wording import escape

CELL = "text-align:left;vertical-align:top;padding:.15em .8em .15em 0;white-space:pre-wrap;unicode-bidi:plaintext"
STATUS = {"ok": "#2e7d32", "warn": "#ef6c00", "fail": "#c62828"}
GAP = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        """As text."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        return "\n".join(GAP.join(f"{text:<{width}}" for text, width in zip(line, widths)).rstrip() for line in lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="{CELL}">{escape(text)}</th>' for text in self.head)
        rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    colour = f";color:{STATUS[text]};font-weight:bold" if text in STATUS else ""
    return f'<td style="{CELL}{colour}">{escape(text)}</td>'
