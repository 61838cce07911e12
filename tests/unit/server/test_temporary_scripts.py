"""How long the sources are kept that clients send for previews."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flexwm_nb.server.jobs import temporary_scripts
from flexwm_nb.server.store.database import Database


def test_they_go_a_week_after_they_were_last_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent again, a source stays as long anew; each workspace has its own."""
    week = temporary_scripts.KEPT

    async def kept() -> dict[str, str | None]:
        """What is there after a week, of what was sent at its beginning and later."""
        database, hashes = Database(tmp_path / "store.db"), {}
        for moment, content in ((1, "old"), (2, "again"), (week, "again"), (week + 2, "new")):
            monkeypatch.setattr(temporary_scripts, "now", lambda moment=moment: moment)
            hashes[content] = await temporary_scripts.keep(database, "w", content)
        found = {content: temporary_scripts.source(database, "w", hashed) for content, hashed in hashes.items()}
        found["elsewhere"] = temporary_scripts.source(database, "other", hashes["new"])
        database.close()
        return found

    assert asyncio.run(kept()) == {"old": None, "again": "again", "new": "new", "elsewhere": None}
