"""What completion offers, as a function of the line."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from flexwm_nb import signatures
from flexwm_nb.magics.completion import place_of, suggest
from flexwm_nb.magics.headings import without_comments_above


class Known:
    """Lookups that know a small world."""

    def flows(self) -> list[str]:
        """Paths of flows."""
        return ["f/a/daily", "f/b/weekly"]

    def steps(self) -> list[str]:
        """Steps with cells in the notebook."""
        return ["clean", "load", "report"]

    def paths(self) -> Sequence[str]:
        """Two scripts."""
        return ["f/demo/etl", "f/demo/load"]

    def versions(self, path: str) -> Sequence[str]:
        """Two versions of one of them."""
        return ["v2", "v1"] if path == "f/demo/etl" else []

    def jobs(self) -> Sequence[str]:
        """One job."""
        return ["0193-job"]

    def variables(self) -> Sequence[str]:
        """Two variables."""
        return ["frame", "number"]

    def schema(self, reference: str) -> Mapping[str, Any]:
        """The same schema for both."""
        return signatures.infer_schema("python3", CELL)

    def schema_of_source(self, language: str, content: str) -> Mapping[str, Any]:
        """What the source says."""
        return signatures.infer_schema(language, content)


CELL = """from typing import Literal
def main(name: str, n: int = 1, ok: bool = True, level: Literal['low', 'high'] = 'low'): ...
"""
OFFERS = {
    "languages": ("%%windmill_script py", "py", ["python3"]),
    "other names of languages": ("%%windmill_script t", "t", ["typescript"]),
    "paths": ("%%windmill_script bash f/demo/l", "f/demo/l", ["f/demo/load"]),
    "options": ("%%windmill_script bash f/a/b --d", "--d", ["--detach", "--dry-run", "--description"]),
    "no option twice": ("%windmill_run f/a/b --tag x --ta", "--ta", []),
    "but --arg again": ("%windmill_run f/a/b --arg n=1 --ar", "--ar", ["--arg", "--args"]),
    "argument names of the cell": ("%%windmill_script python3 f/a/b --arg n", "n", ["name=", "n="]),
    "argument names of a script": ("x = %windmill_run f/demo/etl name=1 ", "", ["n=", "ok=", "level="]),
    "values of a choice": ("%windmill_run f/demo/etl level=h", "h", ["high"]),
    "true and false": ("%windmill_run f/demo/etl ok=", "", ["true", "false"]),
    "kernel variables": ("%windmill_run f/demo/etl n=$nu", "nu", ["number"]),
    "a dict of arguments": ("%windmill_run f/demo/etl --args fr", "fr", ["frame"]),
    "versions": ("%windmill_run f/demo/etl@", "", ["v2", "v1"]),
    "the other version": ("%windmill_diff f/demo/etl@v1 v", "v", ["v2", "v1"]),
    "jobs": ("%windmill_logs ", "", ["0193-job"]),
    "more jobs": ("%windmill_cancel 0193-other 01", "01", ["0193-job"]),
    "states": ("%windmill_jobs --state fa", "fa", ["failure"]),
    "states after =": ("%windmill_jobs --state=fa", "fa", ["failure"]),
    "engines": ("%windmill_connect l", "l", ["local"]),
    "nothing more": ("%windmill_health x", "x", []),
}


@pytest.mark.parametrize(("line", "fragment", "texts"), OFFERS.values(), ids=OFFERS)
def test_completion_offers_what_may_stand_there(line: str, fragment: str, texts: list[str]) -> None:
    """Each operand and option offers what it takes."""
    place = place_of(line, CELL)
    assert place is not None
    found = suggest(place, Known())  # type: ignore[arg-type]
    assert (found.fragment, list(found.texts)) == (fragment, texts)


@pytest.mark.parametrize("line", ["x = 1", "%timeit x", "%windmill_ru", "windmill_run f/", '%windmill_run f/a/b n="op'])
def test_elsewhere_completion_is_left_alone(line: str) -> None:
    """Outside of our magics, in their names and in open quotes nothing is offered."""
    assert place_of(line) is None


ABOVE = {
    "comments": (["# one\n", "\n", "%%windmill_script bash f/a/b\n", "ls\n"], 2),
    "none": (["%%windmill_script bash f/a/b\n", "ls\n"], 0),
    "code": (["x = 1\n", "%%windmill_script bash f/a/b\n"], 0),
    "another magic": (["%%writefile x\n", "%%windmill_script bash f/a/b\n"], 0),
}


@pytest.mark.parametrize(("lines", "dropped"), ABOVE.values(), ids=ABOVE)
def test_comments_above_a_cell_magic_do_no_harm(lines: list[str], dropped: int) -> None:
    """Only comments and empty lines above a cell magic of ours are left out."""
    assert without_comments_above(lines) == lines[dropped:]
