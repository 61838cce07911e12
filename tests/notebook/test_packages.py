"""Packages of cells: asked for, pinned, shown, and what is said when they cannot be had."""

from __future__ import annotations

from flexwm_nb.engine import Engine
from tests.notebook.conftest import TestingShell

CELL = "import tiny_one\ndef main():\n    return tiny_one.__version__"


def test_what_the_kernel_lacks_is_installed_and_pinned(shell: TestingShell) -> None:
    """The lock is shown."""
    assert shell.cell(f"%%windmill_script python3 f/nb/lacks\n{CELL}") == "2.0"
    shown = str(shell.cell("%windmill_lock f/nb/lacks"))
    assert shown.startswith("f/nb/lacks v1 · lock: 1 package\n  # py: 3.")
    assert shown.endswith("\n  tiny-one==2.0")
    assert str(shell.cell("%windmill_lock f/nb/lacks --update")) == "f/nb/lacks v1 · lock unchanged: 1 package"


def test_requirements_stand_below_the_cell(shell: TestingShell, wm: Engine) -> None:
    """Where Windmill reads them too; the versions follow them."""
    assert shell.cell(f'%%windmill_script python3 f/nb/asks --requirements "tiny-one<2"\n{CELL}') == "1.0"
    assert wm.scripts.get("f/nb/asks").content.endswith("\n\n# extra_requirements:\n# tiny-one<2\n")


def test_steps_ask_for_packages_too(shell: TestingShell) -> None:
    """As a script does."""
    shell.cell(f'%%windmill_step version --requirements "tiny-one<2"\n{CELL}')
    shell.cell("%windmill_flow f/nb/versions --steps version --run -o version")
    assert shell.user_ns["version"] == "1.0"


def test_a_lock_that_is_found_anew_says_what_changed(shell: TestingShell, wm: Engine) -> None:
    """From the version that was given to the newest."""
    from flexwm_nb.models.scripts import ScriptDraft

    wm.scripts.register(ScriptDraft(path="f/nb/changes", language="python3", content=CELL, lock="tiny-one==1.0"))
    shown = str(shell.cell("%windmill_lock f/nb/changes --update"))
    assert shown == "f/nb/changes v1 · lock updated: 1 change\n  tiny-one 1.0 → 2.0"
    assert shell.cell("%windmill_run f/nb/changes") == "2.0"


def test_a_script_without_packages_has_no_lock(shell: TestingShell) -> None:
    """And it is said."""
    shell.cell("%%windmill_script python3 f/nb/none --no-run\ndef main(): ...")
    assert str(shell.cell("%windmill_lock f/nb/none")) == "f/nb/none v1 · lock: no packages are needed"


def test_what_cannot_be_had_is_said_and_nothing_is_registered(shell: TestingShell, wm: Engine) -> None:
    """One clean line: which, why, what was tried, what to do."""
    shown = shell.message("%%windmill_script python3 f/nb/zero\nimport tiny_zero\ndef main(): ...")
    assert shown.startswith(
        "%%windmill_script: The packages that f/nb/zero needs cannot be had: Because tiny-zero was not"
    )
    assert "tiny-zero (line 1: import tiny_zero). Tried: Python 3." in shown
    assert shown.endswith("Correct the import, or name its package behind it: # pin: PACKAGE")
    assert not wm.scripts.exists("f/nb/zero")


def test_a_broken_block_is_shown_at_its_line(shell: TestingShell, wm: Engine) -> None:
    """As a syntax error is."""
    shown = shell.message(
        "%%windmill_script python3 f/nb/block\n# /// script\n# dependencies = 1\n# ///\ndef main(): ..."
    )
    assert "the cell cannot be parsed, nothing was registered" in shown
    assert "line 2" in shown
    assert "its dependencies are no list of texts" in shown
    assert not wm.scripts.exists("f/nb/block")


def test_requirements_are_checked(shell: TestingShell) -> None:
    """Before anything is registered."""
    shown = shell.message("%%windmill_script bash f/nb/bash2 --requirements six\necho 1")
    assert shown == "%%windmill_script: --requirements is for python3. Leave --requirements out"
