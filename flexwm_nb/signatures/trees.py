"""Syntax trees of languages that Python cannot parse by itself (tree-sitter)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from flexwm_nb.errors import InvalidSource

# grammar -> the module that brings it, its function, and the language's name for people
GRAMMARS = {
    "typescript": ("tree_sitter_typescript", "language_typescript", "TypeScript"),
    "go": ("tree_sitter_go", "language", "Go"),
    "php": ("tree_sitter_php", "language_php", "PHP"),
}
PORTION = 4096  # bytes that the parser gets at a time
PLACE = re.compile(r"row:(\d+), col:(\d+)")
TOKEN = re.compile(r"(\s*)(\w+|\S|)")


@cache
def _grammar(name: str) -> Any:
    from tree_sitter import Language

    module, function, _ = GRAMMARS[name]
    return Language(getattr(import_module(module), function)())


def parse(grammar: str, content: str) -> Any:
    """The root of the source's tree, errors included."""
    from tree_sitter import Parser

    return Parser(_grammar(grammar)).parse(content.encode("utf-8", "replace")).root_node


def text(node: Any) -> str:
    """The source that a node covers."""
    found: str = node.text.decode("utf-8", "replace")
    return found


def walk(node: Any) -> Iterator[Any]:
    """A node and all below it, in the source's order."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(found.children))


def child_of(node: Any, *kinds: str) -> Any:
    """The first child of one of these kinds, or None."""
    return next((child for child in node.children if child.type in kinds), None)


def refuse_errors(grammar: str, root: Any, content: str, lines_before: int = 0) -> None:
    """Raise InvalidSource at the first place that the grammar does not understand."""
    if root.has_error:
        row, column = first_error(grammar, content) or first_wrong(root)
        raise at_place(row, column, content, grammar, lines_before)


def first_error(grammar: str, content: str) -> tuple[int, int] | None:
    """Row and column (in bytes) behind which no reading of the source went on, as the parser's own log tells."""
    from tree_sitter import Parser

    source = content.encode("utf-8", "replace")
    watch = Watch()
    parser = Parser(_grammar(grammar))
    parser.logger = watch
    with suppress(ValueError):  # it is stopped when enough is known
        parser.parse(
            lambda start, _: source[start : start + PORTION], progress_callback=lambda _offset, _has_error: watch.over
        )
    return watch.found


class Watch:
    """Reads a parser's log."""

    def __init__(self) -> None:
        """Nothing is found yet."""
        self.found: tuple[int, int] | None = None
        self._here = (0, 0)
        self.over = False

    def __call__(self, kind: Any, message: str) -> None:
        """Note where the last of several readings ended, before the parser went on in spite of it."""
        if self.over:
            return
        if message.startswith("process "):
            row, column = PLACE.findall(message)[-1]
            self._here = (int(row), int(column))
        elif message.startswith("detect_error"):
            self.found = max(self.found or (0, 0), self._here)
        elif message.startswith("resume"):
            self.over = True


def first_wrong(root: Any) -> tuple[int, int]:
    """Where the first node is that is wrong or missing."""
    node = next((node for node in walk(root) if node.is_missing or node.type == "ERROR"), root)
    return node.start_point.row, node.start_point.column


def at_place(row: int, column: int, content: str, grammar: str, lines_before: int) -> InvalidSource:
    """The error at the first token from a place on."""
    source = content.encode("utf-8", "replace").split(b"\n")
    start = sum(len(line) + 1 for line in source[:row]) + column
    rest = b"\n".join(source)[start:].decode("utf-8", "ignore")
    token = TOKEN.match(rest)
    if token is None or not token[2]:
        why = f"the {GRAMMARS[grammar][2]} ends too early"
        row, column = last_place(source)
    else:
        why = f"unexpected {token[2]!r}"
        before = token[1].rpartition("\n")
        row += token[1].count("\n")
        column = (0 if before[1] else column) + len(before[2].encode())
    return error_at(row, column, why, content, grammar, lines_before)


def last_place(source: list[bytes]) -> tuple[int, int]:
    """The end of the last line that is not empty."""
    row = next((number for number in range(len(source) - 1, -1, -1) if source[number].strip()), 0)
    return row, len(source[row].rstrip())


def at_node(node: Any, why: str, content: str, grammar: str, lines_before: int = 0) -> InvalidSource:
    """The typed error at a node's place in the source."""
    return error_at(node.start_point.row, node.start_point.column, why, content, grammar, lines_before)


def error_at(row: int, column: int, why: str, content: str, grammar: str, lines_before: int) -> InvalidSource:
    """The typed error at a row and a column in bytes."""
    lines = content.split("\n")
    line = lines[row] if row < len(lines) else ""
    characters = len(line.encode("utf-8", "replace")[:column].decode("utf-8", "ignore"))
    language = GRAMMARS[grammar][2]
    return InvalidSource(why=why, line=row + lines_before + 1, column=characters + 1, text=line, language=language)
