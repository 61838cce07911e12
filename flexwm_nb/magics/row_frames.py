"""What %windmill_map takes and gives: rows of a frame, and the frame with what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flexwm_nb.display import frames
from flexwm_nb.errors import InvalidArguments

ADDED = ("state", "result", "error", "duration", "job_id")  # columns of what came of a row
MAP = "map"  # in a frame's attributes: how many columns stood before those


@dataclass(slots=True, kw_only=True)
class Row:
    """One row and its run."""

    number: int
    arguments: dict[str, Any] = field(default_factory=dict)
    state: str = ""
    result: Any = None
    error: str | None = None
    duration: timedelta | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A table, and what came of its rows before where it is a map's result."""

    table: Any  # the frame without a map's columns
    records: list[dict[str, Any]]
    before: list[Row]

    @property
    def columns(self) -> list[Any]:
        """The names of its columns."""
        return list(self.table.columns)


def read(name: str, value: Any) -> Given:
    """The rows of a kernel variable. Raises InvalidArguments for what is no table."""
    import pandas

    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(row, Mapping) for row in value):
        value = pandas.DataFrame.from_records([dict(row) for row in value])
    if not isinstance(value, pandas.DataFrame):
        kind = type(value).__name__
        raise InvalidArguments(f"{name} is a {kind}", remedy="Give a DataFrame or a list of dicts", fields=[name])
    if value.columns.has_duplicates:
        raise InvalidArguments(f"{name} has two columns of the same name", remedy="Rename one of them", fields=[name])
    is_made = MAP in (value.attrs.get("windmill") or {}) and set(ADDED) <= set(value.columns)
    table = pandas.DataFrame(value[[column for column in value.columns if not is_made or column not in ADDED]])
    before = [_row(number, found) for number, found in enumerate(_records(value))] if is_made else []
    return Given(table=table, records=_records(table), before=before)


def _records(table: Any) -> list[dict[str, Any]]:
    """The rows as dicts of plain values."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False, name=None)]


def _row(number: int, found: dict[str, Any]) -> Row:
    filled: dict[str, Any] = {name: None if is_missing(found[name]) else found[name] for name in ADDED}
    return Row(number=number, **filled)


def is_missing(value: Any) -> bool:
    """Whether a cell of a frame holds nothing: None, NaN, NaT or NA."""
    import pandas

    return pandas.api.types.is_scalar(value) and bool(pandas.isna(value))


def frame(given: Given, rows: list[Row], **attributes: Any) -> Any:
    """The table with a row's state, result, error, time and job beside it; index and order as they were."""
    made = given.table.copy()
    fill(made, rows)
    failed = sum(row.state != "success" for row in rows)
    made.attrs["windmill"] = {**attributes, MAP: len(given.columns), "rows": len(rows), "failed": failed}
    return made


def fill(made: Any, rows: list[Row]) -> None:
    """Put what came of the rows into a frame, in its place."""
    import pandas

    index = made.index
    made["state"] = pandas.Categorical([row.state for row in rows], categories=list(frames.STATES))
    made["result"] = pandas.Series([row.result for row in rows], index=index, dtype="object").infer_objects()
    made["error"] = pandas.Series([row.error for row in rows], index=index, dtype="string")
    spans = pandas.to_timedelta(pandas.Series([row.duration for row in rows], dtype="object"))
    made["duration"] = spans.astype("timedelta64[us]").to_numpy()
    made["job_id"] = pandas.Series([row.job_id for row in rows], index=index, dtype="string")


def steady(made: Any) -> Any:
    """The frame, drawn without what differs from run to run."""
    return frames.steady(made)
