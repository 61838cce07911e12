"""From a line and a cell to a frozen command."""

import pytest

from flexwm_nb.errors import FlexwmError, InvalidInput, InvalidPath, UnknownLanguage
from flexwm_nb.magics import commands
from flexwm_nb.magics.arguments import Definition

CELL = "def main():\n    return 1\n"


def test_a_cell_becomes_a_command_with_all_that_was_written() -> None:
    """Options, arguments and the cell's source are in the command, the source with a newline at its end."""
    line = "bash f/a/b --arg x=$df -p y=2 --args more -o out --tag gpu --summary 'a b' --detach -q"
    command = commands.read("windmill_script", line, 'echo "$1 {x}"')
    assert command == commands.RegisterScript(
        magic="windmill_script", language="bash", path="f/a/b", content='echo "$1 {x}"\n', detach=True, quiet=True,
        arguments=(("x", "$df"), ("y", "2")), arguments_from="more", output="out", tag="gpu", summary="a b",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "cell", "language"),
    [
        ("typescript f/a/b", "x", "bun"),
        ("javascript f/a/b", "x", "bun"),
        ("sql f/a/b", "select 1", "duckdb"),
        ("sql f/a/b", "-- database f/a/pg\r\nselect 1", "postgresql"),
        ("sql f/a/b --arg database=$res:f/a/pg", "select 1", "postgresql"),
        ("postgresql f/a/b", "select 1", "postgresql"),
    ],
)
def test_a_language_may_go_by_another_name(line: str, cell: str, language: str) -> None:
    """TypeScript and JavaScript are bun's; SQL is DuckDB's, or PostgreSQL's where a database is named."""
    command = commands.read("windmill_script", line, cell)
    assert isinstance(command, commands.RegisterScript)
    assert command.language == language


def test_a_run_takes_arguments_bare_and_as_options() -> None:
    """`k=v` and `--arg k=v` are the same."""
    command = commands.read("windmill_run", "f/a/b@v2 n=1 --arg m=2")
    assert isinstance(command, commands.RunScript)
    assert (command.reference, command.arguments) == ("f/a/b@v2", (("n", "1"), ("m", "2")))


def test_help_is_asked_for_in_place_of_a_command() -> None:
    """With --help the rest of the line does not matter."""
    assert isinstance(commands.read("windmill_script", "--help nonsense", ""), Definition)


WRONG: dict[str, tuple[str, str, str | None, type[FlexwmError], str]] = {
    "unknown language": (
        "windmill_script",
        "pyton3 f/a/b",
        CELL,
        UnknownLanguage,
        "there is no language 'pyton3'. Did you mean python3?",
    ),
    "another name of a language": (
        "windmill_script",
        "Python f/a/b",
        CELL,
        UnknownLanguage,
        "there is no language 'Python'. Did you mean python3?",
    ),
    "no language at all": (
        "windmill_script",
        "xyzzy f/a/b",
        CELL,
        UnknownLanguage,
        "there is no language 'xyzzy'. Known are python3, bash, typescript, javascript, go, sql, postgresql, mysql …",
    ),
    "path without a folder": (
        "windmill_script",
        "python3 etl",
        CELL,
        InvalidPath,
        "'etl' is not a path. Did you mean f/demo/etl?",
    ),
    "path with a space": (
        "windmill_script",
        "python3 'f/my etl/x'",
        CELL,
        InvalidPath,
        "'f/my etl/x' is not a path. Did you mean f/my_etl/x?",
    ),
    "path of a file": (
        "windmill_script",
        "python3 f/a/b.py",
        CELL,
        InvalidPath,
        "'f/a/b.py' is not a path. Did you mean f/a/b?",
    ),
    "empty cell": (
        "windmill_script",
        "python3 f/a/b",
        " \n",
        InvalidInput,
        "the cell is empty. Write the script below the magic's line",
    ),
    "two that exclude each other": (
        "windmill_script",
        "python3 f/a/b --no-run --local",
        CELL,
        InvalidInput,
        "--no-run and --local do not go together. Keep one of them",
    ),
    "--local in bash": (
        "windmill_script",
        "bash f/a/b --local",
        CELL,
        InvalidInput,
        "--local runs python3 only. Leave --local out",
    ),
    "an argument twice": (
        "windmill_run",
        "f/a/b n=1 n=2",
        None,
        InvalidInput,
        "the argument 'n' is given twice. Keep one of them",
    ),
    "a word that is no argument": (
        "windmill_run",
        "f/a/b n",
        None,
        InvalidInput,
        "an argument takes NAME=VALUE, not 'n'. Write n=VALUE",
    ),
    "no version after @": (
        "windmill_run",
        "f/a/b@",
        None,
        InvalidInput,
        "'f/a/b@' names no version. Write f/a/b or f/a/b@v1",
    ),
    "unknown state": (
        "windmill_jobs",
        "--state failed",
        None,
        InvalidInput,
        "there is no state 'failed'. Did you mean failure?",
    ),
    "unknown engine": (
        "windmill_connect",
        "lokal",
        None,
        InvalidInput,
        "'lokal' is no engine. Did you mean local?",
    ),
}


@pytest.mark.parametrize(("magic", "line", "cell", "kind", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_in_one_line(
    magic: str, line: str, cell: str | None, kind: type[FlexwmError], message: str
) -> None:
    """The error says what is wrong and what was probably meant."""
    with pytest.raises(kind) as caught:
        commands.read(magic, line, cell)
    assert str(caught.value) == message
