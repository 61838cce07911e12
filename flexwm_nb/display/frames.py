"""Jobs, scripts and versions as pandas frames with fixed columns.

Times are `datetime64[us, UTC]`, spans `timedelta64[us]`, texts `string`; what is missing is NaT or NA. A frame knows
where it comes from: `frame.attrs["windmill"]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

    from flexwm_nb.models.jobs import Job
    from flexwm_nb.models.scripts import ScriptSummary, ScriptVersion

TIME, SPAN, TEXT, FLAG, COUNT = "datetime64[us, UTC]", "timedelta64[us]", "string", "bool", "int64"

JOB_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "state": "category",  # queued, running, success, failure, canceled
    "created_at": TIME,
    "queued_for": SPAN,
    "duration": SPAN,
    "language": TEXT,
    "started_at": TIME,
    "completed_at": TIME,
    "created_by": TEXT,
    "tag": TEXT,
    "id": TEXT,
}
SCRIPT_COLUMNS: Mapping[str, str] = {
    "path": TEXT,
    "language": TEXT,
    "summary": TEXT,
    "created_at": TIME,
    "tag": TEXT,
    "archived": FLAG,
    "hash": TEXT,
}
VERSION_COLUMNS: Mapping[str, str] = {
    "number": COUNT,
    "created_at": TIME,
    "deployment_message": TEXT,
    "path": TEXT,
    "hash": TEXT,
}
STATES = ("queued", "running", "success", "failure", "canceled")


def jobs(found: Iterable[Job], **attributes: Any) -> pandas.DataFrame:
    """Jobs as a frame with the columns of `JOB_COLUMNS`, in the order given."""
    return _frame(found, JOB_COLUMNS, attributes)


def scripts(found: Iterable[ScriptSummary], **attributes: Any) -> pandas.DataFrame:
    """Scripts as a frame with the columns of `SCRIPT_COLUMNS`."""
    return _frame(found, SCRIPT_COLUMNS, attributes)


def versions(found: Iterable[ScriptVersion], **attributes: Any) -> pandas.DataFrame:
    """A script's versions as a frame with the columns of `VERSION_COLUMNS`."""
    return _frame(found, VERSION_COLUMNS, attributes)


def _frame(found: Iterable[Any], columns: Mapping[str, str], attributes: Mapping[str, Any]) -> pandas.DataFrame:
    import pandas

    items = list(found)
    series = {
        name: _column([getattr(item, name, None) for item in items], kind) for name, kind in columns.items()
    }
    made = pandas.DataFrame(series, columns=list(columns))
    made.attrs["windmill"] = dict(attributes)
    return made


def _column(values: list[Any], kind: str) -> pandas.Series[Any]:
    import pandas

    if kind == "category":
        return pandas.Series(pandas.Categorical(values, categories=list(STATES)))
    if kind == TIME:
        return pandas.Series(pandas.to_datetime(pandas.Series(values, dtype="object"), utc=True)).astype(TIME)
    if kind == SPAN:
        return pandas.Series(pandas.to_timedelta(pandas.Series(values, dtype="object"))).astype(SPAN)
    return pandas.Series(values, dtype=kind)
