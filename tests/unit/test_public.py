"""What `import flexwm_nb` gives, and what it costs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import flexwm_nb
from flexwm_nb import handshake
from flexwm_nb.start_failures import decode, encode

HEAVY = ("httpx", "pydantic", "pandas", "IPython", "asyncio", "json", "ipywidgets", "starlette")


def test_the_public_names() -> None:
    """Sorted, and each is there."""
    assert flexwm_nb.__all__ == sorted(flexwm_nb.__all__)
    assert all(getattr(flexwm_nb, name) is not None for name in flexwm_nb.__all__)
    assert set(flexwm_nb.__all__) <= set(dir(flexwm_nb))


def test_a_name_that_is_not_there() -> None:
    """The usual error, so that hasattr works."""
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = flexwm_nb.conect


def test_importing_loads_nothing_heavy() -> None:
    """A kernel pays for what it uses, when it uses it."""
    program = f"import flexwm_nb, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_one_version_everywhere() -> None:
    """The package, its metadata, and what client and server tell each other."""
    assert flexwm_nb.__version__ == handshake.VERSION == version("flexwm-nb")
    assert re.fullmatch(r"\d+\.\d+\.\d+", handshake.VERSION)


def test_why_a_server_does_not_start_survives_the_pipe() -> None:
    """Kind, words and remedy; what is none is None."""
    error = flexwm_nb.errors.StoreFull(why="no space", remedy="make some")
    again = decode(encode(error))
    assert type(again) is flexwm_nb.errors.StoreFull
    assert str(again) == str(error)
    assert [decode(said) for said in (b"", b"1", b"{}", b'{"kind": "Any"}', b'{"kind": "re"}')] == [None] * 5
