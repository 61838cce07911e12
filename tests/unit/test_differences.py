"""What tests expect to differ on a real Windmill is told in DIFFERENCES.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIST = ROOT / "third_party" / "windmill" / "DIFFERENCES.md"


def rows() -> set[str]:
    """The first column of its tables."""
    lines = LIST.read_text("utf-8").splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("| ")}


def marks() -> Iterator[tuple[str, str]]:
    """Each file of the contract suite with what its marks name."""
    for file in sorted((ROOT / "tests" / "contract").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.differs":
                yield file.name, ast.literal_eval(node.args[0])


@pytest.mark.parametrize("row", sorted({row for _, row in marks()}))
def test_a_mark_names_a_row(row: str) -> None:
    """With the real engine's behaviour, the local one's, and why."""
    assert row in rows(), f"{row}: {sorted(file for file, named in marks() if named == row)}"
