"""What is different between two runs: arguments, code, lock, times, results."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.diffs import diff_html
from flexwm_nb.display.tables import Table
from flexwm_nb.display.wording import MUTED, VERBS, Face, seconds, short

if TYPE_CHECKING:
    from flexwm_nb.models.jobs import Job

LONGEST = 120  # characters of a value in the table
LINES = 200  # of a difference
NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """Two runs beside each other; `old` came first."""

    old: Job
    new: Job
    code: str = ""  # unified, of the sources
    lock: str = ""  # unified, of the packages
    results: tuple[Any, Any] = (None, None)
    face: Face = "rich"
    rows: tuple[tuple[str, str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Compare them."""
        object.__setattr__(self, "rows", tuple(_rows(self.old, self.new, self.face)))

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The unified differences that there are, by what they are of."""
        named = (("code", self.code), ("packages", self.lock), ("result", result_diff(*self.results)))
        return [(name, _shortened(text)) for name, text in named if text]

    @property
    def table(self) -> Table:
        """What is different in few words."""
        names = ("old", "new") if self.face == "plain" else (f"job {short(self.old.id)}", f"job {short(self.new.id)}")
        return Table(("", *names), self.rows)

    def __str__(self) -> str:
        """As text."""
        shown = [str(self.table)] if self.rows else []
        shown += [f"{name}\n{text}" for name, text in self.parts]
        return "\n".join(shown) or "no difference"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        if not self.rows and not self.parts:
            return "no difference"
        parts = [f'<div style="{MUTED}">{name}</div>{diff_html(text)}' for name, text in self.parts]
        return (self.table._repr_html_() if self.rows else "") + "".join(parts)


def _rows(old: Job, new: Job, face: Face) -> list[tuple[str, str, str]]:
    """What differs, each as it was and is."""
    pairs: list[tuple[str, str, str]] = [
        ("script", old.path or NOTHING, new.path or NOTHING),
        ("state", VERBS.get(old.state, old.state), VERBS.get(new.state, new.state)),
    ]
    before, after = _arguments(old), _arguments(new)
    pairs += [
        (f"argument {name}", _shown(before, name), _shown(after, name)) for name in dict.fromkeys([*before, *after])
    ]
    if face != "plain":
        pairs += [
            ("ran", _span(old.duration), _span(new.duration)),
            ("queued", _span(old.queued_for), _span(new.queued_for)),
            ("memory", _memory(old), _memory(new)),
        ]
    pairs += [("error", _error(old), _error(new)), ("language", old.language or NOTHING, new.language or NOTHING)]
    return [row for row in pairs if row[1] != row[2]]


def _arguments(job: Job) -> Mapping[str, Any]:
    return job.arguments if isinstance(job.arguments, Mapping) else {}


def _shown(given: Mapping[str, Any], name: str) -> str:
    return _cut(_json(given[name])) if name in given else NOTHING


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _span(span: Any) -> str:
    return NOTHING if span is None else seconds(span)


def _memory(job: Job) -> str:
    return f"{job.mem_peak / 1024:.0f} MiB" if job.mem_peak else NOTHING


def _error(job: Job) -> str:
    found = job.error
    return NOTHING if found is None else _cut(f"{found.get('name') or 'Error'}: {found.get('message') or ''}")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _shortened(text: str) -> str:
    lines = text.split("\n")
    more = len(lines) - LINES
    return text if more <= 0 else "\n".join([*lines[:LINES], f"… {more} more lines"])


def result_diff(old: Any, new: Any) -> str:
    """The difference of two results: of two frames their shapes, columns and cells, of all else their JSON."""
    if _is_frame(old) and _is_frame(new):
        return frame_diff(old, new)
    before, after = _lines(old), _lines(new)
    return "\n".join(difflib.unified_diff(before, after, "old", "new", lineterm="", n=2)) if before != after else ""


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and hasattr(value, "to_parquet")


def _lines(value: Any) -> list[str]:
    if _is_frame(value):
        value = value.to_dict("records")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)
    return text.splitlines()


def frame_diff(old: Any, new: Any) -> str:
    """What changed from one frame to another, by columns; cells are compared where they have the same rows."""
    lines = []
    if old.shape != new.shape:
        lines += [
            f"-{old.shape[0]:,} rows × {old.shape[1]} columns",
            f"+{new.shape[0]:,} rows × {new.shape[1]} columns",
        ]
    lines += [f"-column {name}" for name in old.columns if name not in new.columns]
    lines += [f"+column {name}" for name in new.columns if name not in old.columns]
    for name in (name for name in old.columns if name in new.columns):
        lines += _column_diff(str(name), old[name], new[name])
    return "\n".join(lines)


def _column_diff(name: str, old: Any, new: Any) -> list[str]:
    """How a column's kind, range or cells changed."""
    if str(old.dtype) != str(new.dtype):
        return [f"-{name}: {old.dtype}", f"+{name}: {new.dtype}"]
    if len(old) == len(new):
        same = (old.reset_index(drop=True) == new.reset_index(drop=True)) | (
            old.isna().reset_index(drop=True) & new.isna().reset_index(drop=True)
        )
        changed = [at for at, is_same in enumerate(same) if not is_same]
        if not changed:
            return []
        first = changed[0]
        where = f"{name}: {len(changed):,} of {len(new):,} differ, first row {first}"
        return [f"@{where}", f"-{_cut(str(old.iloc[first]))}", f"+{_cut(str(new.iloc[first]))}"]
    if old.dtype.kind in "iufmM" and (old.min() != new.min() or old.max() != new.max()):
        return [f"-{name}: {old.min()} to {old.max()}", f"+{name}: {new.min()} to {new.max()}"]
    return []
