"""What each level promises, tried by jobs that mean harm: the table of the isolation's README, cell by cell."""

from __future__ import annotations

import pytest

from flexwm_nb.server.isolation import landlock
from flexwm_nb.server.isolation.levels import find
from tests.unit.server.isolation.escapes import (
    ATTEMPTS,
    POSSIBLE,
    REFUSED,
    SIGNALS_FROM,
    WISHES,
    Attempt,
    expected,
    tried,
)


@pytest.mark.parametrize("column", WISHES)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_an_attempt_ends_as_the_readme_says(attempt: Attempt, column: str) -> None:
    """Held or possible; where a level is not to be had, no job runs at all."""
    promised = expected()[attempt.name, column]
    if find(WISHES[column]).level is None:
        promised = REFUSED
    elif attempt.signals and column != "plain" and landlock.abi() < SIGNALS_FROM:
        promised = POSSIBLE
    if not (attempt.varies and column == "plain"):
        assert tried(column)[attempt.name] == promised


def test_the_readme_has_every_attempt_and_no_other() -> None:
    """The table is the one that `python -m tests.unit.server.isolation.escapes` writes."""
    assert {name for name, _ in expected()} == {attempt.name for attempt in ATTEMPTS}
    assert {column for _, column in expected()} == set(WISHES)
