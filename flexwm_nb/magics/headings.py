"""Comments above a cell magic of ours, which IPython would make drop the magic without a word."""

from __future__ import annotations

START = "%%windmill"


def without_comments_above(lines: list[str]) -> list[str]:
    """An input transformer: the lines from the cell magic on, where only comments and empty lines stand above it."""
    for number, line in enumerate(lines):
        if line.startswith(START):
            return lines[number:]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return lines
