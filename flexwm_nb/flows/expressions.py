"""What can be known of a JavaScript expression without running it: what it reads, and whether it can be one; pure."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<broken>["'])
      | (?P<template>`)
      | (?P<name>[A-Za-z_$][\w$]*)
      | (?P<number>\d[\w.]*)
      | (?P<regex>(?:^|(?<=[(,=:\[!&|?{};+]))\s*/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
      | (?P<space>\s+)
      | (?P<sign>\?\.(?!\d)|=>|===|!==|==|!=|<=|>=|&&|\|\||\?\?|\*\*|\.\.\.|.)""",
    re.VERBOSE | re.DOTALL,
)
PAIRS = {")": "(", "]": "[", "}": "{"}
STATEMENT = re.compile(r"\s*(?:return|const|let|var|if|for|while|switch|try|throw|function|class|async|await)\b")
ENDS_OPEN = frozenset(
    ["+", "-", "*", "/", "%", "&&", "||", "??", "===", "!==", "==", "!=", "<", ">", "<=", ">=", ".", "?", "=", "!"]
)
STARTS_OPEN = frozenset(
    ["*", "/", "%", "&&", "||", "??", "===", "!==", "==", "!=", "<=", ">=", ",", ")", "]", "}", "?", ":", "=", "."]
)
WORDS = frozenset(
    [
        "in",
        "of",
        "instanceof",
        "typeof",
        "new",
        "void",
        "delete",
        "await",
        "async",
        "return",
        "let",
        "const",
        "var",
        "yield",
        "function",
        "class",
        "extends",
        "else",
        "case",
        "throw",
        "if",
        "do",
        "static",
        "get",
        "set",
    ]
)
VALUES = frozenset(["name", "number", "text"])
REMEMBERED = 4096  # expressions whose tokens are kept
ITERATION = frozenset(["iter", "iter_parent"])  # of the flow's input inside of loops

Token = tuple[str, str]  # kind, text


@lru_cache(maxsize=REMEMBERED)
def tokens(expr: str) -> tuple[Token, ...]:
    """The words and signs of an expression, those inside of a template's `${}` among them; no comments, no space."""
    found: list[Token] = []
    place = 0
    while place < len(expr):
        match = TOKEN.match(expr, place)
        assert match is not None  # the last alternative takes anything
        kind = str(match.lastgroup)
        place = match.end()
        if kind == "template":
            place, inner = _template(expr, place)
            found += inner
        elif kind not in ("comment", "space"):
            found.append((kind, match.group().strip() if kind == "regex" else match.group()))
    return tuple(found)


def problem(expr: str) -> str | None:
    """Why this cannot be an expression, where that is plain to see; None otherwise."""
    found = tokens(expr)
    if not found:
        return "it is empty"
    open_signs: list[str] = []
    for kind, text in found:
        if kind == "broken":
            return "a text has no end"
        if kind != "sign":
            continue
        if text in "([{":
            open_signs.append(text)
        elif text in PAIRS and (not open_signs or open_signs.pop() != PAIRS[text]):
            return f"{text} closes nothing"
    if open_signs:
        return f"{open_signs[-1]} is not closed"
    return None if STATEMENT.match(expr) or "\n" in expr or "{" in expr else _dangling(found)


def results_in(expr: str) -> list[str]:
    """The ids of the steps whose results it reads, in order: `results.x`, `results?.x`, `results["x"]`."""
    return _parts_of("results", tokens(expr))


def inputs_in(expr: str) -> list[str]:
    """The names of the flow's inputs that it reads."""
    return [name for name in _parts_of("flow_input", tokens(expr)) if name.partition("_parent")[0] not in ITERATION]


def reads(expr: str, name: str) -> bool:
    """Whether it names this at all."""
    found = tokens(expr)
    return any(token == ("name", name) and _begins(found, place) for place, token in enumerate(found))


def only_input(expr: str) -> str | None:
    """The name of the input that is all there is to it."""
    names = inputs_in(expr)
    size = len(tokens(expr))
    return names[0] if len(names) == 1 and size in (3, 4) and tokens(expr)[0] == ("name", "flow_input") else None


def constant(expr: str) -> bool | None:
    """True or False for a condition that always is; None for any other."""
    found = [text for _, text in tokens(expr)]
    while len(found) > 2 and found[0] == "(" and found[-1] == ")":
        found = found[1:-1]
    return (
        {"true": True, "1": True, "false": False, "0": False, "null": False}.get(found[0]) if len(found) == 1 else None
    )


def _template(expr: str, place: int) -> tuple[int, list[Token]]:
    """What stands in a template's `${}`, and where it ends."""
    found: list[Token] = [("text", "`")]
    while place < len(expr):
        if expr[place] == "`":
            return place + 1, found
        if expr[place] == "\\":
            place += 2
        elif expr.startswith("${", place):
            end = _closing(expr, place + 2)
            found += [("sign", "("), *tokens(expr[place + 2 : end]), ("sign", ")")]
            place = end + 1
        else:
            place += 1
    return place, [*found, ("broken", "`")]


def _closing(expr: str, place: int) -> int:
    """Where the brace that is open here is closed."""
    depth = 0
    while place < len(expr):
        match = TOKEN.match(expr, place)
        assert match is not None
        text = match.group()
        if match.lastgroup == "template":
            place = _template(expr, match.end())[0]
            continue
        if text == "}" and depth == 0:
            return place
        depth += (text == "{") - (text == "}")
        place = match.end()
    return place


def _begins(found: tuple[Token, ...], place: int) -> bool:
    """Whether the name here is one of its own, not a property of another or a key."""
    before = found[place - 1][1] if place else ""
    after = found[place + 1][1] if place + 1 < len(found) else ""
    return before not in (".", "?.") and not (after == ":" and before in ("{", ","))


def _parts_of(name: str, found: tuple[Token, ...]) -> list[str]:
    """The first properties that are read of a name."""
    made = []
    for place, token in enumerate(found):
        if token != ("name", name) or not _begins(found, place):
            continue
        rest = [*found[place + 1 : place + 4], ("", ""), ("", ""), ("", "")]
        skip = 1 if rest[0][1] in (".", "?.") else 0
        if skip and rest[1][0] == "name":
            made.append(rest[1][1])
        elif rest[skip][1] == "[" and rest[skip + 1][0] == "text":
            made.append(rest[skip + 1][1][1:-1])
    return made


def _dangling(found: tuple[Token, ...]) -> str | None:
    """An operator with nothing on one side."""
    first, last = found[0], found[-1]
    if last[0] == "sign" and last[1] in ENDS_OPEN:
        return f"nothing stands after {last[1]}"
    if first[0] == "sign" and first[1] in STARTS_OPEN:
        return f"nothing stands before {first[1]}"
    for one, two in pairwise(found):
        if one[0] in VALUES and one[1] not in {*WORDS, "`"} and two[0] in ("number", "name") and two[1] not in WORDS:
            return f"something is missing between {one[1]} and {two[1]}"
    return None
