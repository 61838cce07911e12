"""Cells in other languages: what they become, what is said of them, what is refused."""

from __future__ import annotations

import pytest

from flexwm_nb.engine import Engine
from tests.notebook.conftest import TestingShell

MAIN = "export async function main(n: number) {\n  return n\n}"


def test_a_typescript_cell_is_registered_for_bun(shell: TestingShell, wm: Engine) -> None:
    """Its form has the arguments of main."""
    shell.cell(f"%%windmill_script typescript f/nb/typed --no-run\n{MAIN}")
    script = wm.scripts.get("f/nb/typed")
    assert script.language == "bun"
    assert (script.schema or {})["required"] == ["n"]


def test_a_language_that_the_engine_does_not_run_is_told_when_it_is_registered(shell: TestingShell) -> None:
    """Once, with what it runs and what to do; not again while nothing changes."""
    cell = "%%windmill_script rust f/nb/rusty --no-run\nfn main() -> i32 { 1 }"
    shell.cell(cell)
    assert "this engine does not run rust, only bash" in shell.output
    assert "%windmill_connect URL" in shell.output
    shell.cell(cell)
    assert "does not run" not in shell.output


def test_sql_says_what_it_became(shell: TestingShell) -> None:
    """DuckDB without a database; else the language of the resource that it names."""
    shell.cell("%%windmill_script sql f/nb/plain --no-run\nselect 1")
    assert "sql runs here as duckdb; for another database name its resource" in shell.output
    shell.cell("%%windmill_script sql f/nb/named --no-run\n-- database f/nb/warehouse\nselect 1")
    assert "sql runs here as postgresql, the database that is named" in shell.output


def test_sql_speaks_the_language_of_its_resource(shell: TestingShell, wm: Engine) -> None:
    """Its type says which."""
    wm.resources.set("f/nb/shop", {"host": "h"}, resource_type="mysql")
    shell.cell("%%windmill_script sql f/nb/shopping --no-run\n-- database f/nb/shop\nselect 1")
    assert "sql runs here as mysql" in shell.output


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("typescript f/nb/x\nexport function other() {}", ["no function main", "export async function main()"]),
        ("typescript f/nb/x\nexport function main() {\n  return 1 +\n}", ["line 4", "unexpected '}'"]),
        ("go f/nb/x\npackage inner\n\nfunc main() (int, error {\n}", ["line 4", "unexpected '{'"]),
        ("php f/nb/x\n<?php\nfunction main() {\n  return 1 +;\n}", ["line 4", "unexpected", "  return 1 +;"]),
        ("php f/nb/x\n<?php\nfunction other() {}", ["no function main", "Add function main()"]),
        ("typescript f/nb/x\n" + "x = [1, 2]\n" * 500_000 + "}", ["too large", "the limit is 5,000,000"]),
        ("typescript f/nb/x --local\nexport function main() {}", ["--local runs python3 only"]),
    ],
    ids=["no main", "typescript", "go", "php", "no php main", "too large", "local"],
)
def test_a_wrong_cell_is_refused_before_anything_is_registered(
    shell: TestingShell, cell: str, parts: list[str]
) -> None:
    """With the line of the cell."""
    shown = shell.message(f"%%windmill_script {cell}")
    for part in parts:
        assert part in shown


def test_surprises_are_told_at_the_lines_of_the_cell(shell: TestingShell) -> None:
    """What Windmill reads differently."""
    shell.cell("%%windmill_script javascript f/nb/arrow --no-run\n\nexport const main = (x) => x")
    assert "line 3: Windmill finds no parameters of a main that is a variable" in shell.output
