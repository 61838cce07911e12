"""Every error says what happened, has a stable code, and what to do next."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from flexwm_nb import errors
from flexwm_nb.errors import FlexwmError

SAY_IT_THEMSELVES = {"InvalidSource", "InvalidArguments", "InvalidFlow", "JobFailed", "JobCanceled", "InvalidConfig"}

NAMED = (
    "script-not-found", "script-exists", "flow-not-found", "execution-timeout", "concurrency-limit",
    "invalid-arguments", "engine-not-ready", "invalid-config", "authentication-failed", "conflict",
    "engine-unreachable", "store-full",
)  # fmt: skip


def kinds(kind: type[FlexwmError] = FlexwmError) -> Iterator[type[FlexwmError]]:
    """The tree, below a kind."""
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield below
            yield from kinds(below)


ALL = sorted(set(kinds()), key=lambda kind: kind.__name__)
LEAVES = [kind for kind in ALL if not kind.__subclasses__()]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_of_each_kind(kind: type[FlexwmError]) -> None:
    """Is one line of plain words, is drawn in the tree, and survives a trip to another process."""
    error = kind(why="because", detail=1)
    assert error.what and "\n" not in str(error)
    assert kind.__name__ in (errors.__doc__ or "")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.detail, again.code) == (kind, str(error), 1, error.code)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_what_to_do_next(kind: type[FlexwmError]) -> None:
    """Stands on every kind that is raised as it is, but where only its cause knows."""
    assert kind.__name__ in SAY_IT_THEMSELVES or kind().remedy


def test_codes_are_stable_names() -> None:
    """One for each kind."""
    codes = [kind().code for kind in ALL]
    assert len(set(codes)) == len(codes)
    assert set(NAMED) <= set(codes)
