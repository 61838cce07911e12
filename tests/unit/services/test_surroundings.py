"""The checks of this side: settings, folders, programs, versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexwm_nb.config import Config
from flexwm_nb.services import surroundings


def test_a_variable_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a slip of the pen as a rule."""
    assert surroundings.configuration(Config()).status == "ok"
    monkeypatch.setenv("FLEXWM_MAXCONCURRENT", "3")
    check = surroundings.configuration(Config())
    assert (check.status, check.remedy) == ("warn", "Did you mean FLEXWM_MAX_CONCURRENT?")


def test_who_can_read_a_store(tmp_path: Path) -> None:
    """Its owner alone."""
    store = tmp_path / "store"
    assert "when it is needed" in surroundings.permissions(store).message
    store.mkdir(mode=0o700)
    assert surroundings.permissions(store).status == "ok"
    (store / "store.db").write_text("")
    (store / "store.db").chmod(0o644)
    check = surroundings.permissions(store)
    assert (check.status, check.remedy) == ("warn", f"chmod -R go= {store}")


@pytest.mark.parametrize(
    ("mode", "text"),
    [(None, "there is no file"), (0o600, "cannot be executed"), (0o722, "others can replace"), (0o700, "windmill")],
    ids=["missing", "not executable", "writable by others", "well"],
)
def test_the_configured_program(tmp_path: Path, mode: int | None, text: str) -> None:
    """Each fault has its own remedy."""
    program = tmp_path / "windmill"
    if mode is not None:
        program.write_text("")
        program.chmod(mode)
    check = surroundings.binary(program)
    assert text in check.message
    assert (check.status == "ok") == (mode == 0o700) == (check.remedy is None)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("CE v1.743.0", "ok", "1.743.0"),
        ("EE v1.900.1", "ok", "newer than"),
        ("CE v1.400.0", "fail", "oldest that is supported is 1.500.0"),
    ],
)
def test_versions(text: str, status: str, words: str) -> None:
    """Too old, tested, newer."""
    check = surroundings.version(text)
    assert check is not None
    assert (check.status, words in check.message) == (status, True)


def test_a_build_without_a_number() -> None:
    """Says nothing of its version."""
    assert surroundings.version("CE 3f2a1b") is None
