"""The program is tried before it is trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flexwm_nb.backends.managed.binary import verify
from flexwm_nb.errors import BinaryNotFound, BinaryUnusable

Says = Callable[[str], Path]


@pytest.mark.parametrize("version", ["v1.743.0", "v1.500.0", "bf6be967f", "v1.743.0-3-gbf6be967f"])
def test_a_windmill_is_taken(says: Says, version: str) -> None:
    """A release tells its version, a build from source its commit."""
    found = verify(says(f"print('Running in standalone mode'); print('Windmill {version}')"), "configured")
    assert (found.version, found.path.name, found.origin) == (version, "windmill", "configured")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param("print('Windmill v1.499.9')", "too old: it is v1.499.9, the oldest", id="too old"),
        pytest.param("print('nginx 1.27')", "no Windmill: asked for its version it says 'nginx 1.27'", id="another"),
        pytest.param("sys.exit('no such option')", "it says 'no such option'", id="an error"),
        pytest.param("pass", "it says 'nothing'", id="nothing"),
    ],
)
def test_another_program_is_refused(says: Says, source: str, why: str) -> None:
    """With what it says of itself."""
    with pytest.raises(BinaryUnusable, match=why):
        verify(says(source), "configured")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """Its path is named."""
    with pytest.raises(BinaryNotFound, match=f"no program at {tmp_path}/windmill"):
        verify(tmp_path / "windmill", "configured")


@pytest.mark.parametrize(
    ("mode", "parent", "why"),
    [
        pytest.param(0o777, 0o700, "everybody can change .*/windmill. chmod o-w .*/windmill", id="the program"),
        pytest.param(0o755, 0o777, "everybody can change .*[^l]. chmod o-w", id="its directory"),
        pytest.param(0o644, 0o700, "not executable. chmod u[+]x", id="not executable"),
    ],
)
def test_permissions_that_are_refused(says: Says, mode: int, parent: int, why: str) -> None:
    """Nothing is run that somebody else may have put there."""
    path = says("print('Windmill v1.743.0')")
    path.chmod(mode)
    path.parent.chmod(parent)
    with pytest.raises(BinaryUnusable, match=why):
        verify(path, "configured")


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    """It does not start, and that is said."""
    path = tmp_path / "windmill"
    path.write_bytes(b"\x7fELF and then nothing")
    path.chmod(0o700)
    with pytest.raises(BinaryUnusable, match="it does not start"):
        verify(path, "configured")
