"""Cells become scripts, scripts become jobs, results come back: in a real shell, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas
import pytest
from IPython.utils.capture import capture_output

from flexwm_nb.engine import Engine
from flexwm_nb.errors import (
    FlexwmError,
    InvalidArguments,
    InvalidInput,
    InvalidSource,
    JobFailed,
    ScriptNotFound,
    UnknownLanguage,
)
from flexwm_nb.magics import extension_of

if TYPE_CHECKING:
    from conftest import TestingShell

ROWS = "def main(n: int, word: str = 'x'):\n    print('made', n)\n    return [{'n': i, 'word': word} for i in range(n)]"


def test_a_cell_is_registered_run_and_its_records_are_a_frame(shell: TestingShell) -> None:
    """The first line says what happened, the result is a pandas frame, `-o` puts it into a variable."""
    frame = shell.cell(f"%%windmill_script python3 f/nb/rows --arg n=2 -o rows\n{ROWS}")
    pandas.testing.assert_frame_equal(frame, pandas.DataFrame({"n": [0, 1], "word": ["x", "x"]}))
    assert shell.user_ns["rows"] is frame
    assert "f/nb/rows v1 registered · job " in shell.output
    assert "python3 · ran 0." in shell.output
    assert "  made 2" in shell.output


def test_versions_are_made_only_when_something_changes(shell: TestingShell) -> None:
    """Once more the same: unchanged; another source: the next version, with the lines that differ."""
    shell.cell("%%windmill_script bash f/nb/versions --no-run\necho one")
    shell.cell("%%windmill_script bash f/nb/versions --no-run\necho one")
    assert "f/nb/versions v1 unchanged" in shell.output
    shell.cell("%%windmill_script bash f/nb/versions --no-run\necho one\necho two")
    assert "f/nb/versions v1 → v2 (+1 −0)" in shell.output
    assert list(shell.cell("%windmill_history f/nb/versions")["number"]) == [2, 1]
    assert "+echo two" in shell.cell("%windmill_diff f/nb/versions")
    assert "-echo two" in shell.cell("%windmill_diff f/nb/versions@v2 v1")
    assert "+echo two" in shell.cell("%windmill_diff f/nb/versions v1")
    assert "-echo one" in shell.cell("%windmill_diff f/nb/versions@v1 f/nb/rows")


def test_any_version_is_run(shell: TestingShell) -> None:
    """`path@v1` and `path@HASH` are that version; the assignment takes the value."""
    shell.cell("%%windmill_script python3 f/nb/old -q\ndef main():\n    return 'old'")
    shell.cell("%%windmill_script python3 f/nb/old -q\ndef main():\n    return 'new'")
    shell.cell("a = %windmill_run f/nb/old\nb = %windmill_run f/nb/old@v1")
    assert (shell.user_ns["a"], shell.user_ns["b"]) == ("new", "old")
    found = shell.cell("%windmill_history f/nb/old")["hash"].iloc[-1]
    assert shell.cell(f"%windmill_run f/nb/old@{found} --quiet") == "old"


def test_nothing_in_line_or_cell_is_expanded(shell: TestingShell) -> None:
    """`$x`, `{x}` and `%` reach the script as written, though IPython has an x."""
    shell.cell("x = 'WRONG'")
    text = 'one="$1"\necho "{x} $one %x ${one:+some} $x"'
    shell.cell(f"%%windmill_script bash f/nb/raw --arg one='{{x}}'\n{text}")
    assert "{x} {x} %x some" in shell.output
    assert "WRONG" not in shell.output


def test_kernel_variables_are_arguments(shell: TestingShell) -> None:
    """`k=$name` takes a variable, also of the function that uses the magic; `--args` a dict of them."""
    shell.cell(f"%%windmill_script python3 f/nb/rows2 --no-run\n{ROWS}")
    shell.cell("n = 1\nmore = {'n': 3, 'word': 'z'}")
    assert len(shell.cell("%windmill_run f/nb/rows2 n=$n")) == 1
    assert list(shell.cell("%windmill_run f/nb/rows2 --args more")["word"]) == ["z"] * 3
    inside = "def inside(count):\n    found = %windmill_run f/nb/rows2 n=$count -q\n    return found\ninside(4)"
    assert len(shell.cell(inside)) == 4


def test_under_time_and_in_loops_the_same_happens(shell: TestingShell) -> None:
    """Where nothing can be awaited the magic runs to the end at once."""
    shell.cell("%%windmill_script python3 f/nb/twice --no-run\ndef main(n: int):\n    return n * 2")
    shell.cell("%%time\nx = %windmill_run f/nb/twice n=4")
    assert shell.user_ns["x"] == 8
    shell.cell("found = []\nfor i in range(3):\n    y = %windmill_run f/nb/twice n=$i -q\n    found.append(y)")
    assert shell.user_ns["found"] == [0, 2, 4]


def test_a_frame_travels_as_parquet(shell: TestingShell) -> None:
    """The script reads it as a file; the line says how large it was."""
    shell.user_ns["df"] = pandas.DataFrame({"a": [1.5, 2.5], "when": pandas.to_datetime(["2026-01-01", "2026-01-02"])})
    total = shell.cell(
        "%%windmill_script python3 f/nb/frame --arg frame=$df\nimport io\nimport pandas\nimport wmill\n"
        "def main(frame: wmill.S3Object):\n"
        "    data = pandas.read_parquet(io.BytesIO(wmill.load_s3_file(frame)))\n"
        "    return {'sum': data['a'].sum(), 'kind': str(data['when'].dtype)[:10]}"
    )
    assert total == {"sum": 4.0, "kind": "datetime64"}
    assert "frame: 2 × 2, " in shell.output
    assert "kB parquet" in shell.output


def test_a_failed_job_is_a_traceback_at_the_cells_lines(shell: TestingShell) -> None:
    """The frames show the cell's own source, counted with the lines above it."""
    error = shell.failure(
        "# a comment above\n\n%%windmill_script python3 f/nb/fails --arg key=JKF\n"
        "def main(key: str):\n    found = {}\n    return found[key]"
    )
    shown = shell.shown(error)
    number = shell.execution_count - 1
    assert isinstance(error, JobFailed)
    assert error.error["name"] == "KeyError"
    assert f"Cell In[{number}], line 6, in main(key='JKF')" in shown
    assert "----> 6     return found[key]" in shown
    short = f"{error.job_id[:4]}…{error.job_id[-6:]}"
    assert shown.endswith(
        f"KeyError: 'JKF'\ninputs and logs: %windmill_job {short}   debug it here: %windmill_replay {short}"
    )


def test_an_error_while_the_script_is_imported_points_at_its_line_too(shell: TestingShell) -> None:
    """Before main is called as after."""
    shown = shell.message("%%windmill_script python3 f/nb/imports\nraise ValueError('early')\ndef main(): ...")
    assert "line 2" in shown
    assert "ValueError: early" in shown


def test_a_failed_bash_script_shows_its_line(shell: TestingShell) -> None:
    """Bash says the line itself."""
    shown = shell.message("%%windmill_script bash f/nb/bash\nset -e\nnosuchcommand_x\necho never")
    assert "----> 3 nosuchcommand_x" in shown


def test_local_runs_in_the_kernel(shell: TestingShell, wm: Engine) -> None:
    """Nothing is registered; `async def` is awaited; a frame is itself; errors are ordinary ones."""
    shell.user_ns["df"] = pandas.DataFrame({"a": [1]})
    source = "import wmill\nasync def main(frame: wmill.S3Object):\n    return frame"
    given = shell.cell(f"%%windmill_script python3 f/nb/local --local --arg frame=$df\n{source}")
    assert given is shell.user_ns["df"]
    assert not wm.scripts.exists("f/nb/local")
    assert isinstance(
        shell.failure("%%windmill_script python3 f/nb/local --local\ndef main():\n    1 / 0"), ZeroDivisionError
    )


def test_a_dry_run_says_what_would_be(shell: TestingShell, wm: Engine) -> None:
    """New or changed, the arguments, the difference; nothing is registered."""
    plan = shell.cell("%%windmill_script python3 f/nb/dry --dry-run\ndef main(n: int, word: str = 'x'): ...")
    assert str(plan).split("\n") == [
        "f/nb/dry · python3 · v1, new · nothing is registered",
        "  n: a whole number, required",
        "  word: text = 'x'",
    ]
    assert not wm.scripts.exists("f/nb/dry")
    shell.cell("%%windmill_script bash f/nb/dry2 --no-run\necho one")
    assert "+echo two" in str(shell.cell("%%windmill_script bash f/nb/dry2 --dry-run\necho one\necho two"))


SYNTAX = "%%windmill_script python3 f/nb/bad\nimport json\ndef main(:\n    pass"
BAD = {
    "unknown language": ("%%windmill_script pyton3 f/nb/bad\nx", UnknownLanguage, "Did you mean python3?"),
    "unknown option": ("%%windmill_script python3 f/nb/bad --no-rnu\nx", InvalidInput, "Did you mean --no-run?"),
    "missing path": ("%%windmill_script python3\nx", InvalidInput, "PATH is missing"),
    "wrong path": ("%%windmill_script python3 etl\nx", FlexwmError, "Did you mean f/demo/etl?"),
    "empty cell": ("%%windmill_script python3 f/nb/bad\n\n", InvalidInput, "the cell is empty"),
    "no cell at all": ("%%windmill_script python3 f/nb/bad", InvalidInput, "the cell is empty"),
    "one percent sign": ("%windmill_script python3 f/nb/bad", InvalidInput, "Start the cell with %%windmill_script"),
    "two percent signs": ("%%windmill_run f/nb/rows\nx", InvalidInput, "Write %windmill_run with one percent sign"),
    "syntax error in python": (SYNTAX, InvalidSource, "line 3\n      def main(:\n"),
    "syntax error in bash": (
        "%%windmill_script bash f/nb/bad\nif true; then\necho x",
        InvalidSource,
        "nothing was registered",
    ),
    "no main": ("%%windmill_script python3 f/nb/bad\nx = 1", InvalidSource, "the cell has no function main"),
    "argument missing": (
        "%%windmill_script python3 f/nb/bad\ndef main(n: int): ...",
        InvalidArguments,
        "needs the argument 'n'. Give n=…",
    ),
    "argument of the wrong type": (
        "%%windmill_script python3 f/nb/bad --arg n=x\ndef main(n: int): ...",
        InvalidArguments,
        "n takes a whole number",
    ),
    "argument unknown": (
        "%%windmill_script python3 f/nb/bad --arg m=1\ndef main(n: int): ...",
        InvalidArguments,
        "has no argument 'm'",
    ),
    "kernel variable unknown": (
        "%%windmill_script python3 f/nb/bad --arg n=$nosuch\ndef main(n: int): ...",
        InvalidArguments,
        "no variable 'nosuch'",
    ),
    "kernel variable that cannot travel": (
        "%%windmill_script python3 f/nb/bad --arg n=$shell\ndef main(n): ...",
        InvalidArguments,
        "cannot travel",
    ),
    "script that is not there": ("%windmill_run f/nb/rwos n=1", ScriptNotFound, "Did you mean f/nb/rows?"),
    "version that is not there": ("%windmill_run f/nb/rows@v99 n=1", FlexwmError, "v99"),
    "job that is not there": ("%windmill_job ffffffff-no", FlexwmError, "there is no job 'ffffffff-no'"),
    "script too large": (
        "%%windmill_script python3 f/nb/bad\ndef main(): ...\n#" + "x" * 11_000_000,
        FlexwmError,
        "large",
    ),
    "result that is not JSON": (
        "%%windmill_script python3 f/nb/nojson\ndef main():\n    a = []\n    a.append(a)\n    return a",
        JobFailed,
        "ircular",
    ),
}


@pytest.mark.parametrize(("cell", "kind", "said"), BAD.values(), ids=BAD)
def test_a_mistake_is_a_clean_error_and_nothing_is_registered(
    shell: TestingShell, wm: Engine, cell: str, kind: type[Exception], said: str
) -> None:
    """Each names what is wrong and what to do, and is an exception that stops the notebook."""
    shell.cell(f"%%windmill_script python3 f/nb/rows --no-run\n{ROWS}")
    shell.user_ns["shell"] = shell
    error = shell.failure(cell)
    assert isinstance(error, kind)
    assert said in shell.shown(error)
    assert not wm.scripts.exists("f/nb/bad")


def test_where_windmill_reads_a_source_differently_it_is_said_at_the_cells_line(shell: TestingShell) -> None:
    """Once, when a version is registered, and where it may be why an argument is missing."""
    cell = "%%windmill_script python3 f/nb/surprise{}\nimport json\ndef main(n: int = -1):\n    return n"
    assert "needs the argument 'n'" in shell.message(cell.format(""))
    assert "⚠ Cell In[" in shell.output
    assert "line 3: Windmill loses the default -1 of n" in shell.output
    assert shell.cell(cell.format(" --arg n=-1")) == -1
    assert "⚠" in shell.output
    shell.cell(cell.format(" --arg n=-1"))
    assert "⚠" not in shell.output


def test_every_magic_has_help(shell: TestingShell) -> None:
    """`--help` prints it, `?` shows it, with either number of percent signs."""
    shell.cell("%windmill_run --help")
    assert shell.output.strip().startswith("%windmill_run PATH [k=v …] [options]")
    shell.cell("%windmill_script --help")
    assert "--no-run" in shell.output
    assert "register only" in shell.object_inspect_text("%%windmill_script")
    assert "%%windmill_script" in str(shell.cell("%windmill"))


def test_a_history_unfolds_what_each_version_changed(shell: TestingShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In HTML without a script; it is a frame all the same."""
    for greeting in ("one", "<b>two</b>"):
        shell.cell(f"%%windmill_script python3 f/nb/changed --no-run\ndef main():\n    return '{greeting}'")
    monkeypatch.setattr(extension_of(shell).session.settings, "display", "rich")
    with capture_output() as captured:
        frame = shell.run_cell("%windmill_history f/nb/changed").result
    assert frame["number"].tolist() == [2, 1]
    html = captured.outputs[0].data["text/html"]
    assert html.count("<details>") == 2
    assert "+    return &#x27;&lt;b&gt;two&lt;/b&gt;&#x27;" in html
