"""Test data of the managed engine: programs that stand for Windmill's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stand_in import write


@pytest.fixture
def says(tmp_path: Path) -> Callable[[str], Path]:
    """Make a program of a few lines of Python."""
    return lambda source: write(tmp_path / "windmill", source)
