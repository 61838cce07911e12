"""Packages of TypeScript: installed once, pinned by a lock, and refused in clear words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.languages import log_of, preview, run

pytestmark = pytest.mark.differs("packages of a folder (`file:`) in a lock whose `bun.lock` is empty")
SOURCE = "import { name } from 'mine'\nexport function main() { return name }"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of npm's form."""
    (tmp_path / "package.json").write_text(json.dumps({"name": "mine", "version": "1.0.0", "main": "index.js"}))
    (tmp_path / "index.js").write_text("export const name = 'mine'\n")
    return tmp_path


def lock(place: object) -> str:
    """A lock whose package is in that folder."""
    return json.dumps({"dependencies": {"mine": f"file:{place}"}}) + "\n//bun.lock\n<empty>"


@pytest.mark.parametrize("language", ["bun", "bunnative"])
def test_packages_are_installed_once(http: httpx.Client, package: Path, language: str) -> None:
    """The first job's log shows it, the second job finds them."""
    jobs = []
    for _ in range(2):
        jobs.append(preview(http, language, SOURCE, lock=lock(package)))
        assert run(http, jobs[-1]) == (True, "mine")
    assert log_of(http, jobs[0]).startswith("\n\n--- BUN INSTALL ---\n")
    assert "INSTALL" not in log_of(http, jobs[1])


def test_jobs_at_once_install_once(http: httpx.Client, package: Path) -> None:
    """They wait for the same folder."""
    jobs = [preview(http, "bun", SOURCE, lock=lock(package)) for _ in range(4)]
    assert [run(http, job) for job in jobs] == [(True, "mine")] * 4


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (lock("/no/such/package"), 'exit code for "bun install": 1'),
        ('{"dependencies": {"mine": "1"}}', "expected to find //bun.lock split pattern"),
        ("nonsense\n//bun.lock\n<empty>", "the lock's package.json is not JSON: nonsense"),
    ],
    ids=["not to be had", "no lock", "no manifest"],
)
def test_a_lock_that_cannot_be_installed_is_the_jobs_error(http: httpx.Client, given: str, part: str) -> None:
    """It tells which and why."""
    success, result = run(http, preview(http, "bun", SOURCE, lock=given))
    assert not success
    assert part in result["error"]["message"]


def test_a_failed_installation_is_tried_again(http: httpx.Client, tmp_path: Path) -> None:
    """Nothing half-written stays."""
    place = tmp_path / "later"
    assert run(http, preview(http, "bun", SOURCE, lock=lock(place)))[0] is False
    place.mkdir()
    (place / "package.json").write_text(json.dumps({"name": "mine", "version": "1.0.0", "main": "index.js"}))
    (place / "index.js").write_text("export const name = 'mine'\n")
    result: tuple[bool, Any] = run(http, preview(http, "bun", SOURCE, lock=lock(place)))
    assert result == (True, "mine")
