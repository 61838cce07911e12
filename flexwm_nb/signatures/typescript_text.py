"""Names and texts as JavaScript writes them."""

from __future__ import annotations

import re
from typing import Any

from flexwm_nb.signatures import trees

ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{1,3}|\r\n|.)", re.DOTALL)
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
LONE = re.compile("[\ud800-\udfff]")  # half of a character; it stays written as its escape
CONTINUED = ("\n", "\r", "\r\n", "\u2028", "\u2029")


def identifier(node: Any) -> str:
    """A name, its escapes read."""
    return unescaped(trees.text(node))


def unquoted(node: Any) -> str:
    """What a quoted text says."""
    return unescaped(trees.text(node)[1:-1])


def unescaped(text: str) -> str:
    """A text with its escapes read."""
    if "\\" not in text:
        return text
    read = ESCAPE.sub(_character, text).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return LONE.sub(lambda match: f"\\u{ord(match[0]):04x}", read)


def _character(match: re.Match[str]) -> str:
    escape = match[1]
    if escape in CONTINUED:
        return ""
    if len(escape) > 1 and escape[0] in "ux":
        return chr(int(escape[1:].strip("{}"), 16))
    if escape.isdigit() and escape[0] in "01234567":
        return chr(int(escape, 8))
    return LETTERS.get(escape, escape)
