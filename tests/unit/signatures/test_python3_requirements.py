"""What a python3 source needs, as Windmill reads it."""

from __future__ import annotations

import pytest

from flexwm_nb.errors import InvalidInput, InvalidSource
from flexwm_nb.signatures.python3_requirements import NOTHING, needs_of, with_requirements

MAIN = "\ndef main():\n    import late\n"
IMPORTS = [
    pytest.param("import os, sys as s\nfrom json import loads", [], id="the standard library"),
    pytest.param("import pandas as pd, numpy\nfrom PIL import Image", ["pandas", "numpy", "pillow"], id="other names"),
    pytest.param("import my_package.sub", ["my-package"], id="underscores"),
    pytest.param("from google.cloud import storage", ["google-cloud-storage"], id="a shared namespace"),
    pytest.param("import os; import one", ["one"], id="two on a line"),
    pytest.param("try:\n    import one\nexcept ImportError:\n    one = None", [], id="only at the top level"),
    pytest.param('"""\nimport one\n"""', [], id="not in texts"),
    pytest.param("import one\n@decorated\n@again", ["one"], id="decorators of main"),
    pytest.param("import one\ndef (", [], id="what does not parse"),
]


@pytest.mark.parametrize(("above", "packages"), IMPORTS)
def test_imports_before_main_are_needed(above: str, packages: list[str]) -> None:
    """By the package that brings them."""
    assert [found.package for found in needs_of(above + MAIN).imports] == packages


NAMED = [
    pytest.param(
        "# requirements:\n# one==1\n#two>=2\n# not one of them\nimport three", ["one==1", "two>=2"], id="a list"
    ),
    pytest.param("#requirements:\n#one\n\n#two", ["one"], id="a list ends at the first other line"),
    pytest.param("# extra_requirements:\n# one\nimport two  # pin: two==2", ["one", "two==2"], id="beside imports"),
    pytest.param("import one # repin: one==3\nimport one # pin: one==1", ["one==3"], id="repin before pin"),
    pytest.param(
        '# /// script\n# dependencies = ["one>1"]\n# ///\n# requirements:\n# two', ["one>1"], id="PEP 723 first"
    ),
]


@pytest.mark.parametrize(("above", "requirements"), NAMED)
def test_requirements_are_asked_for_by_name(above: str, requirements: list[str]) -> None:
    """In comments of several kinds."""
    assert list(needs_of(above + MAIN).requirements) == requirements


def test_a_list_of_requirements_is_all_that_counts() -> None:
    """Imports are not looked at beside it."""
    assert needs_of("# requirements:\n# one\nimport two").imports == ()


PYTHONS = [
    pytest.param("# py: >=3.11", [">=3.11"], id="a specifier"),
    pytest.param("# comment\n#py: 3.12", ["==3.12.*"], id="a version"),
    pytest.param("#py312", ["==3.12.*"], id="a word"),
    pytest.param('# /// script\n# requires-python = ">=3.10"\n# ///', [">=3.10"], id="PEP 723"),
    pytest.param("import os\n# py: >=3.11", [], id="only before the code"),
]


@pytest.mark.parametrize(("above", "python"), PYTHONS)
def test_the_version_of_python_is_read(above: str, python: list[str]) -> None:
    """Wherever Windmill reads it."""
    assert list(needs_of(above + MAIN).python) == python


SCRIPTS = [
    pytest.param("from f.tools.text import clean", {"f/tools/text", "f/tools/text/clean"}, id="from"),
    pytest.param("import u.ada.tool as tool", {"u/ada/tool"}, id="import"),
    pytest.param("from .other import x", {"f/a/other"}, id="a neighbour"),
    pytest.param("from ..b.other import x", {"f/b/other"}, id="a folder above"),
    pytest.param("from . import other", {"f/a/other"}, id="the folder"),
]


@pytest.mark.parametrize(("above", "paths"), SCRIPTS)
def test_scripts_of_the_workspace_are_no_packages(above: str, paths: set[str]) -> None:
    """They are named by their path."""
    found = needs_of(above + MAIN, "f/a/script")
    assert (set(found.scripts), found.imports, found.requirements) == (paths, (), ())


BROKEN = [
    pytest.param("# requirements:\n# one==\n", 2, "'one==' is no requirement", id="a requirement"),
    pytest.param("# /// script\n# dependencies = [\n", 1, "the block # /// script cannot be read", id="no end"),
    pytest.param("# /// script\n# a = 1\n# b = = 2\n# ///", 1, "at line 3", id="TOML"),
    pytest.param("# /// script\n# dependencies = 'x'\n# ///", 1, "no list of texts", id="a wrong type"),
    pytest.param("# py: new", 1, "'new' is no version of Python", id="a version"),
    pytest.param("import one # pin: ==", 1, "'==' is no requirement", id="a pin"),
]


@pytest.mark.parametrize(("content", "line", "text"), BROKEN)
def test_what_cannot_be_read_is_named_with_its_line(content: str, line: int, text: str) -> None:
    """And with what to write instead."""
    with pytest.raises(InvalidSource) as caught:
        needs_of(content)
    assert text in str(caught.value)
    assert caught.value.line == line


def test_a_plain_script_needs_nothing() -> None:
    """Which is found without parsing it."""
    assert needs_of("import os\nimport json, sys\n" + MAIN + "(") is NOTHING


def test_packages_are_asked_for_below_the_source() -> None:
    """In a block that Windmill reads, so that no line moves."""
    made = with_requirements("import one\ndef main(): ...", ["two >= 2, <3", "three", "three"])
    assert made == "import one\ndef main(): ...\n\n# extra_requirements:\n# two<3,>=2\n# three\n"
    assert needs_of(made).requirements == ("two<3,>=2", "three")
    assert with_requirements("x = 1\n", []) == "x = 1\n"


@pytest.mark.parametrize(
    ("content", "package", "text"),
    [
        pytest.param("", "one==", "'one==' is no requirement", id="no requirement"),
        pytest.param("", "one; os_name == 'posix'", "PEP 723", id="with a marker"),
        pytest.param("# requirements:\n# two", "one", "already: # requirements:. Write one there", id="a list"),
        pytest.param("# /// script\n# ///", "one", "already: # /// script", id="a block"),
    ],
)
def test_what_cannot_be_asked_for_below(content: str, package: str, text: str) -> None:
    """Is said, with where to write it."""
    with pytest.raises(InvalidInput) as caught:
        with_requirements(content, [package])
    assert text in str(caught.value)
