"""How a version of a script is named."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from flexwm_nb.errors import InvalidInput, ScriptNotFound
from flexwm_nb.models.scripts import ScriptVersion
from flexwm_nb.services.references import Reference

FIRST, SECOND, THIRD = (f"{number:016x}" for number in (1, 2, 3))


def version(number: int, found: str, day: int) -> ScriptVersion:
    """A version registered at noon of a day in November."""
    moment = datetime(2026, 11, day, 12, tzinfo=timezone.utc)
    return ScriptVersion(path="f/a/b", hash=found, number=number, created_at=moment)


HISTORY = [version(3, THIRD, 5), version(2, SECOND, 3), version(1, FIRST, 1)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("f/a/b", 3),
        ("f/a/b@v1", 1),
        ("f/a/b@2", 2),
        (f"f/a/b@{SECOND}", 2),
        ("f/a/b@2026-11-01", 1),
        ("f/a/b@2026-11-04", 2),
        ("f/a/b@2030-01-01", 3),
        ("f/a/b@2026-11-03T12:00:00Z", 2),
        ("f/a/b@2026-11-03T11:59", 1),
        ("f/a/b@2026-11-03T13:59:00+02:00", 1),
        (" /f/a/b @ v2 ", 2),
    ],
)
def test_a_reference_means_one_version(text: str, number: int) -> None:
    """By number, by hash, and by time: the version that was current then, a day standing for its end in UTC."""
    assert Reference.parse(text).find(HISTORY).number == number


@pytest.mark.parametrize("text", ["f/a/b@v4", "f/a/b@ffffffffffffffff", "f/a/b@2026-10-31"])
def test_a_version_that_is_not_there_is_not_found(text: str) -> None:
    """The error says which there are."""
    with pytest.raises(ScriptNotFound, match=r"It has v1 to v3, the first of 2026-11-01 12:00 UTC"):
        Reference.parse(text).find(HISTORY)


@pytest.mark.parametrize("text", ["f/a/b@", "f/a/b@newest", "f/a/b@v", "f/a/b@2026-13-01", "f/a/b@v1@v2", "f/a/b@ABC"])
def test_a_version_that_is_none_is_refused(text: str) -> None:
    """What follows the @ is a number, a hash or a time."""
    with pytest.raises(InvalidInput, match="names no version"):
        Reference.parse(text)
