"""A terminal session: the command line and IPython, seen through a pseudo-terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from flexwm_nb.engine import Engine
from flexwm_nb.models.scripts import ScriptDraft

if TYPE_CHECKING:
    pass

LONG = 60
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m"
SCRIPT = f"""def main(name: str, fail: bool = False):
    print({HOSTILE!r}, name, flush=True)
    if fail:
        raise ValueError({HOSTILE!r})
    return [{{"name": name, "text": {HOSTILE!r}}}]
"""
COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def script(wm: Engine) -> str:
    """A script that says what a terminal should not obey."""
    wm.scripts.register(ScriptDraft(path="f/term/hello", language="python3", content=SCRIPT, schema={
        "properties": {"name": {"type": "string"}, "fail": {"type": "boolean", "default": False}}, "required": ["name"],
    }))  # fmt: skip
    return "f/term/hello"


def session(*words: str) -> str:
    """What a terminal shows of a command, and its exit status in the last line."""
    child = pexpect.spawn(
        sys.executable, ["-m", *words], env={**os.environ, "TERM": "xterm-256color"}, dimensions=(40, 100), timeout=LONG
    )
    shown = child.read().decode()
    child.close()
    return f"{shown}\nexit {child.exitstatus}"


def test_a_run_in_a_terminal_shows_its_log_its_line_and_a_table(script: str) -> None:
    """In colours; what the job says sets no title and clears no screen."""
    shown = session("flexwm_nb", "run", script, "name=Ada")
    text = COLOURS.sub("", shown)
    assert "red Ada" in text
    assert re.search(r"✓ f/term/hello · job \w{4}…\w{6} · ran [\d.]+ s", text)
    assert re.search(r"name +text\s+Ada +red", text)
    assert text.endswith("exit 0")
    assert "\x1b]0;" not in shown
    assert "\x1b[2J" not in shown
    assert "\x1b[31mred" in shown


def test_a_failure_in_a_terminal_has_a_traceback_and_a_status(script: str) -> None:
    """The script's own lines, then its message."""
    text = COLOURS.sub("", session("flexwm_nb", "run", script, "name=Ada", "fail=true"))
    assert "✗ f/term/hello" in text
    assert "ValueError: " in text
    assert text.endswith("exit 1")


def test_jobs_and_logs_in_a_terminal(script: str, wm: Engine) -> None:
    """A table with signs; a log found by the end of its id."""
    execution = wm.run(script, name="Grace")
    execution.result()
    text = COLOURS.sub("", session("flexwm_nb", "jobs", script, "--limit", "1"))
    assert re.search(r"✓ ran +f/term/hello", text)
    shown = session("flexwm_nb", "logs", execution.id[-8:])
    assert "red Grace" in COLOURS.sub("", shown)
    assert "\x1b]0;" not in shown


def test_a_pipe_gets_the_result_alone_as_json(script: str) -> None:
    """The log and the line go to standard error."""
    command = [sys.executable, "-m", "flexwm_nb", "run", script, "name=Ada"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [{"name": "Ada", "text": HOSTILE}]
    assert "red Ada" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "f/term/hello"], "name must be given. Add name=…"),
        (["run", "f/term/hello", "nmae=1"], "there is no argument 'nmae'. It takes"),
        (["run", "f/term/none"], "f/term/none"),
        (["logs", "ffffff"], "there is no job 'ffffff'. See flexwm jobs"),
    ],
    ids=["missing", "unknown", "no script", "no job"],
)
def test_mistakes_are_one_line(script: str, words: list[str], said: str) -> None:
    """With status 1."""
    done = subprocess.run([sys.executable, "-m", "flexwm_nb", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_ipython_in_a_terminal(script: str, tmp_path: Path) -> None:
    """A run's line and result, the runs as a frame, a failure as a traceback; nothing of HTML."""
    program = f"%load_ext flexwm_nb\n%windmill_run {script} name=Ada\n%windmill_jobs {script} --limit 1\n"
    (tmp_path / "session.ipy").write_text(f"{program}%windmill_run {script} name=Ada fail=true\n")
    shown = session("IPython", "--colors=nocolor", "--no-banner", str(tmp_path / "session.ipy"))
    text = COLOURS.sub("", shown)
    assert "f/term/hello v1 · job" in text
    assert "ValueError" in text
    assert "<div" not in text
    assert "\x1b]0;owned" not in shown
