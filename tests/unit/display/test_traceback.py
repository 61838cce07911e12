"""A failed job's error as a notebook shows errors."""

from datetime import timedelta

from flexwm_nb.display.traceback import Origin, failure_of, render

SOURCE = 'import json\n\ndef main(origin: str):\n    found = {"JFK": 1}\n    return found[origin]\n'
STACK = (
    '  File "/tmp/windmill/f/flights/delays.py", line 5, in main\n    return found[origin]\n'
    '  File "/opt/lib/python3.11/site-packages/pandas/core.py", line 9, in get\n'
)
ERROR = {"name": "KeyError", "message": "'JKF'", "stack": STACK}
ORIGIN = Origin(path="f/flights/delays", content=SOURCE, cell=2, above=1)
JOB = "019356aa-0000-7000-8000-0000003a9c1b"
FACTS = {"job_id": JOB, "engine": "local", "took": timedelta(seconds=0.2), "arguments": {"origin": "JKF"}}


def test_frames_point_at_the_cells_own_lines() -> None:
    """The script's frames show the cell with the source around the line, a library's only where it is."""
    lines = render(failure_of(ERROR), ORIGIN, face="text", colour=False, **FACTS)  # type: ignore[arg-type]
    assert lines == [
        "-" * 75,
        f"KeyError{'job 0193…3a9c1b on local, 0.20 s':>67}",
        "Cell In[2], line 6, in main(origin='JKF')",
        "      4 def main(origin: str):",
        '      5     found = {"JFK": 1}',
        "----> 6     return found[origin]",
        "File pandas/core.py:9, in get",
        "KeyError: 'JKF'",
        "inputs and logs: %windmill_job 0193…3a9c1b",
    ]


def test_the_plain_face_is_the_same_in_every_run() -> None:
    """No id and no time."""
    text = "\n".join(render(failure_of(ERROR), ORIGIN, face="plain", **FACTS))  # type: ignore[arg-type]
    assert "0193" not in text
    assert "0.2" not in text
    assert "\x1b" not in text


def test_a_script_of_another_notebook_is_named_by_its_version() -> None:
    """Where no cell here registered it, its path and version stand in place of the cell."""
    origin = Origin(path="f/flights/delays", content=SOURCE, label="f/flights/delays v3")
    lines = render(failure_of(ERROR), origin, face="text", colour=False, **FACTS)  # type: ignore[arg-type]
    assert "f/flights/delays v3, line 5, in main(origin='JKF')" in lines


def test_an_error_before_main_is_found_in_the_log() -> None:
    """Python's own traceback in the log says more than the engine's words."""
    log = (
        "job=1\n\n--- PYTHON (3.11) CODE EXECUTION ---\nTraceback (most recent call last):\n"
        '  File "/tmp/windmill/f/flights/delays.py", line 1, in <module>\n    import jsn\n'
        "ModuleNotFoundError: No module named 'jsn'\n"
    )
    found = failure_of({"name": "ExecutionErr", "message": "exit code 1"}, log)
    assert (found.name, found.message) == ("ModuleNotFoundError", "No module named 'jsn'")
    assert "Cell In[2], line 2" in render(found, ORIGIN, face="text", colour=False, **FACTS)  # type: ignore[arg-type]


def test_bash_names_its_line_itself() -> None:
    """The line that bash tells is the cell's, less the one that the engine puts above the script."""
    origin = Origin(path="f/a/b", content="echo hi\nnope\n", language="bash", cell=3, above=1)
    error = {"name": "ExecutionErr", "message": 'exit code for "bash": 127\nmain.sh: line 3: nope: command not found'}
    lines = render(failure_of(error, language="bash"), origin, face="text", colour=False, **FACTS)  # type: ignore[arg-type]
    assert lines[2:5] == ["Cell In[3], line 3", "      2 echo hi", "----> 3 nope"]


def test_a_message_of_duckdb_is_shown_without_its_quotes() -> None:
    """Windmill gives it as JSON; the line that it quotes is found in the cell."""
    origin = Origin(path="f/a/b", content="select 1;\n\nselect 2\n  frm t\n", language="duckdb", cell=3, above=1)
    message = 'execution error:\n"Parser Error: syntax error at or near \\"t\\"\\n\\nLINE 2:   frm t\\n              ^"'
    failure = failure_of({"name": "ExecutionErr", "message": message}, language="duckdb")
    assert failure.message.startswith('Parser Error: syntax error at or near "t"\n')
    lines = render(failure, origin, face="text", colour=False, **FACTS)  # type: ignore[arg-type]
    assert "Cell In[3], line 5" in lines
