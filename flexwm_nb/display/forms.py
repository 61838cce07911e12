"""A form as a picture: a table of the arguments that a schema describes, and the magic line that gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flexwm_nb.display.tables import Table
from flexwm_nb.display.wording import PRE, escape, literal

BARE = re.compile(r"(?:\$(?:res|var):)?[\w./:@%+,-]+", re.ASCII)  # as in views/form_line.js
PYTHON_WORDS = frozenset({"True", "False", "None", "NaN", "Infinity", "-Infinity"})  # which a line takes for values
COMPUTED = "<function call>"  # Windmill's mark of a default that is computed when the script runs
HIDDEN = "••••"
LONGEST = 80  # characters of a cell
ROWS = 200
KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
    "object": "object",
}
FORMATS = {"date": "date", "date-time": "date and time", "time": "time", "email": "e-mail address", "uri": "address"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The arguments of something that can be run, with the values that they have so far."""

    schema: Mapping[str, Any]
    magic: str  # how the line begins
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def properties(self) -> dict[str, Mapping[str, Any]]:
        """What the schema says of each argument, in its order."""
        known = self.schema.get("properties")
        if not isinstance(known, Mapping):
            return {}
        order = self.schema.get("order")
        first = [name for name in order if name in known] if isinstance(order, list) else []
        names = dict.fromkeys([*first, *known])
        return {name: known[name] if isinstance(known[name], Mapping) else {} for name in names}

    @property
    def line(self) -> str:
        """The magic that does the same: what differs from the defaults is said, and no secret."""
        properties = self.properties
        said = [
            f"{name}={f'${name}' if is_secret(properties.get(name, {}), value) else written(value)}"
            for name, value in self.values.items()
            if name not in properties or "default" not in properties[name] or value != properties[name]["default"]
        ]
        return " ".join([self.magic, *said])

    def table(self) -> Table:
        """A row an argument."""
        properties = self.properties
        required = self.schema.get("required")
        needed = set(required) if isinstance(required, list) else set()
        rows = [self._row(name, properties[name], name in needed) for name in list(properties)[:ROWS]]
        has_about = any(row[3] for row in rows)
        head = ("argument", "type", "value", "about")
        return Table(head, tuple(rows)) if has_about else Table(head[:3], tuple(row[:3] for row in rows))

    def _row(self, name: str, described: Mapping[str, Any], is_needed: bool) -> tuple[str, str, str, str]:
        value = self.values.get(name, described.get("default"))
        if is_secret(described, value) and value is not None:
            shown = HIDDEN
        elif value == COMPUTED:
            shown = "computed"
        elif name in self.values or described.get("default") is not None:
            shown = _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
        else:
            shown = "needed" if is_needed else ""
        return _cut(name), kind(described), shown, _cut(str(described.get("description") or ""))

    def __str__(self) -> str:
        """As text."""
        return f"{self.table()}\n{self.line}" if self.properties else self.line

    def _repr_html_(self) -> str:
        table = self.table()._repr_html_() if self.properties else "It takes no arguments."
        return f'<div>{table}<pre style="{PRE}">{escape(self.line)}</pre></div>'


def kind(described: Mapping[str, Any]) -> str:
    """What an argument takes, in few words."""
    choices = described.get("enum")
    form = str(described.get("format") or "")
    if isinstance(choices, list):
        return _cut(" | ".join(choice if isinstance(choice, str) else json.dumps(choice) for choice in choices))
    if form.startswith(("resource-", "variable-")):
        what, _, of = form.partition("-")
        return "file" if of == "s3_object" else _cut(f"{what} {of}")
    if described.get("contentEncoding") == "base64":
        return "file"
    if described.get("oneOf"):
        return "one of several kinds"
    if is_kept_secret(described):
        return "secret"
    types = [described.get("type")] if not isinstance(described.get("type"), list) else described["type"]
    names = [KINDS.get(str(name), "anything") for name in types if name != "null"]
    said = FORMATS.get(form) or (names[0] if len(names) == 1 else "anything")
    return said + _limits(described)


def _limits(described: Mapping[str, Any]) -> str:
    least, most = described.get("minimum"), described.get("maximum")
    if least is not None and most is not None:
        return f" {least} to {most}"
    if least is not None:
        return f" from {least}"
    return f" up to {most}" if most is not None else ""


def is_kept_secret(described: Any) -> bool:
    """Whether an argument's values must not be read."""
    if not isinstance(described, Mapping):
        return False
    return described.get("password") is True or described.get("format") == "password"


def is_secret(described: Any, value: Any) -> bool:
    """Whether this value must not be read; the path of a variable may."""
    return is_kept_secret(described) and not (isinstance(value, str) and value.startswith("$var:"))


def written(value: Any) -> str:
    """A value as a magic's line takes it: bare where that is clear, else as JSON."""
    if isinstance(value, str) and BARE.fullmatch(value) and value not in PYTHON_WORDS and not _is_json(value):
        return value
    return literal(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def _is_json(text: str) -> bool:
    try:
        return not isinstance(json.loads(text), str)
    except ValueError:
        return False


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
