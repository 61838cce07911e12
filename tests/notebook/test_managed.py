"""%windmill_connect managed: what a notebook shows while a Windmill is started, and where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook.conftest import TestingShell


@pytest.fixture
def managed(
    shell: TestingShell, folder: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestingShell]:
    """A shell whose managed engine is in a folder of the tests."""
    monkeypatch.setenv("FLEXWM_MANAGED_FOLDER", str(folder))
    monkeypatch.setenv("WINDMILL_BINARY_PATH", str(program))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield shell
    shell.cell("%windmill_connect local")


def test_the_line_of_a_start(managed: TestingShell) -> None:
    """What was found and started, the workspace, and how long it took; cells then run there."""
    managed.cell("%windmill_connect managed")
    line = managed.output.strip().splitlines()[-1]
    assert re.fullmatch(
        r"binary found \(configured 1\.743\.0\) · PostgreSQL \d+ up · Windmill CE v1\.743\.0 up on 127\.0\.0\.1:\d+"
        r" · workspace demo · ready in .*s",
        line,
    )
    assert managed.cell("%%windmill_script bash u/admin/seven\necho 7") == "7"
    managed.cell("import flexwm_nb; flexwm_nb.connect('managed').stop()")


def test_there_is_no_windmill(shell: TestingShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes, and the line that builds one, which says what it needs."""
    for name in ("PATH", "FLEXWM_MANAGED_FOLDER"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("WINDMILL_BINARY_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    assert "%windmill_connect --build" in shell.message("%windmill_connect managed")
    assert "third_party/windmill" in shell.message("%windmill_connect --build")
    assert "Write managed" in shell.message("%windmill_connect local --build")
