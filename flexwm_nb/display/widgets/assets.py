"""One self-contained JavaScript module out of the views' files: nothing is built, nothing is loaded from elsewhere."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

VIEWS = Path(__file__).parent / "views"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<name>\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const)\b)", re.MULTILINE)


@cache
def module(view: str, function: str) -> str:
    """The module of a widget: its view's file after all that it imports, the style sheet, and the notebook's host.

    The files share one scope then, so a name at the top of one is in no other.
    """
    files: dict[str, str] = {}
    _gather("host", files)
    _gather(view, files)
    sheet = json.dumps((VIEWS / "view.raw.css").read_text(encoding="utf-8"))
    return "\n".join([*files.values(), f"export default hosted({function}, {sheet});\n"])


def _gather(name: str, files: dict[str, str]) -> None:
    """A file after those that it imports, each once."""
    source = (VIEWS / f"{name}.js").read_text(encoding="utf-8")
    for found in IMPORT.finditer(source):
        if found["name"] not in files:
            _gather(found["name"], files)
    files[name] = EXPORT.sub("", IMPORT.sub("", source))
