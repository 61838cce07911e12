"""`flexwm cache`: what it shows, and what it removes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from flexwm_nb.cli import main as cli
from flexwm_nb.cli.caching import ago, size
from flexwm_nb.server.environments.cache import Cache

DAY = 86400.0  # seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache with something that was used today and something that was not for long."""

    async def make(target: Path, lock: int) -> None:
        (target / "module.py").write_bytes(b"x" * 1500)

    async def fill(cache: Cache) -> None:
        for key, about in (("a", "Python 3.11: new==1"), ("b", "Python 3.11: old==1")):
            await cache.get("packages", key, make, about=about)
        await cache.close()

    asyncio.run(fill(Cache(tmp_path)))
    before = time.time() - 40 * DAY
    os.utime(tmp_path / "locks" / "packages-b", (before, before))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command says that ends well."""
    assert cli.main(words) == 0
    return capsys.readouterr().out


def test_what_is_kept_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With size, last use and sum."""
    assert said(capsys, "cache", "--cache", str(folder)) == (
        "     SIZE  LAST USE   WHAT\n"
        "   1.5 kB  just now   packages: Python 3.11: new==1\n"
        "   1.5 kB  6 weeks    packages: Python 3.11: old==1\n"
        f"2 entries, 3.0 kB in {folder}\n"
    )


def test_what_is_old_is_pruned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was not used for 30 days, another time, or all."""
    prune = ("cache", "--cache", str(folder), "prune")
    assert said(capsys, *prune, "--older-than", "7w") == f"removed 0 entries, 0 B from {folder}\n"
    assert said(capsys, *prune) == f"removed 1 entry, 1.5 kB from {folder}\n"
    assert said(capsys, *prune, "--all") == f"removed 1 entry, 1.5 kB from {folder}\n"
    assert said(capsys, "cache", "--cache", str(folder)) == f"0 entries, 0 B in {folder}\n"


def test_what_an_engine_uses_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And it is said how to have it removed."""
    engine = Cache(folder)
    assert engine.find("packages", "a") is not None
    told = said(capsys, "cache", "--cache", str(folder), "prune", "--all")
    assert told.endswith("kept 1 entry, 1.5 kB: a running engine uses them. End it first: flexwm stop\n")
    asyncio.run(engine.close())


def test_a_wrong_age(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is one clean line."""
    assert cli.main(["cache", "--cache", str(folder), "prune", "--older-than", "old"]) == 1
    assert capsys.readouterr().err == "flexwm: 'old' is no age. Write a number and m, h, d or w, such as 30d\n"


def test_sizes_and_ages_are_for_people() -> None:
    """In the unit that fits."""
    assert [size(count) for count in (0, 999, 1_500, 2_000_000, 3_500_000_000)] == [
        "0 B", "999 B", "1.5 kB", "2.0 MB", "3.5 GB",
    ]  # fmt: skip
    assert [ago(seconds) for seconds in (5, 600, 3 * 3600, 3 * DAY)] == ["just now", "10 min", "3 h", "3 days"]
