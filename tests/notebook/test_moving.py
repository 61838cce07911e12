"""A notebook's workspace moved to another engine, and an engine that asks for its token."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flexwm_nb
from flexwm_nb.engine import Engine
from tests.conftest import TOKEN, running_server
from tests.notebook.conftest import TestingShell

TERMINAL = """from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "flexwm_nb")
shell.run_line_magic("windmill_connect", "{}")
"""


def test_pushing_to_another_engine(shell: TestingShell, wm: Engine, tmp_path: Path) -> None:
    """It is said what changes, then done; a second time there is nothing to do."""
    wm.variables.set("f/nb_moving/plain", "one")
    wm.variables.set("f/nb_moving/hidden", "s3cret", secret=True)
    shell.cell("%%windmill_script bash f/nb_moving/hi --no-run\necho hi")
    with running_server(tmp_path / "other") as other:
        shell.user_ns["token"] = TOKEN
        push = f"%windmill_push f/nb_moving --to {other.url} --token $token"
        shell.cell(f"{push} --dry-run")
        assert "+ script f/nb_moving/hi" in shell.output
        assert "! variable f/nb_moving/hidden: a secret stays here" in shell.output
        shell.cell(f"{push} --secrets")
        shell.cell(f"{push} --secrets")
        assert "nothing to change" in shell.output
        with flexwm_nb.connect(other.url, token=TOKEN) as there:
            assert there.run("f/nb_moving/hi").result() == "hi"
            assert there.variables.get("f/nb_moving/hidden") == "s3cret"


@pytest.mark.parametrize(
    ("command", "seen"),
    [(["-c", TERMINAL], "healthy"), (["-m", "flexwm_nb", "status", "--engine", "{}"], "jobs:")],
    ids=["magic", "command line"],
)
def test_a_token_is_asked_for_where_somebody_is_there(tmp_path: Path, command: list[str], seen: str) -> None:
    """On a terminal, and what is typed is not shown."""
    with running_server(tmp_path / "store") as server:
        left_out = ("WM_", "FLEXWM_", "WINDMILL_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        environment = {**clean, "IPYTHONDIR": str(tmp_path), "FLEXWM_STATE": str(tmp_path), "HOME": str(tmp_path)}
        ours, theirs = pty.openpty()
        words = [sys.executable, *(word.format(server.url) for word in command)]
        process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
                                   start_new_session=True)  # fmt: skip
        os.close(theirs)
        said = heard(ours, "Token: ")
        os.write(ours, f"{TOKEN}\n".encode())
        said += heard(ours, seen)
        process.wait(30)
        os.close(ours)
    assert "There is no token for" in said
    assert "remote engine" in said
    assert TOKEN not in said


def heard(terminal: int, text: str) -> str:
    """What a terminal shows, until a text comes."""
    said, deadline = "", time.monotonic() + 60
    while text not in said and time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        try:
            said += os.read(terminal, 4_096).decode(errors="replace") if ready else ""
        except OSError:  # the other end is closed
            return said
    return said
