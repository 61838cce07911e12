"""A job's values for a page: what kind each is, and no more of it than a page can take."""

from __future__ import annotations

import base64
from typing import Any

from flexwm_nb.display.results import IMAGES, is_records, present

ROWS = 500  # of a table
TEXT = 50_000  # characters of a text
BYTES = 3_000_000  # of an image
NODES = 5_000  # of a JSON document
DEPTH = 60
EXACT = 2**53  # the largest whole number that JavaScript keeps
CUT = "only the beginning is shown here"


def described(value: Any) -> dict[str, Any]:
    """`{kind, value, note}` for the page."""
    if type(value).__name__ == "DataFrame":
        value = value.head(ROWS).to_dict("records")
    if is_records(value):
        return _table(value)
    if isinstance(value, str) and "\n" in value:
        return _noted("text", value[:TEXT], len(value) > TEXT)
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        if type(present(value)).__name__ == "Rich":
            return _rich(str(name), inner)
    pruned = _Pruned()
    made = pruned.of(value, DEPTH)
    return _noted("json", made, pruned.is_cut)


def _noted(kind: str, value: Any, is_cut: bool) -> dict[str, Any]:
    return {"kind": kind, "value": value, **({"note": CUT} if is_cut else {})}


def _table(records: list[dict[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(name for record in records[:ROWS] for name in record))[:100]
    pruned = _Pruned()
    rows = [[pruned.of(record.get(name), 4) for name in columns] for record in records[:ROWS]]
    return {"kind": "table", "value": {"columns": [str(name) for name in columns], "rows": rows, "total": len(records)}}


def _rich(kind: str, value: str) -> dict[str, Any]:
    """Images are images, in which no script runs; a page has no rights; Markdown is text until somebody asks."""
    if len(value) > BYTES:
        return {"kind": "text", "value": f"{kind}, {len(value):,} characters", "note": "too large to be shown here"}
    if kind in IMAGES:
        return {"kind": "image", "value": {"type": IMAGES[kind], "data": value}}
    if kind == "svg":
        data = base64.b64encode(value.encode("utf-8", "replace")).decode()
        return {"kind": "image", "value": {"type": "image/svg+xml", "data": data}}
    return _noted("page" if kind == "html" else "markdown", value[:TEXT], len(value) > TEXT)


class _Pruned:
    """Cuts JSON down to what a page can take."""

    def __init__(self) -> None:
        self.is_cut = False
        self._left = NODES

    def of(self, value: Any, depth: int) -> Any:
        """A value, its deep and late parts left out."""
        self._left -= 1
        if isinstance(value, str):
            return self._cut(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if -EXACT <= value <= EXACT else str(value)
        if isinstance(value, float):
            return value if abs(value) < float("inf") else str(value)
        if not isinstance(value, dict | list | tuple):
            return self._cut(str(value))
        if depth <= 0 or self._left <= 0:
            self.is_cut = True
            return "…"
        if isinstance(value, dict):
            return {self._cut(str(name)): self.of(inner, depth - 1) for name, inner in self._some(list(value.items()))}
        return [self.of(inner, depth - 1) for inner in self._some(value)]

    def _some(self, items: Any) -> Any:
        if len(items) <= self._left:
            return items
        self.is_cut = True
        return items[: max(self._left, 0)]

    def _cut(self, text: str) -> str:
        if len(text) <= TEXT // 10:
            return text
        self.is_cut = True
        return f"{text[: TEXT // 10]}…"
