"""What completion offers below a cell magic's line."""

import pytest

from flexwm_nb.magics.bodies import body_at, matches_in

MAIN = "import json\nimport wmill\n\n\ndef main(name: str, table: dict):\n    "
OFFERED = {
    "arguments": (f"%%windmill_script python3 f/a/b\n{MAIN}na", "na", "name"),
    "methods": (f"%%windmill_script f/a/b --arg name=1\n{MAIN}name.spl", "spl", "splitlines"),
    "modules": (f"%%windmill_script python3 f/a/b\n{MAIN}json.du", "du", "dumps"),
    "Windmill's API": (f"%%windmill_script python3 f/a/b\n{MAIN}wmill.get_res", "get_res", "get_resource"),
    "steps": (f"%%windmill_step load --after a\n{MAIN}table.it", "it", "items"),
    "below comments": (f"# why\n%%windmill_script python3 f/a/b\n{MAIN}na", "na", "name"),
    "a flow's fields": ("%%windmill_flow f/a/b\nsummary: x\nval", "val", "value:"),
    "the first of them": ("%%windmill_flow f/a/b\nsum", "sum", "summary:"),
}


@pytest.mark.parametrize(("cell", "fragment", "text"), OFFERED.values(), ids=OFFERED)
def test_a_body_is_completed_as_what_it_is(cell: str, fragment: str, text: str) -> None:
    """Python as a job sees it, a flow as its check does."""
    lines = cell.split("\n")
    body = body_at(lines, len(lines) - 1, len(lines[-1]))
    assert body is not None
    found, matches = matches_in(body)
    assert (found, text in [match for match, _ in matches]) == (fragment, True)


SILENT = {
    "bash": "%%windmill_script bash f/a/b\nec",
    "SQL of a step": "%%windmill_step rows --lang=postgresql\nsel",
    "what only the kernel knows": "%%windmill_script python3 f/a/b\ndef main():\n    get_ipyth",
}


@pytest.mark.parametrize("cell", SILENT.values(), ids=SILENT)
def test_nothing_of_the_kernel_is_offered_in_a_job(cell: str) -> None:
    """Its names are not there when the job runs."""
    lines = cell.split("\n")
    body = body_at(lines, len(lines) - 1, len(lines[-1]))
    assert body is not None
    assert (list(matches_in(body)[1]), body.is_ours) == ([], True)


ELSEWHERE = {
    "plain cells": "import js",
    "the magic's line": "%%windmill_script ba",
    "Python that builds a flow": "%%windmill_flow f/a/b\nwith Flow() as flow:\n    fl",
    "other magics": "%%time\nimp",
}


@pytest.mark.parametrize("cell", ELSEWHERE.values(), ids=ELSEWHERE)
def test_elsewhere_the_kernel_completes(cell: str) -> None:
    """What runs in the kernel is completed by it."""
    lines = cell.split("\n")
    assert body_at(lines, len(lines) - 1, len(lines[-1])) is None
