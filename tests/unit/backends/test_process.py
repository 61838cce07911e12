"""A child process that says when it is ready."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from flexwm_nb.backends.process import Launch, is_alive, launch

SAY = "import os, sys, time; say = lambda text: os.write(int(sys.argv[2]), text); "


def run(tmp_path: Path, program: str, seconds: float = 10) -> Launch:
    """Start a Python program."""
    command = [sys.executable, "-c", SAY + program]
    return launch(
        command, directory=tmp_path, log=tmp_path / "log", ready_option="--fd", seconds=seconds, meanwhile=lambda: None
    )


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("say(b'1'); time.sleep(0.5)", b"1"),
        ("say(b'{'); time.sleep(0.1); say(b'}')", b"{}"),
        ("pass", b""),
        ("raise SystemExit(4)", b""),
    ],
    ids=["ready", "in pieces", "silent", "failed"],
)
def test_what_it_says(tmp_path: Path, program: str, said: bytes) -> None:
    """Up to the end of its pipe, or that it is ready."""
    assert run(tmp_path, program).said == said


def test_its_log_is_kept(tmp_path: Path) -> None:
    """What an earlier start logged is not shown again, and nobody else can read it."""
    run(tmp_path, "print('first')")
    assert run(tmp_path, "print('second')").log == "second"
    assert (tmp_path / "log").read_text() == "first\nsecond\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_one_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """Longer than was said."""
    begin = time.monotonic()
    started = run(tmp_path, "time.sleep(3)", seconds=0.2)
    assert (started.said, started.ended) == (b"", False)
    assert time.monotonic() - begin < 2


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """Is an error of the system, and leaves no open file behind."""
    with pytest.raises(OSError, match="nowhere"):
        launch(
            ["/nowhere"],
            directory=tmp_path,
            log=tmp_path / "log",
            ready_option="--fd",
            seconds=1,
            meanwhile=lambda: None,
        )


def test_whether_a_process_lives() -> None:
    """Numbers that no process can have do not."""
    import os

    assert is_alive(os.getpid())
    assert not is_alive(2**22 + 1)
    assert not is_alive(2**80)
