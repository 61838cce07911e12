"""What an expression needs, found in its text as Windmill finds it: without parsing JavaScript."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

REMEMBERED = 4096  # expressions
READ_STEP = re.compile(r'results\??(?:\.(\w+)|\["(.*?)"\])', re.ASCII)
STATEMENTS = (
    *("const ", "let ", "var ", "if ", "if(", "for ", "for(", "while ", "while(", "switch ", "switch(", "try ", "try{"),
    *("throw ", "function ", "class ", "async ", "await ", "return ", "return;"),
)
QUOTES = "'\"`"


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression as read: the program that evaluates it, and the steps whose results it surely asks for."""

    expression: str
    program: str
    steps: tuple[str, ...]
    is_value: bool  # one expression, not statements


@lru_cache(REMEMBERED)
def read(expression: str) -> Reading:
    """Read it, trimmed."""
    trimmed = expression.strip()
    alone = is_value(trimmed)
    body = f"return {trimmed};" if alone else trimmed
    program = f"(async function() {{ {body} }})().then((x) => JSON.stringify(x ?? null))"
    return Reading(trimmed, program, read_steps(trimmed), alone)


def read_steps(expression: str) -> tuple[str, ...]:
    """Ids of the steps named as `results.x`, `results?.x` and `results["x"]`, each once."""
    found = (match[1] or unescaped(match[2]) for match in READ_STEP.finditer(expression))
    return tuple(dict.fromkeys(name for name in found if name))


def unescaped(text: str | None) -> str:
    """What a quoted name means."""
    try:
        return str(json.loads(f'"{text or ""}"'))
    except ValueError:
        return text or ""


def is_value(expression: str) -> bool:
    """True when a `return` belongs before it: it begins like no statement and has no semicolon outside of quotes."""
    if expression == "return" or expression.startswith(STATEMENTS):
        return False
    return not has_semicolon(expression)


def has_semicolon(expression: str) -> bool:
    """True when a semicolon stands outside of quotes. As crude as Windmill's search: it knows no comments."""
    quote, before = "", ""
    for character in expression:
        if character in QUOTES and before != "\\" and quote in ("", character):
            quote = "" if quote else character
        elif character == ";" and not quote:
            return True
        before = character
    return False
