"""A job's result as a notebook wants it: records as a frame, text as text, the rest as it is."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.database_frames import LANGUAGES, database_frame
from flexwm_nb.display.wording import PRE, escape

if TYPE_CHECKING:
    import pandas

    from flexwm_nb.models.jobs import Job

IMAGES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif"}
# schemes that would run something, however they are written; with a space of no width after them they are none
SCHEMES = re.compile(
    r"(?i)\b(?:j\W*a\W*v\W*a|v\W*b)\W*s\W*c\W*r\W*i\W*p\W*t\W*?(?=\\?:)|\bdata(?=\\?:\s*(?:text|application)/)"
)
FRAME_STYLE = "width:100%;height:24em;border:1px solid var(--jp-border-color2,#ccc)"


class Text(str):
    """Text of several lines, shown as it is."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return f'<pre style="{PRE}">{escape(str(self))}</pre>'


class Rich(dict[str, Any]):
    """A result that asks for a look, as Windmill's own interface gives it: an image, Markdown, SVG or HTML."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        (kind, value), *_ = self.items()
        return {"text/plain": f"<{kind}, {len(str(value)):,} characters>", **_bundle(kind, value)}


def present(
    value: Any, *, autoframe: bool = True, attributes: dict[str, Any] | None = None, job: Job | None = None
) -> Any:
    """A result for a notebook.

    A list of records (dicts) becomes a pandas DataFrame with the keys as columns when `autoframe` says so, and
    `attributes` in its `attrs["windmill"]`; where the `job` asked a database, with the types of its rows, also when
    there are none. Text of several lines becomes `Text`; `{"png": base64}` and its like
    become `Rich`. All of them are still what they were: a str, a dict.
    """
    if autoframe and job is not None and is_of_database(value, job):
        return marked(database_frame(value, job.result_columns), attributes)
    if autoframe and is_records(value):
        return frame(value, attributes)
    if isinstance(value, str) and "\n" in value:
        return Text(value)
    if isinstance(value, dict) and len(value) == 1 and _bundle(*next(iter(value.items()))):
        return Rich(value)
    return value


def is_records(value: Any) -> bool:
    """Whether it is a list of dicts."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and item for item in value)


def frame(records: list[dict[str, Any]], attributes: dict[str, Any] | None = None) -> Any:
    """Records as a pandas DataFrame, columns in the order in which they come."""
    import pandas

    return marked(pandas.DataFrame.from_records(records), attributes)


def is_of_database(value: Any, job: Job) -> bool:
    """Whether it is rows that a job got from a database: records, or none of columns that are known."""
    if job.language not in LANGUAGES:
        return False
    return is_records(value) or (value == [] and bool(job.result_columns))


def marked(made: pandas.DataFrame, attributes: dict[str, Any] | None) -> pandas.DataFrame:
    """The frame, which knows where it comes from."""
    if attributes:
        made.attrs["windmill"] = attributes
    return made


def _bundle(kind: str, value: Any) -> dict[str, Any]:
    """What to show for a rich kind; empty when it is none."""
    if not isinstance(value, str):
        return {}
    if kind in IMAGES:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return {}
        return {IMAGES[kind]: value}
    if kind in ("md", "markdown"):
        return {"text/markdown": SCHEMES.sub("\\g<0>\u200b", escape(value))}
    if kind == "svg":  # as an image, in which nothing runs; a notebook puts image/svg+xml into its own page
        data = base64.b64encode(value.encode("utf-8", "replace")).decode()
        return {"text/html": f'<img alt="the result, a drawing" src="data:image/svg+xml;base64,{data}">'}
    if kind == "html":  # a page of its own, without scripts and without the notebook's rights
        return {"text/html": f'<iframe sandbox="" style="{FRAME_STYLE}" srcdoc="{escape(value)}"></iframe>'}
    return {}
