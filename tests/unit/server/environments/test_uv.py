"""What uv is given, and how its explanations are told."""

from __future__ import annotations

import pytest

from flexwm_nb.server.environments import uv
from flexwm_nb.server.environments.uv import UvFailed

NONE = "No solution found when resolving dependencies"
CONCLUSION = "we can conclude that your requirements are unsatisfiable.\n"
OUTPUTS = [
    pytest.param(
        f"error: {NONE}\n  cause: Because x was not found and you require x, {CONCLUSION}",
        "Because x was not found and you require x",
        id="no version",
    ),
    pytest.param(
        f"  × {NONE}:\n  ╰─▶ Because there is no x==9 and you\n      require x==9, {CONCLUSION}",
        "Because there is no x==9 and you require x==9",
        id="as older ones write it",
    ),
    pytest.param(
        "error: Failed to fetch: http://user:secret@h/x/\n  cause: client error\n  cause: Connection refused\n",
        "Failed to fetch: http://***@h/x/: client error: Connection refused",
        id="no network",
    ),
]


@pytest.mark.parametrize(("output", "told"), OUTPUTS)
def test_explanations_are_short(output: str, told: str) -> None:
    """The error with its first and last cause, without credentials."""
    assert str(UvFailed(output)) == told


def test_kinds_of_failures() -> None:
    """A network that is away and a full disk have remedies of their own."""
    assert UvFailed("error: error sending request for url").is_offline
    assert UvFailed("error: failed\n  cause: No space left on device (os error 28)").is_full
    assert not UvFailed("error: No solution found").is_offline


def test_uv_sees_nothing_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, no environment that is active; pip's index where it has none of its own."""
    for name in uv.CONFIGURED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FLEXWM_SERVER_TOKEN", "secret")
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@example.org/simple")
    seen = uv.environment()
    assert not {"FLEXWM_SERVER_TOKEN", "VIRTUAL_ENV"} & set(seen)
    assert seen["UV_INDEX_URL"] == "https://user:secret@example.org/simple"
    assert uv.sources() == "https://***@example.org/simple"
