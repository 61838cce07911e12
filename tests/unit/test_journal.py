"""What notebooks started, found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexwm_nb import journal
from flexwm_nb.journal import Record


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A state directory of the test's own."""
    monkeypatch.setenv("FLEXWM_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def record(number: int, notebook: str = "a.ipynb") -> Record:
    """One run."""
    return Record(job_id=str(number), subject="f/a/b", engine="local", workspace="demo", notebook=notebook)


def test_runs_are_found_by_their_notebook() -> None:
    """Oldest first."""
    for number, notebook in enumerate(["a.ipynb", "b.ipynb", "a.ipynb"]):
        journal.note(record(number, notebook))
    assert [found.job_id for found in journal.read("a.ipynb")] == ["0", "2"]
    assert len(journal.read()) == 3


def test_the_file_is_private(folder: Path) -> None:
    """Readable by its owner alone."""
    journal.note(record(1))
    assert (folder / "runs.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_damaged_line_hides_nothing_else(folder: Path) -> None:
    """Such as one that a crash cut, or one of a later version."""
    journal.note(record(1))
    with (folder / "runs.jsonl").open("a") as file:
        file.write('{"job_id": "2"\n[]\n{"unknown": 1}\n')
    journal.note(record(3))
    assert [found.job_id for found in journal.read()] == ["1", "3"]


def test_where_nothing_can_be_written_nothing_fails(folder: Path) -> None:
    """It is a memory aid."""
    folder.write_text("a file in the directory's place")
    journal.note(record(1))
    assert journal.read() == []


def test_the_older_half_goes_when_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest runs stay."""
    monkeypatch.setattr(journal, "LARGEST", 1_000)
    for number in range(50):
        journal.note(record(number))
    kept = [found.job_id for found in journal.read()]
    assert kept[-1] == "49"
    assert len(kept) < 20
