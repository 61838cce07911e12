"""The words of simple JavaScript expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.$])"
TEXT = r"""'(?:[^'\\\n\r]|\\[^\n\r])*'|"(?:[^"\\\n\r]|\\[^\n\r])*\""""
PLACE = r"\$\{([^`{}]*)\}"  # in a template
TEMPLATE = rf"`(?:[^`\\\r$]|\$(?!\{{)|{PLACE})*`"
TOKEN = re.compile(
    rf"""(?P<space>[ \t\n\r]+)
    | (?P<number>{NUMBER})
    | (?P<text>{TEXT})
    | (?P<template>{TEMPLATE})
    | (?P<name>[A-Za-z_$][\w$]*)
    | (?P<sign>\?\.(?!\d) | ===|!==|==|!= | <=|>= | && | \|\| | \?\? | -(?!-) | \+(?!\+) | /(?![/*])
        | [.\[\](){{}},:?!<>*%] )""",
    re.ASCII | re.VERBOSE,
)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"', "/": "/"}
HALVES = range(0xD800, 0xE000)


class Unknown(Exception):
    """This is no simple expression."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is number, text, template, name or sign; at the end, end."""

    kind: str
    text: str


END = Token("end", "")


def tokens(expression: str) -> list[Token]:
    """The words of it, and END. Raises Unknown."""
    found, position = [], 0
    while position < len(expression):
        match = TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise Unknown
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup, match[0]))
        position = match.end()
    return [*found, END]


def unquoted(text: str) -> str:
    """What a quoted text means. Raises Unknown."""
    return ESCAPE.sub(meant, text[1:-1])


def meant(escape: re.Match[str]) -> str:
    """What one escape means. Raises Unknown for the rare ones."""
    sign = escape[1]
    if len(sign) > 1:
        code = int(sign[1:], 16)
        if code not in HALVES:
            return chr(code)
    elif sign in ESCAPED:
        return ESCAPED[sign]
    raise Unknown
