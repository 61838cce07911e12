"""Long logs are read from their files without being held whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexwm_nb.server.jobs import logs

TEXT = "aé日🎉\nb" * 50


@pytest.mark.parametrize("size", [1, 7, 1024])
def test_a_log_is_read_from_any_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Positions count characters, from the beginning or the end, wherever the chunks of bytes are cut."""
    monkeypatch.setattr(logs, "CHUNK", size)
    file = tmp_path / "job.log"
    file.write_text(TEXT, "utf-8")
    for offset in range(-len(TEXT) - 5, len(TEXT) + 5):
        assert logs._read_file(file, offset) == TEXT[offset:]


def test_no_file_is_no_log(tmp_path: Path) -> None:
    """A job that never wrote has none."""
    assert logs._read_file(tmp_path / "none.log", 0) is None
